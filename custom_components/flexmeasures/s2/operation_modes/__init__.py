"""What FRBC, OMBC and DDBC share: actuators that are switched between operation modes."""
