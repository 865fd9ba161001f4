"""S2 messages: as values, and as JSON text."""
