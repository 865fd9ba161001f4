"""A real browser, and an owner who looks through it."""
