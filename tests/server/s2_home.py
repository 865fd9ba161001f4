"""Simulated devices at the other end of real connections with Home Assistant, in a time that tests decide about."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, override
from urllib.parse import urlsplit

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.cem.resource import ManagedResource
from custom_components.flexmeasures.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.profiles import TIME_ZONE
from sandbox.s2.resource_manager import Device as SimulatedDevice, ResourceManager
from sandbox.s2.wire import Message

from .conftest import Device, call

SECOND = timedelta(seconds=1)
STEP = timedelta(minutes=30)
HOUR = timedelta(hours=1)
# Energy is cheap then, dear from seven to nine, and worth less than nothing at noon.
START_HOUR = 1
# What an RM tells together is looked at together.
_SETTLE = 6 * SECOND


class Clock:
    """Time as Home Assistant and the devices have it, which stands still until it is told to go on.

    The server's time is the real one, which does not catch up with it during a test.
    """

    def __init__(self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin at the next START_HOUR, so that prices are the same in all tests."""
        self._hass = hass
        earliest = datetime.now(TIME_ZONE) + HOUR
        start = earliest.replace(hour=START_HOUR, minute=0, second=0, microsecond=0)
        if start < earliest:
            start += timedelta(days=1)
        self._moment = start.astimezone(UTC)
        monkeypatch.setattr(dt_util, "utcnow", self.now)

    def now(self) -> datetime:
        """The present time."""
        return self._moment

    async def go_to(self, moment: datetime) -> None:
        """Let it be another time, and what is due then be done."""
        await self._hass.async_block_till_done(wait_background_tasks=True)
        self._moment = max(moment, self._moment)
        async_fire_time_changed(self._hass, self._moment)
        await self._hass.async_block_till_done(wait_background_tasks=True)


@dataclass(frozen=True)
class Connected:
    """A device that is set up, and the resource manager that speaks for it."""

    home: S2Home
    device: Device
    rm: ResourceManager

    @property
    def resource(self) -> ManagedResource:
        """What Home Assistant holds of it."""
        (resource,) = self.device.entry.runtime_data.resources.values()
        found: ManagedResource = resource
        return found

    def entity(self, platform: str, key: str) -> str:
        """The id of one of its entities."""
        (subentry_id,) = self.device.entry.subentries
        found = er.async_get(self.home.hass).async_get_entity_id(
            platform, DOMAIN, f"{subentry_id}_{key}"
        )
        assert found
        return found

    async def set_target(
        self, kwh: float, ready_by: datetime, number: str = "target_soc"
    ) -> None:
        """Say as a user what has to be stored, or consumed, by when."""
        for platform, key, value in (
            ("number", number, {"value": kwh}),
            ("datetime", "ready_by", {"datetime": ready_by.isoformat()}),
        ):
            await self.home.hass.services.async_call(
                platform,
                "set_value",
                {"entity_id": self.entity(platform, key), **value},
                blocking=True,
            )

    async def schedule(self, **request: Any) -> dict[str, Any]:
        """Have a schedule computed, and what it has the device do now be done."""
        response: dict[str, Any] = await call(
            self.home.hass,
            "trigger_schedule",
            device_id=self.device.device_id,
            **request,
        )
        await self.home.clock.go_to(self.home.clock.now() + SECOND)
        await self.rm.report()
        return response

    async def follow(self, until: datetime) -> None:
        """Let the time pass, from each instruction to the next.

        Not far at once, for instructions are only made of a part of the plan.
        """
        clock = self.home.clock
        while (now := clock.now()) < until:
            upcoming = self.resource.sender.next(now)
            step = upcoming.execution_time if upcoming else until
            await clock.go_to(min(max(step, now + SECOND), now + STEP, until))
            await self.rm.report()


@dataclass(frozen=True)
class S2Home:
    """Connects simulated devices to Home Assistant."""

    hass: HomeAssistant
    clock: Clock
    client: ClientSessionGenerator
    connections: list[asyncio.Task[None]] = field(default_factory=list)

    async def connect(
        self, device: Device, simulated: SimulatedDevice, control_type: str
    ) -> Connected:
        """Have a device connected, and choose as a user how it is controlled."""
        client = await self.client()
        path = urlsplit(device.pairing["address"]).path
        rm = ResourceManager(
            simulated,
            str(client.make_url(path)),
            device.pairing["token"],
            now=self.clock.now,
            reports=False,
        )
        self.connections.append(asyncio.create_task(rm.run()))
        # At first it is controlled in the best way that it offers.
        await rm.until(lambda: bool(rm.control_type))
        await self.hass.services.async_call(
            DOMAIN,
            "change_control_type",
            {"device_id": device.device_id, "control_type": control_type},
            blocking=True,
        )
        await rm.report()
        return Connected(self, device, rm)


class OtherDevice(SimulatedDevice):
    """What a simulated device has to have, for one that is no storage; it does what `_consume` says."""

    control_type: str

    def __init__(self, now: datetime) -> None:
        """Do nothing at first."""
        self.consumed = 0.0
        """In kWh."""
        self.powers: set[float] = {0.0}
        """All that it ever had, in W."""
        self._moment = now
        self._orders: list[tuple[datetime, dict[str, Any]]] = []

    @property
    @override
    def details(self) -> dict[str, Any]:
        """The body of its ResourceManagerDetails."""
        return {
            "resource_id": "other-device",
            "roles": [{"role": "ENERGY_CONSUMER", "commodity": "ELECTRICITY"}],
            "instruction_processing_delay": 500,
            "available_control_types": [self.control_type, "NOT_CONTROLABLE"],
            "provides_forecast": False,
            "provides_power_measurement_types": ["ELECTRIC.POWER.L1"],
        }

    @property
    @override
    def next_moment(self) -> datetime | None:
        """Nobody waits for it."""
        return None

    @override
    def begin(self, control_type: str, now: datetime) -> list[Message]:
        """Describe itself."""
        return (
            list(self._descriptions(now)) if control_type == self.control_type else []
        )

    @override
    def report(self, control_type: str, now: datetime) -> list[Message]:
        """Say what it consumes."""
        value = {"commodity_quantity": "ELECTRIC.POWER.L1", "value": self._power(now)}
        return [
            (
                "PowerMeasurement",
                {"measurement_timestamp": now.isoformat(), "values": [value]},
            )
        ]

    @override
    def instruct(
        self, message_type: str, body: dict[str, Any], now: datetime
    ) -> list[Message]:
        """Obey from the time of execution on."""
        if message_type != "RevokeObject":
            self._orders.append((datetime.fromisoformat(body["execution_time"]), body))
        return []

    @override
    def pass_to(self, now: datetime) -> list[Message]:
        """Consume, minute by minute."""
        while self._moment < now:
            end = min(self._moment + timedelta(minutes=1), now)
            power = self._power(self._moment)
            self.powers.add(round(power, 1))
            self.consumed += power / 1000 * ((end - self._moment) / HOUR)
            self._moment = end
        return []

    @override
    def release(self, now: datetime) -> None:
        """Do nothing."""
        self._orders.clear()

    def _order(self, moment: datetime) -> tuple[datetime, dict[str, Any]] | None:
        begun = [order for order in self._orders if order[0] <= moment]
        return max(begun, key=lambda order: order[0], default=None)

    def _descriptions(self, now: datetime) -> Sequence[Message]:
        raise NotImplementedError

    def _power(self, moment: datetime) -> float:
        raise NotImplementedError
