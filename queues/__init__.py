"""Who waits, who is free, who is offered whom: entries, shifts, offers, wrap-up.

Knows nothing of what is talked about.
"""
