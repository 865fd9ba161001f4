"""What entities have shown, as values of the slots of FlexMeasures sensors."""
