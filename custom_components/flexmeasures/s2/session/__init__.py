"""What is said on one connection to an RM."""
