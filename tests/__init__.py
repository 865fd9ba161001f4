"""Tests of FlexMeasures for Home Assistant."""
