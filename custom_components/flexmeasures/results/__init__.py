"""What came of plans: what a device did, what it cost, and how well plans were kept."""
