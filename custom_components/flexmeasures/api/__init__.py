"""The one door to a FlexMeasures server: nothing else sends requests or knows its client."""
