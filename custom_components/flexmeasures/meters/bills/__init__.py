"""The bill of a meter: from its days to what is expected of it."""
