"""Has a device follow its setpoint: what is written to the things of Home Assistant, and when."""
