"""What a meter's sensors and statistics in Home Assistant say, beside what the FlexMeasures server stores."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import math
from typing import Any

import aiohttp

from ..errors import SandboxError
from ..flexmeasures.server import FlexMeasuresServer
from ..flexmeasures.stored_values import stored_values
from ..home_assistant.client import HomeAssistantClient

_HOUR = timedelta(hours=1)
# In kWh and EUR: a thousandth of what anybody would look at.
_EXACT = 1e-5
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
# What the meters of the sandbox's home have counted at the least.
_MONTHS = timedelta(days=395)


async def check_bill(
    session: aiohttp.ClientSession,
    server: FlexMeasuresServer,
    usage: Mapping[str, Any],
    cost: Mapping[str, Any],
) -> str:
    """Compare the electricity bill with a plain sum of the server's values; return what it says.

    `usage` and `cost` are the states of the meter's sensors.
    """
    start = datetime.fromisoformat(usage["attributes"]["last_reset"])
    end = datetime.fromisoformat(usage["attributes"]["measured_until"])
    consumed, produced, price, feed_in = [
        await stored_values(
            session,
            server,
            sensor,
            start,
            end,
            resolution=timedelta(minutes=15),
            unit=unit,
        )
        for sensor, unit in (
            ("meter_import", "kWh"),
            ("meter_export", "kWh"),
            ("meter_price", "EUR/kWh"),
            ("meter_feed_in", "EUR/kWh"),
        )
    ]
    _compare(usage, _total(consumed))
    paid, earned = _product(consumed, price), _product(produced, feed_in)
    _compare(cost, paid - earned + cost["attributes"]["standing_charge"])
    return f"{float(usage['state']):.1f} kWh and {float(cost['state']):.2f} EUR"


async def check_costs(
    client: HomeAssistantClient,
    session: aiohttp.ClientSession,
    server: FlexMeasuresServer,
    statistics: Mapping[str, str],
) -> str:
    """Compare the hours of all costs with those that the server has worked out itself; return what they add up to."""
    total = 0.0
    for kind, sensor in (("cost", "meter_cost"), ("compensation", "meter_earned")):
        hours = await _hours(client, statistics[kind])
        start, end = min(hours), max(hours) + _HOUR
        if end - start < _MONTHS:
            raise SandboxError(f"There is no more of the {kind} than since {start}")
        stored = await stored_values(session, server, sensor, start, end, unit="EUR")
        for number, value in enumerate(stored):
            hour = start + number * _HOUR
            known = hours.get(hour, 0.0)
            # That of the hour that runs is not known to the server yet.
            if value is not None and not math.isclose(known, value, abs_tol=_EXACT):
                raise SandboxError(
                    f"At {hour} Home Assistant has a {kind} of {known}, and the server {value}"
                )
        total += sum(hours.values()) * (1 if kind == "cost" else -1)
    return f"{total:.2f} EUR in {(end - start).days} days"


async def _hours(client: HomeAssistantClient, statistic: str) -> dict[datetime, float]:
    """Return what a statistic rose in its hours."""
    found = await client.command(
        "recorder/statistics_during_period",
        start_time=_FIRST.isoformat(),
        statistic_ids=[statistic],
        period="hour",
        types=["change"],
    )
    return {
        datetime.fromtimestamp(row["start"] / 1000, UTC): row["change"]
        for row in found[statistic]
    }


def _compare(state: Mapping[str, Any], expected: float) -> None:
    if not math.isclose(float(state["state"]), expected, abs_tol=_EXACT):
        raise SandboxError(
            f"{state['entity_id']} is {state['state']}, and by the server's values {expected}"
        )


def _total(values: list[float | None]) -> float:
    return sum(value or 0.0 for value in values)


def _product(amounts: list[float | None], prices: list[float | None]) -> float:
    return sum(
        (amount or 0.0) * (price or 0.0)
        for amount, price in zip(amounts, prices, strict=True)
    )
