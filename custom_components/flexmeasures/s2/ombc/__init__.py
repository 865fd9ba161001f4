"""Operation mode based control: a device with operation modes, of which no storage is known."""
