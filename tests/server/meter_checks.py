"""What the audits of meters share: a place, a clock, and what is shown."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .metered_home import HOUR, Owner, running_sums, stored

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


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


def hours_of(
    start: datetime, values: Any, step: timedelta = HOUR
) -> dict[datetime, float]:
    """Add what is known up by the UTC hour in which its interval starts."""
    hours: dict[datetime, float] = {}
    for index, each in enumerate(values):
        if each is not None:
            moment = (start.astimezone(UTC) + index * step).replace(minute=0, second=0)
            hours[moment] = hours.get(moment, 0.0) + each
    return hours


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
