"""Home Assistant as the Customer Energy Manager (CEM) of S2 resource managers: one for each device."""
