"""What meters count, against plain arithmetic."""
