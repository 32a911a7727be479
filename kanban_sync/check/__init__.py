"""What ``kanban-sync check`` does: read task files as they lie in the work tree, and judge them."""
