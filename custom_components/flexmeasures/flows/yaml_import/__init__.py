"""Takes the settings in ``configuration.yaml`` over into accounts and their devices."""
