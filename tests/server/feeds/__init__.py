"""Feeds, with a real FlexMeasures server."""
