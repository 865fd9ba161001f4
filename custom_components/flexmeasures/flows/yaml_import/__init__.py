"""Imports the settings in ``configuration.yaml`` into accounts and their devices."""
