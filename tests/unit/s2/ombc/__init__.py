"""Tests of OMBC."""
