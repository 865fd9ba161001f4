"""A meter's sensors on the real server, filled by their owner, and what must come of them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from typing import Any, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

from aiohttp import ClientSession
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_METER
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from sandbox.flexmeasures.server import FlexMeasuresServer

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""At which time stands still, where it does."""
# Of one post: the server stores it in one go.
MOST_VALUES = 30_000


@dataclass
class Owner:
    """The account's owner, who makes sensors and posts values beside the integration."""

    session: ClientSession
    server: FlexMeasuresServer
    token: str

    @classmethod
    @asynccontextmanager
    async def logged_in(cls, server: FlexMeasuresServer) -> AsyncIterator[Self]:
        """Log in as the demo user."""
        user = server.home.user("demo")
        async with ClientSession(server.url) as session:
            answer = await session.post(
                "/api/requestAuthToken",
                json={"email": user.email, "password": user.password},
            )
            yield cls(session, server, (await answer.json())["auth_token"])

    async def request(self, method: str, uri: str, **options: Any) -> Any:
        """Send a request and return the answer, which has to be a good one."""
        answer = await self.session.request(
            method,
            f"/api/v3_0/{uri}",
            headers={"Authorization": self.token},
            **options,
        )
        assert answer.status < 300, await answer.text()
        return await answer.json() if answer.status != 204 else None

    async def sensor(
        self,
        unit: str,
        resolution: str = "PT1H",
        *,
        time_zone: str = "Europe/Amsterdam",
        **attributes: Any,
    ) -> int:
        """Make a sensor."""
        made = await self.request(
            "POST",
            "sensors",
            json={
                "name": f"{unit} {uuid4().hex}",
                "unit": unit,
                "event_resolution": resolution,
                "generic_asset_id": self.server.home.asset("house"),
                "timezone": time_zone,
                "attributes": json.dumps(attributes),
            },
        )
        sensor: int = made["id"]
        return sensor

    async def post(
        self,
        sensor: int,
        start: datetime,
        values: Sequence[float | None],
        unit: str,
        step: timedelta = HOUR,
        prior: datetime | None = None,
    ) -> None:
        """Store values, and wait until they are."""
        for first in range(0, len(values), MOST_VALUES):
            some = values[first : first + MOST_VALUES]
            seconds = int((step * len(some)).total_seconds())
            posted = await self.request(
                "POST",
                f"sensors/{sensor}/data",
                json={
                    "start": (start + step * first).isoformat(),
                    "duration": f"PT{seconds}S",
                    "values": list(some),
                    "unit": unit,
                    **({"prior": prior.isoformat()} if prior else {}),
                },
            )
            while "job" in posted:
                job = await self.request("GET", f"jobs/{posted['job']}")
                if job["status"] == "FINISHED":
                    break


async def add_meter(
    hass: HomeAssistant, server: FlexMeasuresServer, **settings: Any
) -> tuple[MockConfigEntry, str]:
    """Set up an account with a meter, and wait until it has imported everything."""
    user = server.home.user("demo")
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Demo",
        unique_id=f"{server.url}#{user.id}",
        data={"host": server.url, "username": user.email, "password": user.password},
        subentries_data=[meter_subentry(**settings)],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    (subentry_id,) = entry.subentries
    return entry, subentry_id


def meter_subentry(**settings: Any) -> Any:
    """Give a meter as its flow makes it."""
    data = {
        "commodity": "electricity",
        "bill_start": "2026-01-01",
        "bill_months": 1,
        **settings,
    }
    return {
        "subentry_type": SUBENTRY_METER,
        "title": "Home",
        "unique_id": f"{data['commodity']} {data['consumption_sensor']}",
        "data": data,
    }


async def stored(
    hass: HomeAssistant, subentry_id: str, kind: str
) -> dict[datetime, tuple[float | None, float | None]]:
    """Give the hours of a statistic: state and sum."""
    statistic = f"{DOMAIN}:{subentry_id.lower()}_{kind}"
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime(1970, 1, 1, tzinfo=UTC),
        None,
        {statistic},
        "hour",
        None,
        {"state", "sum"},
    )
    return {
        datetime.fromtimestamp(row["start"], UTC): (row.get("state"), row.get("sum"))
        for row in found.get(statistic, ())
    }


def made_up(count: int, *, missing: int = 53) -> list[float | None]:
    """Give values that look like measurements, of which some are missing."""
    return [
        None if index % missing == 0 else index * 7919 % 3001 / 1000
        for index in range(count)
    ]


def prices(count: int) -> list[float]:
    """Give prices, of which some are negative."""
    return [index * 104729 % 6007 / 10000 - 0.1 for index in range(count)]


def running_sums(
    values: Mapping[datetime, float],
) -> dict[datetime, Any]:
    """Give what has to be stored of the values of hours."""
    total, rows = 0.0, {}
    for hour in sorted(values):
        total += values[hour]
        rows[hour] = pytest.approx((values[hour], total), abs=1e-6)
    return rows


def summed(
    start: datetime, step: timedelta, values: Iterable[float | None]
) -> dict[datetime, float]:
    """Add values up by the hour in which their intervals start."""
    hours: dict[datetime, float] = {}
    for index, value in enumerate(values):
        if value is not None:
            moment = start + index * step
            hour = moment.replace(minute=0)
            hours[hour] = hours.get(hour, 0.0) + value
    return hours


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, until: datetime
) -> None:
    """Let time pass, and the meter be read."""
    freezer.move_to(until)
    async_fire_time_changed(hass, until)
    await hass.async_block_till_done(wait_background_tasks=True)


def shown(hass: HomeAssistant, meter: str, key: str) -> Any:
    """Give the state of one of a meter's sensors."""
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{meter}_{key}"
    )
    assert entity_id, key
    state = hass.states.get(entity_id)
    assert state, key
    return state


def value(hass: HomeAssistant, meter: str, key: str) -> float:
    """Give the value that one of them has."""
    return float(shown(hass, meter, key).state)


async def check(
    hass: HomeAssistant, meter: str, kind: str, hours: Mapping[datetime, float]
) -> None:
    """Compare what is stored, row by row; rows that count nothing may be left out."""
    rows = await stored(hass, meter, kind)
    expected = running_sums(hours)
    wrong = {
        hour.isoformat(): (rows.get(hour), expected.get(hour))
        for hour in sorted(rows.keys() | expected.keys())
        if rows.get(hour) != expected.get(hour)
    }
    assert not wrong, (
        f"{kind}: {len(wrong)} of {len(expected)} (got, expected): "
        + str(dict(list(wrong.items())[:4]))
    )


async def as_user(owner: Owner, name: str) -> Owner:
    """Log another user in."""
    user = owner.server.home.user(name)
    answer = await owner.session.post(
        "/api/requestAuthToken", json={"email": user.email, "password": user.password}
    )
    return Owner(owner.session, owner.server, (await answer.json())["auth_token"])


async def forecast(
    owner: Owner, sensor: int, **parameters: Any
) -> tuple[datetime, list[float]]:
    """Have the server forecast; from when on, and what, hour by hour."""
    made = await owner.request(
        "POST", f"sensors/{sensor}/forecasts/trigger", json=parameters
    )
    while True:
        body = await owner.request(
            "GET", f"sensors/{sensor}/forecasts/{made['forecast']}"
        )
        if "values" in body:
            return datetime.fromisoformat(body["start"]), body["values"]
