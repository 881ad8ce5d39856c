"""Figures that can be trusted: facts folded from events, KPIs as pure functions of facts, the live board.

Decides nothing and keeps no truth of its own: every row here can be made again from the events.
"""
