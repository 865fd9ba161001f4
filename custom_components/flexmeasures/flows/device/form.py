"""What sets up a device: its forms, and what they make."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
import re
from typing import Any

import voluptuous as vol

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    UnitOfEnergy,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant

from ...api.client import FlexMeasuresApi
from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CAPACITY,
    CONF_EMPTY_TEMPERATURE,
    CONF_FOLLOWER,
    CONF_FULL_TEMPERATURE,
    CONF_POWER_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_READY_BY_CALENDAR,
    CONF_S2,
    CONF_S2_ANY_RESOURCE,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_ENTITY,
    CONF_SOC_MAX,
    CONF_SOC_MAX_AGE,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
    CONF_SOC_UNIT,
    CONF_YAML,
)
from ...device.entity_references import async_is_gone, async_is_own
from ...device.level_entity import level_unit
from ...device.settings import DeviceSettings
from ...plan.energy_units import TemperatureRange, from_kwh, in_kwh, is_temperature
from ...plan.horizon import longest_plan
from ..doubts import Doubts
from ..fields import (
    FieldError,
    SensorSelector,
    async_find_sensor,
    chosen_sensor_id,
    is_public,
    shown,
)
from ..wording import Wording
from .fields import (
    EFFICIENCY,
    ENERGY_PRICE,
    NO_PRICE,
    POWER,
    SOC_UNITS,
    STATE_OF_CHARGE,
    currencies,
    duration_fields,
    offered_power_sensors,
    power_sensors,
)
from .level_entity import async_level_entities
from .level_feed import LevelFeed, LevelFeeds
from .pairing import NewPairing
from .server_settings import FLEX_FIELDS, PRICES, ServerSettings
from .settings_form import (
    ALL_SETTINGS,
    AMOUNTS,
    CONF_S2_ANY_RESOURCE_FIELD,
    CONF_S2_ENABLED,
    CONF_S2_NEW_TOKEN,
    CONF_SEND_LEVEL,
    CURRENCIES_DIFFER,
    FACTS,
    LEVEL,
    S2_SENSOR_UNITS,
    SCREENS,
    SENSOR_UNITS,
    settings_schema,
)
from .settings_reading import (
    AS_ENTERED,
    DEFAULT_DURATIONS,
    ENTITIES,
    TEMPERATURES,
    SettingsReading,
)

# What is about one thing in the home, and its sensors.
_OF_ONE_DEVICE = {
    *FLEX_FIELDS,
    *SENSOR_UNITS,
    *ENTITIES,
    *AS_ENTERED,
    CONF_CAPACITY,
    CONF_SOC_MAX_AGE,
    CONF_FOLLOWER,
    CONF_S2,
    CONF_YAML,
}
# What decides what is sent to FlexMeasures of the state of charge.
_OF_LEVEL_FEED = frozenset({*SCREENS[LEVEL], CONF_S2_ENABLED})
_WRONG_UNIT = {
    POWER: "not_a_power_sensor",
    ENERGY_PRICE: "not_a_price_sensor",
    STATE_OF_CHARGE: "not_a_state_of_charge_sensor",
    EFFICIENCY: "not_an_efficiency_sensor",
    NO_PRICE: "price_sensor",
}


class DeviceForm:
    """Builds the forms and reads them; knows what the server says by itself."""

    def __init__(
        self,
        hass: HomeAssistant,
        api: FlexMeasuresApi,
        catalogue: Catalogue,
        *,
        taken: Collection[int] = (),
        settings: Mapping[str, Any] | None = None,
        former: Mapping[int, Mapping[str, Any]] | None = None,
        named_before: Collection[str] = (),
        level_feeds: LevelFeeds | None = None,
    ) -> None:
        """Start with the present settings of a device, or for a new one.

        `taken` are the power sensors of other devices. `former` are settings to
        offer for a new device, by its power sensor. `named_before` are entities that
        the device has already, and keeps whatever has become of them. `level_feeds` are
        the feeds that there are, if the account is not new.
        """
        self._hass = hass
        self._api = api
        self._catalogue = catalogue
        self._taken = taken
        self._settings = settings
        self._former = former or {}
        self._named_before = named_before
        self.level_feeds = level_feeds or LevelFeeds()
        """The feeds that there are."""
        self._sensor: Sensor | None = None
        self._seen: Mapping[str, Any] | None = None
        """What was filled in last."""
        self._doubts = Doubts()
        self.data: dict[str, Any] = {}
        """What the forms made: the data of a device subentry."""
        self.level_feed: LevelFeed | None = None
        """What is to send the state of charge to FlexMeasures."""
        self.has_level_feed_changed = False
        """Whether that was read; else what there is stays."""
        self.new_pairing: NewPairing | None = None
        """What has to be shown before `data` is kept."""
        self.gone_entities: Mapping[str, str] = {}
        """Entities that were entered and are not there, by field."""
        self.placeholders: Mapping[str, str] = {}
        """Of the texts of the errors."""

    @property
    def has_former(self) -> bool:
        """Whether settings of a former integration are offered."""
        return bool(self._former)

    @property
    def has_choice(self) -> bool:
        """Whether the account has a power sensor for a new device."""
        return bool(power_sensors(self._catalogue, self._taken))

    @property
    def sensor(self) -> Sensor:
        """The power sensor that was chosen."""
        assert self._sensor is not None
        return self._sensor

    def title(self, titles: Collection[str] = ()) -> str:
        """Return the asset's name, with the sensor's if another device has that title."""
        name = self._catalogue.assets[self.sensor.asset_id].name
        return name if name not in titles else f"{name}: {self.sensor.name}"

    @property
    def is_same_sensor(self) -> bool:
        """Whether the power sensor is the one that the device has already."""
        return self._present_sensor == self.sensor.id

    def device_schema(self) -> vol.Schema:
        """Return the form that asks for the power sensor."""
        sensors = offered_power_sensors(self._catalogue, self._taken)
        selector = SensorSelector(
            self._catalogue, sensors, is_first=self._catalogue.is_device
        )
        return vol.Schema({vol.Required(CONF_POWER_SENSOR): selector})

    def device_values(self) -> dict[str, Any]:
        """Return what that form shows before anything is entered."""
        if self._settings is not None:
            power_sensor = self._settings[CONF_POWER_SENSOR]
        elif self._former:
            power_sensor = next(iter(self._former))
        else:
            return {}
        return {CONF_POWER_SENSOR: shown(self._catalogue, power_sensor)}

    async def async_read_device(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Read the power sensor; return an error for each field that is wrong."""
        try:
            self._sensor = await self._async_power_sensor(user_input[CONF_POWER_SENSOR])
        except FieldError as err:
            return {CONF_POWER_SENSOR: err.key}
        return {}

    def facts_schema(self, values: Mapping[str, Any]) -> vol.Schema:
        """Return the form with what is asked of a new device, to show values in."""
        hidden = self._hidden_temperatures(values)
        return self._schema(key for key in FACTS if key not in hidden)

    def screen_schema(self, screen: str, values: Mapping[str, Any]) -> vol.Schema:
        """Return the form of one screen of settings, to show values in."""
        hidden = self._hidden_temperatures(values)
        if self._offered_soc_sensor() is None:
            hidden.add(CONF_SEND_LEVEL)
        if CONF_S2 not in self.own_settings:
            hidden |= {CONF_S2_NEW_TOKEN, CONF_S2_ANY_RESOURCE_FIELD}
        return self._schema(key for key in SCREENS[screen] if key not in hidden)

    def facts_values(self) -> dict[str, Any]:
        """Return what the form for a new device shows first."""
        values = self.settings_values()
        if not self.own_settings:
            values[CONF_AUTOMATIC_SCHEDULING] = True
        return values

    def settings_values(self) -> dict[str, Any]:
        """Return the device's settings, else the server's, as they are entered."""
        own = self.own_settings
        values = {**self._stored_values(own), **self._defaults(), **own}
        values.pop(CONF_POWER_SENSOR, None)
        for key in SENSOR_UNITS.keys() & values.keys():
            values[key] = shown(self._catalogue, values[key])
        for key in DEFAULT_DURATIONS.keys() & own.keys():
            values[key] = duration_fields(timedelta(seconds=own[key]))
        return values

    def described_level_feed(self, wording: Wording) -> str:
        """Return what becomes of the measured state of charge, as a sentence."""
        known = self._known_soc_sensor()
        if CONF_S2 in self.own_settings:
            return wording.text("level_feed_s2")
        if known is None:
            return wording.text("level_feed_no_sensor")
        if feed := self.level_feeds.others.get(known.id):
            return wording.text("level_feed_taken", sensor=known.name, feed=feed)
        return wording.text("level_feed_offered", sensor=known.name)

    def described_price_feeds(self, wording: Wording) -> str:
        """Return what the prices in force are sent by, as a sentence; empty if by nothing here."""
        own = self.own_settings
        sensors = {**self._stored_values(own), **own}
        feeds = [self.level_feeds.others.get(sensors.get(key) or 0) for key in PRICES]
        names = ", ".join(dict.fromkeys(feed for feed in feeds if feed))
        return wording.text("price_feeds", feeds=names) if names else ""

    async def async_read_facts(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Read what was asked of a new device; all else has its default, or was offered.

        Returns an error for each field that is wrong.
        """
        values = {**_without(self.settings_values(), FACTS), **user_input}
        if unit := self._derived_unit(user_input):
            values[CONF_SOC_UNIT] = unit
        return await self._async_read(values, ALL_SETTINGS, {}, is_seen=True)

    async def async_read_screen(
        self, screen: str, user_input: Mapping[str, Any]
    ) -> dict[str, str]:
        """Read one screen; what is on others stays as it is.

        Returns an error for each field that is wrong.
        """
        keys = SCREENS[screen]
        values = {**_without(self.settings_values(), keys), **user_input}
        changed = {*keys, CONF_S2} if CONF_S2_ENABLED in keys else keys
        kept = _without(self.own_settings, changed)
        if CONF_SOC_UNIT in keys and values[CONF_SOC_UNIT] != self._soc_unit:
            kept = self._in_another_unit(kept, values)
        return await self._async_read(values, keys, kept, is_seen=True)

    async def async_read_settings(
        self, user_input: Mapping[str, Any]
    ) -> dict[str, str]:
        """Read all settings; return an error for each that is wrong.

        What `user_input` lacks has its default.
        """
        own = self.own_settings
        # What the YAML says is compared with what it said, whatever the user changes.
        kept = {CONF_YAML: own[CONF_YAML]} if CONF_YAML in own else {}
        return await self._async_read(user_input, ALL_SETTINGS, kept, is_seen=False)

    async def _async_read(
        self,
        user_input: Mapping[str, Any],
        keys: Collection[str],
        kept: Mapping[str, Any],
        *,
        is_seen: bool,
    ) -> dict[str, str]:
        """Read some settings, of which only what differs from the server's is kept.

        That one stays in force and is not sent again. `is_seen`: someone is there to
        whom it matters what an entity shows at the moment.
        """
        values = {**self._defaults(), **user_input}
        stored = self._stored_values(values)
        own = self.own_settings
        soc_entity = self._hass.states.get(values.get(CONF_SOC_ENTITY) or "")
        full_kwh = self.server.full_kwh
        reading = SettingsReading(values, keys, await Wording.async_load(self._hass))
        await self._async_read_sensors(reading, values, stored, keys)
        reading.read_limits(stored, self._seen or self.settings_values())
        self._seen = user_input
        reading.read_durations(self.sensor)
        reading.read_pairing(own.get(CONF_S2))
        if CONF_S2 in reading.data and CONF_FOLLOWER in kept:
            reading.errors[CONF_S2_ENABLED] = "s2_has_follower"
        reading.read_entities(self._is_gone)
        if CONF_READY_BY_CALENDAR in keys and async_is_own(
            self._hass, values.get(CONF_READY_BY_CALENDAR)
        ):
            # Plans would be wishes for the next ones.
            reading.errors[CONF_READY_BY_CALENDAR] = "own_calendar"
        reading.read_others()
        reading.read_capacity(soc_entity, full_kwh)
        reading.check_temperatures(soc_entity)
        data = {CONF_POWER_SENSOR: self.sensor.id, **kept, **reading.data}
        reading.check_amounts(data, full_kwh if is_seen else None)
        if is_seen:
            reading.ask_back(self._doubts, own, full_kwh)
        if is_seen and not reading.errors:
            reading.check_entity(
                soc_entity, DeviceSettings.from_subentry(data), full_kwh
            )
        self.gone_entities = reading.gone_entities
        self.placeholders = reading.placeholders
        self.has_level_feed_changed = not _OF_LEVEL_FEED.isdisjoint(keys)
        if self.has_level_feed_changed:
            with reading.field(CONF_CAPACITY):
                self.level_feed = self._read_level_feed(values, {**stored, **data})
        if not reading.errors:
            self.data = data
            self.new_pairing = reading.new_pairing
        return reading.errors

    async def _async_read_sensors(
        self,
        reading: SettingsReading,
        values: Mapping[str, Any],
        stored: Mapping[str, Any],
        keys: Collection[str],
    ) -> None:
        """Keep the sensors that differ from the server's."""
        sensors: dict[str, Sensor] = {}
        for key, unit in SENSOR_UNITS.items():
            if key not in keys or not (choice := values.get(key)):
                continue
            if (
                key in stored
                and chosen_sensor_id(self._catalogue, choice) == stored[key]
            ):
                continue
            with reading.field(key):
                sensor = await self._async_sensor(choice, unit)
                if key in S2_SENSOR_UNITS and is_public(self._catalogue, sensor):
                    raise FieldError("sensor_of_another_account")
                sensors[key] = sensor
                reading.data[key] = sensor.id
        if self._currencies_differ(sensors, stored):
            reading.errors.setdefault(CONF_PRODUCTION_PRICE_SENSOR, CURRENCIES_DIFFER)

    def _read_level_feed(
        self, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> LevelFeed | None:
        """Return what is to send the state of charge; raises FieldError."""
        entity_id = settings.get(CONF_SOC_ENTITY)
        sensor = self.level_feeds.sensor(self._catalogue, settings.get(CONF_SOC_SENSOR))
        if (
            not (values[CONF_SEND_LEVEL] and entity_id and sensor)
            or CONF_S2 in settings
        ):
            return None
        return self.level_feeds.async_feed(
            self._hass,
            self._catalogue,
            sensor,
            entity_id,
            capacity=settings.get(CONF_CAPACITY) or self.server.full_kwh,
            temperatures=TemperatureRange.of(
                settings.get(CONF_EMPTY_TEMPERATURE),
                settings.get(CONF_FULL_TEMPERATURE),
            ),
        )

    def _hidden_temperatures(self, values: Mapping[str, Any]) -> set[str]:
        """Return the temperatures of a tank, unless they are known or its entity shows one."""
        state = self._hass.states.get(values.get(CONF_SOC_ENTITY) or "")
        unit = level_unit(state, UnitOfTemperature.CELSIUS) if state else None
        return set() if is_temperature(unit) else TEMPERATURES.keys() - values.keys()

    def _known_soc_sensor(self) -> Sensor | None:
        """Return where the state of charge can be sent to, before the form is read."""
        own = self.own_settings
        known = {**self._stored_values(own), **own}
        return self.level_feeds.sensor(self._catalogue, known.get(CONF_SOC_SENSOR))

    def _offered_soc_sensor(self) -> Sensor | None:
        """Return the same; None if somebody else sends it."""
        known = self._known_soc_sensor()
        is_fed = known is not None and known.id in self.level_feeds.others
        return None if is_fed or CONF_S2 in self.own_settings else known

    def _is_gone(self, entity_id: str) -> bool:
        """Return whether an entity cannot be chosen."""
        return entity_id not in self._named_before and async_is_gone(
            self._hass, entity_id
        )

    @property
    def server(self) -> ServerSettings:
        """What the server says of the device."""
        return ServerSettings(self._catalogue, self.sensor)

    @property
    def own_settings(self) -> Mapping[str, Any]:
        """What is set for this power sensor so far, or offered."""
        settings = self._settings
        if settings is None:
            return self._former.get(self.sensor.id, {})
        if self.is_same_sensor:
            return settings
        # How to plan stays.
        foreign = set(_OF_ONE_DEVICE)
        if settings.get(CONF_SOC_UNIT) == PERCENTAGE:
            foreign.add(CONF_SOC_UNIT)
        seconds = settings.get(CONF_SCHEDULE_DURATION, 0)
        longest = longest_plan(self.sensor.slot_length)
        if not self.sensor.resolution <= timedelta(seconds=seconds) <= longest:
            foreign.add(CONF_SCHEDULE_DURATION)
        return _without(settings, foreign)

    @property
    def _present_sensor(self) -> int | None:
        """The power sensor that the device has already."""
        return self._settings[CONF_POWER_SENSOR] if self._settings else None

    @property
    def _soc_unit(self) -> str:
        """The unit of amounts, unless another one is chosen."""
        unit: str = self.own_settings.get(CONF_SOC_UNIT) or self._server_unit
        return unit

    @property
    def _server_unit(self) -> str:
        return self.server.soc_unit or UnitOfEnergy.KILO_WATT_HOUR

    def _schema(self, keys: Iterable[str]) -> vol.Schema:
        """Return a form with some of the settings."""
        own = self.own_settings
        return settings_schema(
            self._catalogue,
            keys,
            level_entities=async_level_entities(self._hass, own.get(CONF_SOC_ENTITY)),
            amount_unit=self._soc_unit,
            with_seconds=[key for key in DEFAULT_DURATIONS if own.get(key, 0) % 60],
        )

    def _in_another_unit(
        self, settings: Mapping[str, Any], values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return settings with the same amounts in the unit that was entered, among `values`.

        Without those that cannot be told in it.
        """
        held_before = self.own_settings.get(CONF_CAPACITY)
        holds = values.get(CONF_CAPACITY) or self.server.full_kwh
        converted = _without(settings, AMOUNTS)
        for key in AMOUNTS & settings.keys():
            kwh = in_kwh(settings[key], self._soc_unit, held_before)
            unit = values[CONF_SOC_UNIT]
            amount = None if kwh is None else from_kwh(kwh, unit, holds)
            if amount is not None:
                converted[key] = round(amount, 9)
        return converted

    def _derived_unit(self, user_input: Mapping[str, Any]) -> str | None:
        """Return the unit of a level that no amounts are in so far; None if they are, or should."""
        if (
            self.server.soc_unit
            or CONF_SOC_UNIT in self.own_settings
            or not user_input.keys().isdisjoint({CONF_SOC_MIN, CONF_SOC_MAX})
        ):
            return None
        state = self._hass.states.get(user_input.get(CONF_SOC_ENTITY, ""))
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
        return unit if unit in SOC_UNITS else None

    def _stored_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the server says, in the unit and of the capacity that are in `values`."""
        return self.server.values(
            values.get(CONF_SOC_UNIT, self._server_unit), values.get(CONF_CAPACITY)
        )

    def _defaults(self) -> dict[str, Any]:
        """Return what settings that need a value have if they are not given."""
        return {
            CONF_SOC_UNIT: self._server_unit,
            CONF_AUTOMATIC_SCHEDULING: False,
            CONF_S2_ENABLED: CONF_S2 in self.own_settings,
            CONF_S2_ANY_RESOURCE_FIELD: self.own_settings.get(CONF_S2, {}).get(
                CONF_S2_ANY_RESOURCE, False
            ),
            CONF_SEND_LEVEL: not self.level_feeds.is_declined,
            **{key: duration_fields(value) for key, value in DEFAULT_DURATIONS.items()},
        }

    async def _async_sensor(self, choice: str | int, unit: re.Pattern[str]) -> Sensor:
        """Return a sensor that has such a unit; raises FieldError."""
        sensor = await async_find_sensor(self._api, self._catalogue, choice)
        if not unit.fullmatch(sensor.unit):
            raise FieldError(_WRONG_UNIT[unit])
        return sensor

    async def _async_power_sensor(self, choice: str | int) -> Sensor:
        """Return a power sensor of the account itself that no other device has.

        Raises FieldError.
        """
        sensor = await self._async_sensor(choice, POWER)
        if not sensor.resolution and sensor.id != self._present_sensor:
            raise FieldError("instantaneous_power_sensor")
        asset = self._catalogue.assets.get(sensor.asset_id)
        if asset is None or asset.is_public:
            raise FieldError("sensor_of_another_account")
        if sensor.id in self._taken:
            raise FieldError("sensor_already_used")
        return sensor

    def _currencies_differ(
        self, sensors: Mapping[str, Sensor], stored: Mapping[str, Any]
    ) -> bool:
        """Return whether a price was chosen in another currency than the other price's.

        The server refuses to compare them.
        """
        if sensors.keys().isdisjoint(PRICES):
            return False
        prices = (
            sensors.get(key) or self._catalogue.sensors.get(stored.get(key, 0))
            for key in PRICES
        )
        return len(currencies(prices)) > 1


def _without(settings: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in keys}
