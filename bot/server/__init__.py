"""The HTTP server: one table of routes (`route_table` in app.py) drives serving, authorisation and documentation."""
