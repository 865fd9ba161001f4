"""Tests of PEBC."""
