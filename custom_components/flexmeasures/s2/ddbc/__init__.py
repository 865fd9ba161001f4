"""Demand driven based control: a demand that has to be met, and a choice of how."""
