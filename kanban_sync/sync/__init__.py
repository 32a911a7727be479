"""From a request to a board that is up to date: who runs when, and what one pass does."""
