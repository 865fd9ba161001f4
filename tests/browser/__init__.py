"""Tests with a real browser that shows a real Home Assistant."""
