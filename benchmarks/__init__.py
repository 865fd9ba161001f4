"""Timings, each with its figures of the machine it was written on."""
