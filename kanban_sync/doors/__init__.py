"""What front doors that are reached by HTTP share: tokens, the gate before them, the server."""
