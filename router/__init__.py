"""One door for every contact.

Receive it, have it assessed, decide its queue and deadline, close it with an outcome.
"""
