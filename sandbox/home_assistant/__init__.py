"""A real Home Assistant, and ways to ask it."""
