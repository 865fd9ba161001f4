"""The forms and steps behind the flows, and the other ways in: YAML, and the former integration."""
