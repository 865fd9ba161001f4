"""The flow that adds a meter or changes one."""
