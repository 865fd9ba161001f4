"""What the user can do something about, as repair issues, and when to look for it."""
