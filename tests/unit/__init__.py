"""The integration in Home Assistant's test harness, without a server."""
