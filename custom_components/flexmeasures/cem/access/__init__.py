"""Which S2 resource managers are let in, and the connections over which they speak."""
