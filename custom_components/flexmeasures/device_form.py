"""The two forms that set up a device: which power sensor, and then its settings."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
import re
from typing import Any

import voluptuous as vol

from homeassistant.const import UnitOfEnergy
from homeassistant.helpers.selector import (
    BooleanSelector,
    DurationSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util.unit_conversion import EnergyConverter

from .api import FlexMeasuresApi
from .api.errors import NotFoundError, NotPermittedError
from .api.models import Catalogue, Sensor
from .const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_POWER_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_RM_DISCHARGE_SENSOR,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_MAX,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
    CONF_SOC_UNIT,
    CONF_UPDATE_INTERVAL,
    DEFAULT_SCHEDULE_DURATION,
    DEFAULT_UPDATE_INTERVAL,
)
from .device import STATE_OF_CHARGE
from .form_fields import (
    FieldError,
    LenientDurationSelector,
    SensorSelector,
    duration_fields,
    label,
    read_duration,
    read_sensor_id,
)

MINIMUM_UPDATE_INTERVAL = timedelta(minutes=1)

_SOC_UNITS = (
    UnitOfEnergy.KILO_WATT_HOUR,
    UnitOfEnergy.WATT_HOUR,
    UnitOfEnergy.MEGA_WATT_HOUR,
)
_ENERGY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kM]?Wh)\s*")
_POWER = re.compile(r"[kM]?W")
_ENERGY_PRICE = re.compile(r"[A-Z]{3}/[kM]?Wh")
_STATE_OF_CHARGE = re.compile(r"[kM]?Wh|%")

# Where the server keeps what a setting says.
_FLEX_FIELDS = {
    CONF_CONSUMPTION_PRICE_SENSOR: "consumption-price",
    CONF_PRODUCTION_PRICE_SENSOR: "production-price",
    CONF_SOC_SENSOR: STATE_OF_CHARGE,
    CONF_SOC_MIN: "soc-min",
    CONF_SOC_MAX: "soc-max",
}
_SENSOR_UNITS = {
    CONF_CONSUMPTION_PRICE_SENSOR: _ENERGY_PRICE,
    CONF_PRODUCTION_PRICE_SENSOR: _ENERGY_PRICE,
    CONF_SOC_SENSOR: _STATE_OF_CHARGE,
    CONF_RM_DISCHARGE_SENSOR: _POWER,
}
_PRICES = (CONF_CONSUMPTION_PRICE_SENSOR, CONF_PRODUCTION_PRICE_SENSOR)
_WRONG_UNIT = {
    _POWER: "not_a_power_sensor",
    _ENERGY_PRICE: "not_a_price_sensor",
    _STATE_OF_CHARGE: "not_a_state_of_charge_sensor",
}


class DeviceForm:
    """Builds the forms and reads them; knows what the server says by itself."""

    def __init__(
        self,
        api: FlexMeasuresApi,
        catalogue: Catalogue,
        *,
        taken: Collection[int] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Start with the present settings of a device, or for a new one.

        `taken` are the power sensors of other devices.
        """
        self._api = api
        self._catalogue = catalogue
        self._taken = taken
        self._settings = settings
        self._sensor: Sensor | None = None
        self.data: dict[str, Any] = {}
        """What the forms made: the data of a device subentry."""

    @property
    def has_choice(self) -> bool:
        """Whether the account has a power sensor for a new device."""
        return bool(self._power_sensors())

    @property
    def sensor(self) -> Sensor:
        """The power sensor that was chosen."""
        assert self._sensor is not None
        return self._sensor

    def title(self, titles: Collection[str] = ()) -> str:
        """The asset's name, with the sensor's if another device has that title."""
        name = self._catalogue.assets[self.sensor.asset_id].name
        return name if name not in titles else f"{name}: {self.sensor.name}"

    def device_schema(self) -> vol.Schema:
        """The form of the first step."""
        selector = SensorSelector(self._catalogue, self._power_sensors())
        return vol.Schema({vol.Required(CONF_POWER_SENSOR): selector})

    def device_values(self) -> dict[str, Any]:
        """What the first form shows before anything is entered."""
        if self._settings is None:
            return {}
        return {CONF_POWER_SENSOR: self._shown(self._settings[CONF_POWER_SENSOR])}

    async def async_read_device(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Take over the first form; returns an error for each field that is wrong."""
        try:
            self._sensor = await self._async_power_sensor(user_input[CONF_POWER_SENSOR])
        except FieldError as err:
            return {CONF_POWER_SENSOR: err.key}
        return {}

    def settings_schema(self) -> vol.Schema:
        """The form of the second step."""
        fields: dict[vol.Marker, Any] = {
            vol.Optional(key): SensorSelector(
                self._catalogue,
                [
                    sensor
                    for sensor in self._catalogue.sensors.values()
                    if unit.fullmatch(sensor.unit)
                ],
            )
            for key, unit in _SENSOR_UNITS.items()
        }
        amount = NumberSelector(
            NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX)
        )
        fields |= {
            vol.Required(CONF_SOC_UNIT): SelectSelector(
                SelectSelectorConfig(
                    options=list(_SOC_UNITS), mode=SelectSelectorMode.DROPDOWN
                )
            ),
            vol.Optional(CONF_SOC_MIN): amount,
            vol.Optional(CONF_SOC_MAX): amount,
            vol.Required(CONF_SCHEDULE_DURATION): LenientDurationSelector(
                DurationSelectorConfig(enable_day=True, enable_second=False)
            ),
            vol.Required(CONF_UPDATE_INTERVAL): LenientDurationSelector(
                DurationSelectorConfig(enable_day=True)
            ),
            vol.Required(CONF_AUTOMATIC_SCHEDULING): BooleanSelector(),
        }
        return vol.Schema(fields)

    def settings_values(self) -> dict[str, Any]:
        """What the second form shows first: the device's settings, else the server's."""
        settings = self._own_settings()
        soc_unit = settings.get(CONF_SOC_UNIT, self._stored_soc_unit())
        values = self._stored_values(soc_unit) | {
            CONF_SOC_UNIT: soc_unit,
            CONF_SCHEDULE_DURATION: DEFAULT_SCHEDULE_DURATION.total_seconds(),
            CONF_UPDATE_INTERVAL: DEFAULT_UPDATE_INTERVAL.total_seconds(),
            CONF_AUTOMATIC_SCHEDULING: False,
            **settings,
        }
        values.pop(CONF_POWER_SENSOR, None)
        for key in _SENSOR_UNITS.keys() & values.keys():
            values[key] = self._shown(values[key])
        for key in (CONF_SCHEDULE_DURATION, CONF_UPDATE_INTERVAL):
            values[key] = duration_fields(timedelta(seconds=values[key]))
        return values

    def _own_settings(self) -> Mapping[str, Any]:
        """What is set for this power sensor so far."""
        settings = self._settings or {}
        if settings.get(CONF_POWER_SENSOR) == self.sensor.id:
            return settings
        # What was set for another device's sensors and limits means nothing here.
        foreign = _FLEX_FIELDS.keys() | _SENSOR_UNITS.keys()
        return {key: value for key, value in settings.items() if key not in foreign}

    def server_settings(self) -> str:
        """What the server already knows of the asset, as a list for the form's text."""
        known = {
            **self._catalogue.flex_context(self.sensor),
            **self._catalogue.flex_model(self.sensor),
        }
        lines = [
            f"- {name}: {self._described(value)}"
            for name, value in sorted(known.items())
        ]
        return "\n".join(lines) or "–"  # noqa: RUF001

    async def async_read_settings(
        self, user_input: Mapping[str, Any]
    ) -> dict[str, str]:
        """Take over the second form; returns an error for each field that is wrong.

        Only what differs from the server's own settings is kept, so that these
        stay in force and are not sent again.
        """
        errors: dict[str, str] = {}
        data: dict[str, Any] = {CONF_POWER_SENSOR: self.sensor.id}
        soc_unit = user_input[CONF_SOC_UNIT]
        stored = self._stored_values(soc_unit)
        sensors: dict[str, Sensor] = {}

        for key, unit in _SENSOR_UNITS.items():
            text = user_input.get(key)
            if not text or read_sensor_id(text) == stored.get(key):
                continue
            try:
                sensors[key] = await self._async_sensor(text, unit)
                data[key] = sensors[key].id
            except FieldError as err:
                errors[key] = err.key
        if self._currencies_differ(sensors, stored):
            errors.setdefault(CONF_PRODUCTION_PRICE_SENSOR, "currencies_differ")

        own = self._own_settings()
        shown = self._stored_values(own.get(CONF_SOC_UNIT, self._stored_soc_unit()))
        for key in (CONF_SOC_MIN, CONF_SOC_MAX):
            amount = user_input.get(key)
            # A default left as it was shown stays the server's in another unit too.
            left_alone = key not in own and amount == shown.get(key)
            if amount not in (None, stored.get(key)) and not left_alone:
                data[key] = amount
        limits = {**stored, **data}
        if (
            {CONF_SOC_MIN, CONF_SOC_MAX} & data.keys()
            and {CONF_SOC_MIN, CONF_SOC_MAX} <= limits.keys()
            and limits[CONF_SOC_MIN] >= limits[CONF_SOC_MAX]
        ):
            errors[CONF_SOC_MIN] = "soc_min_not_below_soc_max"

        for key, minimum, error in (
            (
                CONF_SCHEDULE_DURATION,
                self.sensor.resolution,
                "schedule_duration_too_short",
            ),
            (
                CONF_UPDATE_INTERVAL,
                MINIMUM_UPDATE_INTERVAL,
                "update_interval_too_short",
            ),
        ):
            try:
                data[key] = read_duration(
                    user_input[key], minimum, error
                ).total_seconds()
            except FieldError as err:
                errors[key] = err.key

        if not errors:
            self.data = data | {
                CONF_SOC_UNIT: soc_unit,
                CONF_AUTOMATIC_SCHEDULING: user_input[CONF_AUTOMATIC_SCHEDULING],
            }
        return errors

    def _power_sensors(self) -> list[Sensor]:
        """The account's own power sensors that no other device has."""
        return [
            sensor
            for sensor in self._catalogue.sensors.values()
            if _POWER.fullmatch(sensor.unit)
            and sensor.id not in self._taken
            and (asset := self._catalogue.assets.get(sensor.asset_id))
            and not asset.is_public
        ]

    async def _async_sensor(self, text: str, unit: re.Pattern[str]) -> Sensor:
        """A sensor by its id, which may be one that the list does not offer.

        Raises FieldError.
        """
        if (sensor_id := read_sensor_id(text)) is None:
            raise FieldError("not_a_sensor_id")
        sensor = self._catalogue.sensors.get(sensor_id)
        if sensor is None:
            try:
                sensor = await self._api.get_sensor(sensor_id)
            except NotFoundError:
                raise FieldError("sensor_not_found") from None
            except NotPermittedError:
                raise FieldError("sensor_of_another_account") from None
        if not unit.fullmatch(sensor.unit):
            raise FieldError(_WRONG_UNIT[unit])
        return sensor

    async def _async_power_sensor(self, text: str) -> Sensor:
        """A power sensor of the account itself that no other device has.

        Raises FieldError.
        """
        sensor = await self._async_sensor(text, _POWER)
        asset = self._catalogue.assets.get(sensor.asset_id)
        if asset is None or asset.is_public:
            raise FieldError("sensor_of_another_account")
        if sensor.id in self._taken:
            raise FieldError("sensor_already_used")
        return sensor

    def _stored_values(self, soc_unit: str) -> dict[str, Any]:
        """What the asset and its parents say on the server, as values of the form."""
        known = {
            **self._catalogue.flex_context(self.sensor),
            **self._catalogue.flex_model(self.sensor),
        }
        readers: dict[str, Callable[[Any], Any]] = dict.fromkeys(
            _SENSOR_UNITS, _sensor_reference
        )
        readers |= dict.fromkeys(
            (CONF_SOC_MIN, CONF_SOC_MAX), lambda value: _energy(value, soc_unit)
        )
        values = {
            key: readers[key](known.get(field)) for key, field in _FLEX_FIELDS.items()
        }
        return {key: value for key, value in values.items() if value is not None}

    def _stored_soc_unit(self) -> str:
        """The unit that the asset's own limits are written in."""
        model = self._catalogue.flex_model(self.sensor)
        for field in ("soc-max", "soc-min"):
            if match := _ENERGY.fullmatch(str(model.get(field))):
                return match[2]
        return UnitOfEnergy.KILO_WATT_HOUR

    def _currencies_differ(
        self, sensors: Mapping[str, Sensor], stored: Mapping[str, Any]
    ) -> bool:
        """Whether a price was chosen in another currency than the other price's.

        The server refuses to compare them.
        """
        currencies = {
            sensor.unit.partition("/")[0]
            for key in _PRICES
            if (
                sensor := sensors.get(key)
                or self._catalogue.sensors.get(stored.get(key, 0))
            )
        }
        return len(currencies) > 1 and not sensors.keys().isdisjoint(_PRICES)

    def _described(self, value: Any) -> str:
        """A flex-model's or flex-context's value for people."""
        if (sensor_id := _sensor_reference(value)) is not None:
            return self._shown(sensor_id)
        if isinstance(value, list):
            return ", ".join(self._described(item) for item in value)
        return "…" if isinstance(value, dict) else str(value)

    def _shown(self, sensor_id: int) -> str:
        """A sensor as it is chosen; just its id if the account cannot see it."""
        sensor = self._catalogue.sensors.get(sensor_id)
        return label(self._catalogue, sensor) if sensor else str(sensor_id)


def _sensor_reference(value: Any) -> int | None:
    """The sensor that a flex-model or flex-context field refers to."""
    match value:
        case {"sensor": int(sensor_id)}:
            return sensor_id
    return None


def _energy(value: Any, unit: str) -> float | None:
    """An energy like ``10 kWh`` in another unit; None for anything else."""
    match = _ENERGY.fullmatch(str(value))
    if match is None:
        return None
    return round(EnergyConverter.convert(float(match[1]), match[2], unit), 9)
