"""One device: its settings, what is remembered of it, and what its server says of it."""
