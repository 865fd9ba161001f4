"""What all tests share."""

import asyncio
import logging

import pytest

# Imported before any Home Assistant starts, or it would not look for integrations here.
import custom_components  # noqa: F401

# Home Assistant's plugin has it say each statement, which takes most of the time of
# what is recorded.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the event loop check threads, as Home Assistant's plugin does.

    But not keep where each future, task and timer was made: that takes half of the time.
    """
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    monkeypatch.setattr(loop, "get_debug", lambda: False)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration."""
