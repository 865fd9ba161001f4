"""Timings, each with its figures of the machine it was written on."""

from contextlib import suppress

# Where the browser runs there is none, and none is needed.
with suppress(ModuleNotFoundError):
    # Before anything imports voluptuous, in whose place it puts its own.
    import homeassistant  # noqa: F401
