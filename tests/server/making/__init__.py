"""A home is made on a real server."""
