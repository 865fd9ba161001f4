"""S2 (EN 50491-12-2): Home Assistant as the Customer Energy Manager of resource managers."""
