"""What the tests of meters share."""

from hypothesis import settings

# How long an example takes depends on what else the machine does.
settings.register_profile("meters", deadline=None)
settings.load_profile("meters")
