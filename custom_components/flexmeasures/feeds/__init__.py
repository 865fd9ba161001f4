"""Values as they come, made into what a FlexMeasures sensor stores."""
