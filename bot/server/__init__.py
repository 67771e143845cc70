"""The HTTP server: one table of routes (table.py) that is served, authorised and documented alike."""
