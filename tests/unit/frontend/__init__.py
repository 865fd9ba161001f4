"""Tests of what Home Assistant's frontend is given."""
