"""What all rooms stand on: time, store, events, identity, access log, errors, wire format, settings."""
