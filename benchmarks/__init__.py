"""Timings, each with its figures of the machine it was written on."""

# Before anything imports voluptuous, in whose place it puts its own.
import homeassistant  # noqa: F401
