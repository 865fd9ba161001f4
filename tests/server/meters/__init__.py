"""Meters, with a real FlexMeasures server."""
