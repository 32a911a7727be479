"""A Planka of our own for tests and demos: a real HTTP server that keeps everything in memory."""
