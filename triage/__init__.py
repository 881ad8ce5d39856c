"""Symptom assessment as data: ask, branch, raise red flags, recommend.

Knows nothing of people, queues or the database.
"""
