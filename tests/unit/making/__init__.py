"""A home is made on a scripted server."""
