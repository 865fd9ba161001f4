"""What follows a device."""
