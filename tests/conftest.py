"""What all tests share."""

import logging

import pytest

# Imported before any Home Assistant starts, or it would not look for integrations here.
import custom_components  # noqa: F401

# Home Assistant's plugin has it say each statement, which takes most of the time of
# what is recorded.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration."""
