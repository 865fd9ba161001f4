"""The demo's feeds: those that its devices come with, and a tariff that is set up as a user does."""

import asyncio
from datetime import UTC, datetime, timedelta
import time
from typing import Final

from aiohttp import ClientSession

from ..errors import SandboxError
from ..flexmeasures.profiles import TIME_ZONE
from ..flexmeasures.server import FlexMeasuresServer
from ..flexmeasures.stored_values import stored_values
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.flow_steps import filled_in, require_entry, submit_step
from .devices import FollowingDevice

TARIFF: Final = "Day and night tariff"
_SENSOR: Final = "own_price"
_DAY_PRICE: Final = 0.32
_NIGHT_PRICE: Final = 0.26
_NIGHT: Final = {"from": "23:00:00", "until": "07:00:00"}
_HOUR: Final = timedelta(hours=1)
_SENT_SECONDS: Final = 60


async def add_tariff(
    client: HomeAssistantClient, server: FlexMeasuresServer, entry_id: str
) -> None:
    """Add a feed of prices by day and by night through its flow."""
    submit = client.submit_subentry_flow
    step = await client.start_subentry_flow(entry_id, "feed")
    step = await submit(step["flow_id"], {"next_step_id": "tariff"})
    chosen = {
        "sensor": str(server.home.sensor(_SENSOR)),
        "price": _DAY_PRICE,
        "unit": "EUR/kWh",
    }
    step = await submit_step(
        submit, step, "tariff", filled_in(step["data_schema"], chosen)
    )
    rules = {"rules": [{"price": _NIGHT_PRICE, **_NIGHT}], "name": TARIFF}
    step = await submit_step(
        submit, step, "rules", filled_in(step["data_schema"], rules)
    )
    if step["type"] == "form":
        # It comes back with what the rules make of the prices.
        step = await submit_step(
            submit, step, "rules", filled_in(step["data_schema"], rules)
        )
    require_entry(step, f"the feed {TARIFF}")


async def add_measured(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    entry_id: str,
    device: FollowingDevice,
) -> None:
    """Add a feed of the power that a device measures through its flow."""
    submit = client.submit_subentry_flow
    step = await client.start_subentry_flow(entry_id, "feed")
    step = await submit(step["flow_id"], {"next_step_id": "entity"})
    chosen = {
        "sensor": str(server.home.sensor(device.power_sensor)),
        "entity": device.power_entity,
    }
    step = await submit_step(submit, step, "entity", chosen)
    step = await submit_step(
        submit, step, "measured", filled_in(step["data_schema"], {})
    )
    require_entry(step, f"the feed of {device.power_entity}")


async def check_tariff(session: ClientSession, server: FlexMeasuresServer) -> int:
    """Wait until the server has the tariff of today, and compare it; return how many hours those are."""
    now = datetime.now(TIME_ZONE)
    first = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # The day may have 23 or 25 of them.
    later = (
        (first.astimezone(UTC) + index * _HOUR).astimezone(TIME_ZONE)
        for index in range(25)
    )
    hours = [hour for hour in later if hour.date() == first.date()]
    expected = [_DAY_PRICE if 7 <= hour.hour < 23 else _NIGHT_PRICE for hour in hours]
    deadline = time.monotonic() + _SENT_SECONDS
    while True:
        stored = await stored_values(
            session, server, _SENSOR, first, hours[-1] + _HOUR, unit="EUR/kWh"
        )
        if stored == expected:
            return len(stored)
        if time.monotonic() > deadline:
            raise SandboxError(f"The server has {stored} of the tariff, not {expected}")
        await asyncio.sleep(0.5)
