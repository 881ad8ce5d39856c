"""Every table of every room, for migrations and tests: foreign keys by name need all of them imported."""

import callbacks.models
import chat.models
import core.models
import ensilinja.auth.models
import ensilinja.notify.models
import ensilinja.reporting.models
import queues.models
import router.models
from core.db import metadata

__all__ = ["callbacks", "chat", "core", "ensilinja", "metadata", "queues", "router"]
