"""Tests of DDBC."""
