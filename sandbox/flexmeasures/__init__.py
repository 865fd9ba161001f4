"""A real FlexMeasures server, and what it knows."""
