"""The roof: puts the parts together, shows pages, reports figures, sends notices, starts processes."""
