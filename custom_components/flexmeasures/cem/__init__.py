"""Home Assistant as the Customer Energy Manager (CEM) of devices that speak S2."""
