"""The HTTP server: one table of routes (`route_table` in app.py) that is served, authorised and documented alike."""
