"""The two forms that set up a device: which power sensor, and then its settings."""

from collections.abc import Collection, Mapping
from datetime import timedelta
import re
from typing import Any

import voluptuous as vol

from homeassistant.const import PERCENTAGE, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ...api.client import FlexMeasuresApi
from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CAPACITY,
    CONF_POWER_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_S2,
    CONF_SOC_ENTITY,
    CONF_SOC_MAX,
    CONF_SOC_MAX_AGE,
    CONF_SOC_SENSOR,
    CONF_SOC_UNIT,
    CONF_YAML,
    DOMAIN,
)
from ...device.entity_references import async_is_gone
from ..fields import (
    FieldError,
    SensorSelector,
    async_find_sensor,
    is_public,
    read_sensor_id,
    shown,
)
from .fields import (
    EFFICIENCY,
    ENERGY_PRICE,
    NO_PRICE,
    POWER,
    STATE_OF_CHARGE,
    currencies,
    duration_fields,
    power_sensors,
)
from .level_feed import LevelFeed, LevelFeeds
from .pairing import NewPairing
from .server_settings import FLEX_FIELDS, PRICES, ServerSettings
from .settings_form import (
    CONF_S2_ENABLED,
    CONF_SEND_LEVEL,
    CURRENCIES_DIFFER,
    S2_SENSOR_UNITS,
    SENSOR_UNITS,
    settings_schema,
)
from .settings_reading import AS_ENTERED, DEFAULT_DURATIONS, ENTITIES, SettingsReading

# What is about one thing in the home, and its sensors.
_OF_ONE_DEVICE = {
    *FLEX_FIELDS,
    *SENSOR_UNITS,
    *AS_ENTERED,
    *ENTITIES,
    CONF_SOC_MAX_AGE,
    CONF_S2,
    CONF_YAML,
}
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
        self.data: dict[str, Any] = {}
        """What the forms made: the data of a device subentry."""
        self.level_feed: LevelFeed | None = None
        """What is to send the state of charge to FlexMeasures."""
        self.new_pairing: NewPairing | None = None
        """What has to be shown before `data` is kept."""
        self.gone_entities: Mapping[str, str] = {}
        """Entities that were entered and are not there, by field."""

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

    def device_schema(self) -> vol.Schema:
        """Return the form of the first step."""
        sensors = power_sensors(self._catalogue, self._taken)
        selector = SensorSelector(
            self._catalogue, sensors, is_first=self._catalogue.flex_model
        )
        return vol.Schema({vol.Required(CONF_POWER_SENSOR): selector})

    def device_values(self) -> dict[str, Any]:
        """Return what the first form shows before anything is entered."""
        if self._settings is not None:
            power_sensor = self._settings[CONF_POWER_SENSOR]
        elif self._former:
            power_sensor = next(iter(self._former))
        else:
            return {}
        return {CONF_POWER_SENSOR: shown(self._catalogue, power_sensor)}

    async def async_read_device(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Read the first form; return an error for each field that is wrong."""
        try:
            self._sensor = await self._async_power_sensor(user_input[CONF_POWER_SENSOR])
        except FieldError as err:
            return {CONF_POWER_SENSOR: err.key}
        return {}

    def settings_schema(self, sections_with_errors: Collection[str]) -> vol.Schema:
        """Return the form of the second step, in sections."""
        return settings_schema(
            self._catalogue,
            sections_with_errors,
            is_paired=CONF_S2 in self._own_settings(),
            sends_level=self._offered_soc_sensor() is not None,
        )

    def settings_values(self) -> dict[str, Any]:
        """Return what the second form shows first: the device's settings, else the server's.

        Without sections.
        """
        own = self._own_settings()
        values = {**self._stored_values(own), **self._defaults(), **own}
        values.pop(CONF_POWER_SENSOR, None)
        for key in SENSOR_UNITS.keys() & values.keys():
            values[key] = shown(self._catalogue, values[key])
        for key in DEFAULT_DURATIONS.keys() & own.keys():
            values[key] = duration_fields(timedelta(seconds=own[key]))
        return values

    async def async_server_settings(self) -> str:
        """Return what the server already knows of the asset, as a sentence for the form."""
        return await self._server.async_described(self._hass)

    async def async_described_level_feed(self) -> str:
        """Return what becomes of the measured state of charge, as a sentence for the form."""
        known = self._known_soc_sensor()
        if CONF_S2 in self._own_settings():
            key = "level_feed_s2"
        elif known is None:
            key = "level_feed_no_sensor"
        elif known.id in self.level_feeds.others:
            key = "level_feed_taken"
        else:
            key = "level_feed_offered"
        texts = await async_get_translations(
            self._hass, self._hass.config.language, "common", {DOMAIN}
        )
        return texts[f"component.{DOMAIN}.common.{key}"].format(
            sensor=known.name if known else "",
            feed=self.level_feeds.others.get(known.id, "") if known else "",
        )

    async def async_read_settings(
        self, user_input: Mapping[str, Any]
    ) -> dict[str, str]:
        """Read the second form; return an error for each field that is wrong.

        `user_input` has no sections; what it lacks has its default. Only what
        differs from the server's own settings is kept, so that these stay in force
        and are not sent again.
        """
        values = {**self._defaults(), **user_input}
        stored = self._stored_values(values)
        own = self._own_settings()
        reading = SettingsReading(values)
        await self._async_read_sensors(reading, values, stored)
        reading.read_limits(stored, own, self._stored_values(own))
        reading.read_durations(self.sensor)
        reading.read_pairing(own.get(CONF_S2))
        reading.read_entities(self._is_gone)
        reading.read_others(self._hass.states.get(values.get(CONF_SOC_ENTITY) or ""))
        self.gone_entities = reading.gone_entities
        with reading.field(CONF_CAPACITY):
            self.level_feed = self._read_level_feed(values, {**stored, **reading.data})
        if not reading.errors:
            # What the YAML says is compared with what it said, whatever the user changes.
            kept = {CONF_YAML: own[CONF_YAML]} if CONF_YAML in own else {}
            self.data = {CONF_POWER_SENSOR: self.sensor.id, **reading.data, **kept}
            self.new_pairing = reading.new_pairing
        return reading.errors

    async def _async_read_sensors(
        self,
        reading: SettingsReading,
        values: Mapping[str, Any],
        stored: Mapping[str, Any],
    ) -> None:
        """Keep the sensors that differ from the server's."""
        sensors: dict[str, Sensor] = {}
        for key, unit in SENSOR_UNITS.items():
            if not (choice := values.get(key)):
                continue
            if key in stored and read_sensor_id(choice) == stored[key]:
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
        server = self._server.values(UnitOfEnergy.KILO_WATT_HOUR, None)
        return self.level_feeds.async_feed(
            self._hass,
            self._catalogue,
            sensor,
            entity_id,
            settings.get(CONF_CAPACITY) or server.get(CONF_SOC_MAX),
        )

    def _known_soc_sensor(self) -> Sensor | None:
        """Return where the state of charge can be sent to, before the form is read."""
        own = self._own_settings()
        known = {**self._stored_values(own), **own}
        return self.level_feeds.sensor(self._catalogue, known.get(CONF_SOC_SENSOR))

    def _offered_soc_sensor(self) -> Sensor | None:
        """Return the same; None if somebody else sends it."""
        known = self._known_soc_sensor()
        is_fed = known is not None and known.id in self.level_feeds.others
        return None if is_fed or CONF_S2 in self._own_settings() else known

    def _is_gone(self, entity_id: str) -> bool:
        """Return whether an entity cannot be chosen."""
        return entity_id not in self._named_before and async_is_gone(
            self._hass, entity_id
        )

    @property
    def _server(self) -> ServerSettings:
        """What the server says of the device."""
        return ServerSettings(self._catalogue, self.sensor)

    def _stored_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the server says, in the unit and of the capacity that are in `values`."""
        return self._server.values(
            values.get(CONF_SOC_UNIT, self._server.soc_unit), values.get(CONF_CAPACITY)
        )

    def _defaults(self) -> dict[str, Any]:
        """Return what settings that need a value have if they are not given."""
        return {
            CONF_SOC_UNIT: self._server.soc_unit,
            CONF_AUTOMATIC_SCHEDULING: False,
            CONF_S2_ENABLED: CONF_S2 in self._own_settings(),
            CONF_SEND_LEVEL: not self.level_feeds.is_declined,
            **{key: duration_fields(value) for key, value in DEFAULT_DURATIONS.items()},
        }

    def _own_settings(self) -> Mapping[str, Any]:
        """Return what is set for this power sensor so far, or offered."""
        settings = self._settings
        if settings is None:
            return self._former.get(self.sensor.id, {})
        if settings.get(CONF_POWER_SENSOR) == self.sensor.id:
            return settings
        # How to plan stays.
        foreign = set(_OF_ONE_DEVICE)
        if settings.get(CONF_SOC_UNIT) == PERCENTAGE:
            foreign.add(CONF_SOC_UNIT)
        return {key: value for key, value in settings.items() if key not in foreign}

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
