"""The pictures of the documentation: python -m sandbox.pictures."""
