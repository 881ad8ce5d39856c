"""The pages: their values, their handlers, and how they are rendered."""
