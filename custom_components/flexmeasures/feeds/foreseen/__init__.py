"""Prices and forecasts that Home Assistant has, and tariffs that the user has told."""
