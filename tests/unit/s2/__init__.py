"""S2: the protocol, the session and the control types."""
