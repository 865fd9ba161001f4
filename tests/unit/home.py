"""Home Assistant with an account, set up without its flow, at a time that stands still."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE, SUBENTRY_METER
from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryDataWithId,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event

from .fake_server import (
    BATTERY_POWER,
    CABIN_POWER,
    CONSUMPTION,
    EMAIL,
    GARAGE_POWER,
    PASSWORD,
    PRICE,
    URL_OF_SERVER,
    FakeServer,
    Request,
    StoredSchedule,
)

# Seven minutes past eleven in Amsterdam.
NOW = datetime(2026, 11, 22, 10, 7, tzinfo=UTC)
SLOT = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""The start of the quarter of an hour, and of the hour, that NOW is in."""

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)

type Json = dict[str, Any]

NOTHING_REMEMBERED: Json = {
    "plan": dict.fromkeys(("power", "soc", "consumption_price", "production_price")),
    "planned_until": None,
    "last_schedule": None,
    "last_attempt": None,
    "failure": None,
    "job": None,
    "targets": None,
    "mode": "automatic",
    "override": None,
    "target_soc_kwh": None,
    "ready_by": None,
    "ready_by_target_kwh": None,
    "ready_by_rule": None,
    "ready_by_calendar": [],
    "passed_ready_by": None,
    "settings": None,
    "results": {"day": None, "charge": None, "skill": {"open": {}, "days": {}}},
}


def device(
    power_sensor: int = BATTERY_POWER, **settings: Any
) -> ConfigSubentryDataWithId:
    """Make a device that plans two hours ahead; its id is its power sensor's."""
    return ConfigSubentryDataWithId(
        data={
            "power_sensor": power_sensor,
            "soc_unit": "kWh",
            "schedule_duration": 7200,
            "update_interval": 3600,
            # The same: most tests are not about how often a running device is looked at.
            "update_interval_charging": 3600,
            "automatic_scheduling": False,
            **settings,
        },
        subentry_id=str(power_sensor),
        subentry_type=SUBENTRY_DEVICE,
        title={
            BATTERY_POWER: "Home battery",
            GARAGE_POWER: "Garage battery",
            CABIN_POWER: "Cabin battery",
        }[power_sensor],
        unique_id=str(power_sensor),
    )


def meter(
    consumption_sensor: int = CONSUMPTION, title: str = "Meter", **settings: Any
) -> ConfigSubentryDataWithId:
    """Make an electricity meter, with bills of a month each."""
    return ConfigSubentryDataWithId(
        data={
            "commodity": "electricity",
            "consumption_sensor": consumption_sensor,
            "cumulative": False,
            "bill_start": "2026-11-01",
            "bill_months": 1,
            "daily_forecast": False,
            **settings,
        },
        subentry_id=f"meter_{consumption_sensor}",
        subentry_type=SUBENTRY_METER,
        title=title,
        unique_id=f"electricity {consumption_sensor}",
    )


def automatic(
    power_sensor: int = BATTERY_POWER, **settings: Any
) -> ConfigSubentryDataWithId:
    """Make a device that is scheduled by itself."""
    return device(power_sensor, **{"automatic_scheduling": True, **settings})


class Home:
    """Home Assistant in Amsterdam, with one account."""

    def __init__(
        self,
        hass: HomeAssistant,
        server: FakeServer,
        freezer: FrozenDateTimeFactory,
        storage: Json,
    ) -> None:
        """Start without an account; call `set_up`."""
        self.hass = hass
        self.server = server
        self._freezer = freezer
        self._storage = storage
        self.entry: MockConfigEntry

    def add_account(
        self, *devices: ConfigSubentryDataWithId, **changes: str
    ) -> MockConfigEntry:
        """Add an account that is not set up, by default one with a battery."""
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title=EMAIL,
            unique_id=f"{URL_OF_SERVER}#{len(self.entries) + 1}",
            data={
                CONF_HOST: URL_OF_SERVER,
                CONF_USERNAME: EMAIL,
                CONF_PASSWORD: PASSWORD,
                **changes,
            },
            subentries_data=devices or (device(),),
        )
        self.entry.add_to_hass(self.hass)
        return self.entry

    async def set_up(
        self, *devices: ConfigSubentryDataWithId, **changes: str
    ) -> MockConfigEntry:
        """Add an account, by default one with a battery, and set it up."""
        entry = self.add_account(*devices, **changes)
        await self.start()
        return entry

    async def start(self) -> ConfigEntryState:
        """Set up the account."""
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.settle()
        return self.entry.state

    def add_device(self, added: ConfigSubentryDataWithId) -> None:
        """Add a device, as its form does."""
        self.hass.config_entries.async_add_subentry(
            self.entry,
            ConfigSubentry(
                data=MappingProxyType(added["data"]),
                subentry_id=added["subentry_id"],
                subentry_type=added["subentry_type"],
                title=added["title"],
                unique_id=added["unique_id"],
            ),
        )

    def change_device(
        self, power_sensor: int = BATTERY_POWER, *, title: str = "", **settings: Any
    ) -> None:
        """Change some settings of a device, as its form does, or its title."""
        subentry = self.entry.subentries[str(power_sensor)]
        self.hass.config_entries.async_update_subentry(
            self.entry,
            subentry,
            title=title or subentry.title,
            data={**subentry.data, **settings},
        )

    def remove_device(self, power_sensor: int = BATTERY_POWER) -> None:
        """Remove a device."""
        self.hass.config_entries.async_remove_subentry(self.entry, str(power_sensor))

    def disable_device(
        self, power_sensor: int = BATTERY_POWER, *, is_disabled: bool = True
    ) -> None:
        """Disable or enable a device, as its page does."""
        dr.async_get(self.hass).async_update_device(
            self.device_id(power_sensor),
            disabled_by=dr.DeviceEntryDisabler.USER if is_disabled else None,
        )

    async def reload(self) -> ConfigEntryState:
        """Set up the account again."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.settle()
        return self.entry.state

    async def settle(self) -> None:
        """Let everything that has begun come to its end."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def until(self, condition: Callable[[], object]) -> None:
        """Let things go on, without ending them, until something is so."""
        for _ in range(1_000_000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came to be")

    async def go_to(self, moment: datetime, *, is_settled: bool = True) -> None:
        """Let the time be another, and do what is due; to its end if `is_settled`."""
        self._freezer.move_to(moment)
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done(wait_background_tasks=is_settled)

    def pass_time(self, time: timedelta) -> None:
        """Let the time be later, with nothing done of what is due."""
        self._freezer.tick(time)

    async def call(self, action: str, **data: Any) -> Any:
        """Call an action and return its response."""
        return await self.hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )

    async def compute(self, **data: Any) -> Any:
        """Have the battery scheduled from a known state of charge."""
        return await self.call(
            "trigger_schedule", device_id=self.device_id(), soc_at_start=4, **data
        )

    async def press_compute(self) -> None:
        """Have the battery scheduled, as people do."""
        await self.act("press", "button", "compute_schedule")

    @property
    def triggers(self) -> list[Request]:
        """The requests for schedules so far."""
        return [
            request
            for request in self.server.requests
            if request.path.endswith("/schedules/trigger")
        ]

    @property
    def wishes(self) -> list[Any]:
        """What the server was asked to compute so far."""
        return [request.json for request in self.triggers]

    @property
    def entries(self) -> list[Any]:
        """All accounts."""
        return self.hass.config_entries.async_entries(DOMAIN)

    def device_id(self, power_sensor: int = BATTERY_POWER) -> str:
        """Home Assistant's id of a device."""
        found = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, str(power_sensor)), self.entry.entry_id
        )
        assert found
        return found.id

    def entity_id(self, power_sensor: int = BATTERY_POWER) -> str:
        """The schedule sensor of a device."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            "sensor", DOMAIN, f"{power_sensor}_schedule"
        )
        assert entity_id
        return entity_id

    def state(self, power_sensor: int = BATTERY_POWER) -> State:
        """The state of a device's schedule sensor."""
        state = self.hass.states.get(self.entity_id(power_sensor))
        assert state
        return state

    def plan(self, power_sensor: int = BATTERY_POWER) -> list[float | None]:
        """The values that a device's schedule sensor shows."""
        slots = self.state(power_sensor).attributes.get("schedule", [])
        return [slot["value"] for slot in slots]

    def changes(self, power_sensor: int = BATTERY_POWER) -> list[State | None]:
        """Give a list that each later change of a schedule sensor is added to."""
        states: list[State | None] = []

        # Else it would be called in threads, in any order.
        @callback
        def add(event: Event[EventStateChangedData]) -> None:
            states.append(event.data["new_state"])

        async_track_state_change_event(self.hass, self.entity_id(power_sensor), add)
        return states

    def has_planned(
        self,
        *values: float | None,
        power_sensor: int = BATTERY_POWER,
        start: datetime = SLOT,
        resolution: timedelta = QUARTER,
        unit: str = "kW",
    ) -> None:
        """Let the server have a plan, with the sign that it stores."""
        self.server.schedules[power_sensor] = StoredSchedule(
            start, resolution, list(values), unit
        )

    def has_prices(self, *values: float | None, sensor: int = PRICE) -> None:
        """Let the server have hourly prices in EUR/MWh, from the running hour on."""
        self.server.data[sensor] = StoredSchedule(SLOT, HOUR, list(values), "EUR/MWh")

    def remembers(
        self,
        *values: float | None,
        power_sensor: int = BATTERY_POWER,
        start: datetime = SLOT,
        **more: Any,
    ) -> None:
        """Let a plan of quarters of an hour, and more, be known from before a restart."""
        content = self._storage.setdefault(
            self.storage_key,
            {"version": 2, "minor_version": 1, "key": self.storage_key, "data": {}},
        )
        plan: Json = {
            "power": {
                "start": start.isoformat(),
                "resolution": 900.0,
                "values": list(values),
            },
            "soc": None,
            "consumption_price": None,
            "production_price": None,
        }
        content["data"][str(power_sensor)] = NOTHING_REMEMBERED | {"plan": plan} | more

    @property
    def storage_key(self) -> str:
        """The name of the account's file."""
        return f"{DOMAIN}.{self.entry.entry_id}"

    @property
    def stored(self) -> Json:
        """What is in the account's file, by device."""
        stored: Json = self._storage[self.storage_key]["data"]
        return stored

    @property
    def is_stored(self) -> bool:
        """Whether the account has a file."""
        return self.storage_key in self._storage

    def plans_read(self, power_sensor: int = BATTERY_POWER) -> list[Request]:
        """The requests for what the scheduler planned."""
        return [
            request
            for request in self.server.requests_to(
                "GET", f"/api/v3_0/sensors/{power_sensor}/data"
            )
            if request.query.get("source-type") == "scheduler"
        ]

    @property
    def reauthentications(self) -> list[Any]:
        """The flows that ask for a password."""
        return list(self.entry.async_get_active_flows(self.hass, {"reauth"}))

    def entity(self, platform: str, key: str, power_sensor: int = BATTERY_POWER) -> str:
        """The id of an entity of a device."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, f"{power_sensor}_{key}"
        )
        assert entity_id
        return entity_id

    def state_of(
        self, platform: str, key: str, power_sensor: int = BATTERY_POWER
    ) -> State:
        """The state of an entity of a device."""
        state = self.hass.states.get(self.entity(platform, key, power_sensor))
        assert state
        return state

    def value(self, platform: str, key: str, power_sensor: int = BATTERY_POWER) -> str:
        """What an entity of a device says."""
        return self.state_of(platform, key, power_sensor).state

    def attributes(self, platform: str, key: str) -> Json:
        """What an entity of the battery says besides."""
        return dict(self.state_of(platform, key).attributes)

    def record(self) -> list[State]:
        """Give a list that each later state of any entity of the account is added to."""
        states: list[State] = []
        entities = er.async_entries_for_config_entry(
            er.async_get(self.hass), self.entry.entry_id
        )

        # Else it would be called in threads, in any order.
        @callback
        def add(event: Event[EventStateChangedData]) -> None:
            assert event.data["new_state"]
            states.append(event.data["new_state"])

        async_track_state_change_event(
            self.hass, [entity.entity_id for entity in entities], add
        )
        return states

    async def act(self, action: str, platform: str, key: str, **data: Any) -> None:
        """Do something to an entity of the battery, and let it take effect."""
        await self.hass.services.async_call(
            platform,
            action,
            {"entity_id": self.entity(platform, key), **data},
            blocking=True,
        )
        await self.settle()

    async def override(self, **data: Any) -> None:
        """Override the battery's setpoint."""
        await self.hass.services.async_call(
            DOMAIN, "override", {"device_id": self.device_id(), **data}, blocking=True
        )
