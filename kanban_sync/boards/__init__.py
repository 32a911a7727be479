"""Places where people look at cards; each implements the Board port."""
