"""A real FlexMeasures server and a real Home Assistant on this machine, for the demo and the tests."""
