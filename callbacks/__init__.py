"""The telephone.

Inbound calls on the Ensilinja numbers, the promise to call back, and the calls that keep it.
"""
