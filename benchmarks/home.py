"""A Home Assistant for benchmarks, with an account of many devices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
import logging
import tempfile
from unittest.mock import patch

from aiohttp import ThreadedResolver
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant


def account(url: str, devices: int, schedule_duration: timedelta) -> MockConfigEntry:
    """Make a config entry with some devices."""
    # Not imported from the integration: loading it is a part of what is timed.
    return MockConfigEntry(
        domain="flexmeasures",
        data={"host": url, "username": "user@example.com", "password": "password"},
        subentries_data=[
            ConfigSubentryData(
                subentry_type="device",
                title=f"Device {number}",
                unique_id=str(number),
                data={
                    "power_sensor": number,
                    "soc_unit": "kWh",
                    "schedule_duration": schedule_duration.total_seconds(),
                    "update_interval": 3600,
                    "automatic_scheduling": False,
                },
            )
            for number in range(1, devices + 1)
        ],
    )


@asynccontextmanager
async def home() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that loads the integration of this repository."""
    logging.disable(logging.CRITICAL)
    with (
        # The usual one wants Home Assistant's network integration.
        patch(
            "homeassistant.helpers.aiohttp_client._async_make_resolver",
            lambda _: ThreadedResolver(),
        ),
        tempfile.TemporaryDirectory() as folder,
    ):
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop("custom_components", None)
            yield hass
            await hass.async_stop(force=True)
