"""The control types: what an RM says under each, and what it is told to do."""
