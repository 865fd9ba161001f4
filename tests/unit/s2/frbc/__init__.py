"""Tests of FRBC."""
