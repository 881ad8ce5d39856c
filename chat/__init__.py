"""The conversation between a resident and a professional: join, say, leave; transcript and reply times."""
