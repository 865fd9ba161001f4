"""Tests of S2 messages."""
