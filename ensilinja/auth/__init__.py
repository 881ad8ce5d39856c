"""Who is at the door: sessions of residents and staff, passwords of local accounts."""
