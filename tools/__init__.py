"""Programs for those who build Ensilinja; nothing here runs in service."""
