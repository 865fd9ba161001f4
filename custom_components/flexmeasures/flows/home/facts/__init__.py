"""What is asked of a device: a few facts."""
