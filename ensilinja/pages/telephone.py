"""Placeholder."""
from ensilinja.doors import Doors
doors = Doors("resident")
