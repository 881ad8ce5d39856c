"""Every table of every room, for migrations and tests: foreign keys by name need all of them imported."""

import core.models
import ensilinja.reporting.models
from core.db import metadata

__all__ = ["core", "ensilinja", "metadata"]
