"""What is planned for a device, as values: no server, and nothing to wait for."""
