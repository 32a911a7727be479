"""The decisions of kanban-sync: pure functions and the data they work on, no I/O."""
