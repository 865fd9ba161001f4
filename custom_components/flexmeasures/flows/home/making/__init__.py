"""What is wanted of a home, and how it is made."""
