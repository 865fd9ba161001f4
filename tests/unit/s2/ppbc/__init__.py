"""Tests of PPBC."""
