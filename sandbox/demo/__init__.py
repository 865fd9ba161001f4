"""The demo, and what the documentation shows of it."""
