"""What FlexMeasures measured and forecast, for where people look at energy."""
