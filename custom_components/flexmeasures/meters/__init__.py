"""What FlexMeasures sensors measure, as bills and long-term statistics."""
