"""What the tests of S2 share: they need no Home Assistant."""

from hypothesis import settings
import pytest

# How long an example takes depends on what else the machine does.
settings.register_profile("s2", deadline=None)
settings.load_profile("s2")


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant for each of them, as the other tests do."""
