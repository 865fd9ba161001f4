"""Devices that speak S2."""
