"""The task database: one module per way of keeping it, all behind the TaskStore port."""
