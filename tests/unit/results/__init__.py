"""What came of plans."""
