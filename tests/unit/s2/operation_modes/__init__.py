"""Tests of operation modes."""
