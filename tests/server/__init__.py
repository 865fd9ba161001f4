"""The integration with a real FlexMeasures server."""
