"""What Home Assistant measures and foresees, made into what FlexMeasures sensors store."""
