"""Making a home on the server."""
