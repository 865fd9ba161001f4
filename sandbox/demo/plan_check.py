"""What Home Assistant says of a plan, beside what the FlexMeasures server stores and what a device does."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import math
import time
from typing import Any
from urllib.parse import quote

import aiohttp

from ..errors import SandboxError
from ..flexmeasures.server import FlexMeasuresServer
from ..flexmeasures.stored_values import stored_values
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.registry import DOMAIN, device_id
from .devices import DemoDevice, FollowingDevice

# Until what it is told has been carried out and measured.
_FOLLOWED_SECONDS = 20
_FOLLOWED_WITHIN = 10
# The same for what is written, and written again; with what is not written for, in kW.
_DONE_SECONDS = 60
_DEADBAND = 0.11


# Of the past that is compared, and how much of it may be lost, in kWh.
_PAST = timedelta(hours=24)
_LOST = 0.5
_FIVE = timedelta(minutes=5)

type Slots = list[dict[str, Any]]
"""Start, end and kW of each, as the action ``get_schedule`` returns them."""
type Trace = list[tuple[datetime, float]]
"""What an entity has shown, and from when on."""


async def plan_of(client: HomeAssistantClient, device: DemoDevice) -> Slots:
    """Return the slots of a device's plan from the running one on."""
    response = await client.call_service(
        DOMAIN,
        "get_schedule",
        {"device_id": await device_id(client, device)},
        return_response=True,
    )
    slots: Slots = response["schedule"]
    if not slots:
        raise SandboxError(f"The device {device.name} has no plan for now")
    return slots


async def plan_table(
    session: aiohttp.ClientSession, server: FlexMeasuresServer, slots: Slots
) -> list[str]:
    """Return a table of slots: time, kW and price."""
    prices = await _stored(session, server, "price", slots, unit="EUR/kWh")
    lines = ["  slot                kW    EUR/kWh"]
    for slot, price in zip(slots, prices, strict=True):
        start, end = (datetime.fromisoformat(slot[key]) for key in ("start", "end"))
        lines.append(
            f"  {start:%a %H:%M}-{end:%H:%M}  {slot['value']:8.3f}  {price:9.4f}"
        )
    return lines


async def check_plan(
    session: aiohttp.ClientSession,
    server: FlexMeasuresServer,
    slots: Slots,
    setpoint: Mapping[str, Any],
) -> int:
    """Compare the battery's plan in Home Assistant with the server's; returns the number of slots."""
    # The power sensor of the sandbox's battery stores consumption as positive.
    stored = await _stored(
        session, server, "battery_power", slots, unit="kW", source_type="scheduler"
    )
    for slot, value in zip(slots, stored, strict=True):
        if value is None or not math.isclose(slot["value"], value, abs_tol=1e-6):
            raise SandboxError(
                f"At {slot['start']} Home Assistant has {slot['value']} kW, and the server {value}"
            )
    running = slots[0]["value"]
    if not math.isclose(float(setpoint["state"]), running, abs_tol=1e-6):
        raise SandboxError(
            f"The setpoint is {setpoint['state']} kW, and the running slot's power {running}"
        )
    return len(slots)


async def check_past(client: HomeAssistantClient, device: FollowingDevice) -> int:
    """Compare what was planned before the demo with what was measured, and that with the level; return how many slots.

    Exactly that holds which a device does: a power is near to the planned one, and the level follows from the powers.
    """
    now = datetime.now(UTC)
    begin = now.replace(minute=0, second=0, microsecond=0) - _PAST
    response = await client.call_service(
        DOMAIN,
        "get_schedule",
        {
            "device_id": await device_id(client, device),
            "start": begin.isoformat(),
            "duration": {"hours": _PAST // timedelta(hours=1)},
        },
        return_response=True,
    )
    powers = await _recorded(client, device.power_entity, begin)
    levels = await _recorded(client, device.level_entity, begin)
    slots: Slots = response["schedule"]
    stored = _level(levels, begin)
    for slot in slots:
        start, end = (datetime.fromisoformat(slot[key]) for key in ("start", "end"))
        measured = _mean(powers, start, end) / 1000
        if not math.isclose(slot["value"], measured, rel_tol=0.1, abs_tol=0.01):
            raise SandboxError(
                f"{device.name} was to have {slot['value']} kW at {start}, and had {measured}"
            )
        habit = device.habit
        stored += (
            measured * (habit.stored if measured > 0 else habit.taken) * (end - start)
        ) / timedelta(hours=1)
    if not math.isclose(stored, _level(levels, end), abs_tol=_LOST):
        raise SandboxError(
            f"{device.name} has {_level(levels, end)} kWh at {end}, and by its powers {stored}"
        )
    return len(slots)


async def _recorded(
    client: HomeAssistantClient, entity_id: str, begin: datetime
) -> Trace:
    """Return what an entity has shown from a moment on."""
    query = f"filter_entity_id={entity_id}&minimal_response&no_attributes"
    (states,) = await client.get(f"history/period/{quote(begin.isoformat())}?{query}")
    return [
        (datetime.fromisoformat(state["last_changed"]), _number(state["state"]))
        for state in states
    ]


def _level(trace: Trace, moment: datetime) -> float:
    """Return what was shown last at a moment, or first if that was later."""
    shown = [value for at, value in trace if at <= moment]
    return shown[-1] if shown else trace[0][1]


def _mean(trace: Trace, start: datetime, end: datetime) -> float:
    """Return the mean of what was shown in a period."""
    steps = [start + number * _FIVE for number in range((end - start) // _FIVE)]
    values = [_level(trace, step + _FIVE / 2) for step in steps]
    return sum(values) / len(values)


async def check_done(
    client: HomeAssistantClient, device: FollowingDevice, entities: Mapping[str, str]
) -> str:
    """Wait until a device that is told in Home Assistant does what is planned; returns what that is.

    One that is full or empty does nothing, and some decide for themselves.
    """
    deadline = time.monotonic() + _DONE_SECONDS
    while True:
        follower = await client.state(entities["follower"])
        setpoint = _number((await client.state(entities["setpoint"]))["state"])
        measured = _number((await client.state(device.power_entity))["state"]) / 1000
        level = _number((await client.state(device.level_entity))["state"])
        wanted = device.told(setpoint)
        is_at_end = level >= device.habit.capacity if setpoint > 0 else level <= 0
        is_done = (
            wanted is None
            or math.isclose(measured, wanted, rel_tol=0.02, abs_tol=_DEADBAND)
            or (is_at_end and not measured)
        )
        if follower["state"] == "following" and is_done:
            return f"measures {measured:.2f} kW, where the plan has {setpoint:.2f} kW"
        if time.monotonic() > deadline:
            raise SandboxError(
                f"{device.name} is {follower['state']} and has {measured} kW for"
                f" {setpoint} kW: {follower['attributes']}"
            )
        await asyncio.sleep(0.2)


async def check_follower(
    client: HomeAssistantClient, entities: Mapping[str, str]
) -> str:
    """Wait until a device that speaks S2 does what is planned; returns what that is.

    It may be off by some W: instructions are rounded.
    """
    deadline = time.monotonic() + _FOLLOWED_SECONDS
    while True:
        instruction = await client.state(entities["current_instruction"])
        states = {
            "current_instruction": instruction["state"],
            **{
                key: (await client.state(entities[key]))["state"]
                for key in ("setpoint", "rm_power")
            },
        }
        is_started = any(
            each["status"] == "started"
            for each in instruction["attributes"]["instructions"]
        )
        planned = _number(states["setpoint"]) * 1000
        measured = _number(states["rm_power"])
        if is_started and math.isclose(planned, measured, abs_tol=_FOLLOWED_WITHIN):
            return (
                f"was told {states['current_instruction']!r} and measures"
                f" {measured:.0f} W, where the plan has {planned:.0f} W"
            )
        if time.monotonic() > deadline:
            raise SandboxError(f"The plan is not followed: {states}")
        await asyncio.sleep(0.2)


def _number(state: str) -> float:
    """Return a state as a number; NaN if it is none."""
    try:
        return float(state)
    except ValueError:
        return math.nan


async def _stored(
    session: aiohttp.ClientSession,
    server: FlexMeasuresServer,
    sensor: str,
    slots: Slots,
    *,
    unit: str,
    source_type: str | None = None,
) -> list[float | None]:
    """Ask the server itself for the values of a sensor in these slots, one for each."""
    start, first_end, end = (
        datetime.fromisoformat(text)
        for text in (slots[0]["start"], slots[0]["end"], slots[-1]["end"])
    )
    return await stored_values(
        session,
        server,
        sensor,
        start,
        end,
        resolution=first_end - start,
        unit=unit,
        source_type=source_type,
    )
