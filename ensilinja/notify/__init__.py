"""Text messages to residents: what is written, how it goes out once, what comes back."""
