"""Simulated people who keep a demo alive: they use the doors everybody uses, and only `demo` lets them in."""

from ensilinja.people.running import run

__all__ = ["run"]
