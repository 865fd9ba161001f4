"""Adding and changing a feed, and suggesting some."""
