"""What all tests share."""

import pytest

# Imported before any Home Assistant starts, or it would not look for integrations here.
import custom_components  # noqa: F401


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration."""
