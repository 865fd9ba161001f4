"""A device's settings, and the flex-model and flex-context they make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Self

from homeassistant.const import PERCENTAGE, UnitOfEnergy

from ..api.errors import FlexMeasuresError
from ..const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CAPACITY,
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_EMPTY_TEMPERATURE,
    CONF_FULL_TEMPERATURE,
    CONF_POWER_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_READY_BY_CALENDAR,
    CONF_S2,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_DEVIATION,
    CONF_SOC_ENTITY,
    CONF_SOC_MAX,
    CONF_SOC_MAX_AGE,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
    CONF_SOC_UNIT,
    CONF_TRIGGER_ENTITIES,
    CONF_UPDATE_INTERVAL,
    CONF_UPDATE_INTERVAL_CHARGING,
    CONF_UPDATE_INTERVAL_CLIMATE,
    DEFAULT_SCHEDULE_DURATION,
    DEFAULT_SOC_MAX_AGE,
    DEFAULT_UPDATE_INTERVAL,
    DEFAULT_UPDATE_INTERVAL_CHARGING,
    DEFAULT_UPDATE_INTERVAL_CLIMATE,
)
from ..plan.energy_units import (
    TemperatureRange,
    energy_quantity,
    from_kwh,
    in_kwh,
    quantity,
)
from ..plan.prices import CONSUMPTION_PRICE, PRODUCTION_PRICE

# Fields of a flex-model that tell how the server learns where the state of charge is.
SOC_AT_START = "soc-at-start"
STATE_OF_CHARGE = "state-of-charge"

# Of a state of charge: what comes of converting is noise after these.
_DIGITS = 6

# Choices of sources in a sensor reference: where one is made, it was made on purpose.
_SOURCE_FILTERS = frozenset(
    {"source-types", "exclude-source-types", "sources", "source-account"}
)


class StateOfChargeUnknownError(FlexMeasuresError):
    """A storage would be scheduled from a state of charge that nobody told.

    The server would silently take the scheduler's own earlier plan, or an empty
    storage.
    """

    translation_key = "state_of_charge_unknown"
    needs_user = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """What the user set for one device; None where the server's own setting stays in force."""

    power_sensor: int
    consumption_price_sensor: int | None
    production_price_sensor: int | None
    soc_sensor: int | None
    soc_unit: str
    """An energy unit, or % of the capacity."""
    soc_min: float | None
    """In `soc_unit`."""
    soc_max: float | None
    """In `soc_unit`."""
    capacity: float | None
    """In kWh; known where anything is in %, or a level is a temperature."""
    temperatures: TemperatureRange | None
    """Of a tank whose temperature tells the state of charge."""
    soc_entity: str | None
    """The Home Assistant entity that measures the state of charge."""
    soc_max_age: timedelta
    """What `soc_entity` reported longer ago is not used."""
    schedule_duration: timedelta
    update_interval: timedelta
    update_interval_charging: timedelta
    update_interval_climate: timedelta
    charging_entity: str | None
    climate_entity: str | None
    automatic_scheduling: bool
    soc_deviation: float | None
    """In `soc_unit`: a new schedule is made once the plan is off by more."""
    trigger_entities: tuple[str, ...]
    """A new schedule is made when the state of one of them changes."""
    ready_by_calendar: str | None
    """The calendar whose events say when the device has to be ready."""
    s2: bool
    """Whether an S2 resource manager may connect as this device."""

    @classmethod
    def from_subentry(cls, data: Mapping[str, Any]) -> Self:
        """Read a device subentry, in which durations are seconds.

        What another version of the integration left out has its default.
        """
        return cls(
            power_sensor=data[CONF_POWER_SENSOR],
            consumption_price_sensor=data.get(CONF_CONSUMPTION_PRICE_SENSOR),
            production_price_sensor=data.get(CONF_PRODUCTION_PRICE_SENSOR),
            soc_sensor=data.get(CONF_SOC_SENSOR),
            soc_unit=data.get(CONF_SOC_UNIT, UnitOfEnergy.KILO_WATT_HOUR),
            soc_min=data.get(CONF_SOC_MIN),
            soc_max=data.get(CONF_SOC_MAX),
            capacity=data.get(CONF_CAPACITY),
            temperatures=TemperatureRange.of(
                data.get(CONF_EMPTY_TEMPERATURE), data.get(CONF_FULL_TEMPERATURE)
            ),
            soc_entity=data.get(CONF_SOC_ENTITY),
            soc_max_age=_seconds(data, CONF_SOC_MAX_AGE, DEFAULT_SOC_MAX_AGE),
            schedule_duration=_seconds(
                data, CONF_SCHEDULE_DURATION, DEFAULT_SCHEDULE_DURATION
            ),
            update_interval=_seconds(
                data, CONF_UPDATE_INTERVAL, DEFAULT_UPDATE_INTERVAL
            ),
            update_interval_charging=_seconds(
                data, CONF_UPDATE_INTERVAL_CHARGING, DEFAULT_UPDATE_INTERVAL_CHARGING
            ),
            update_interval_climate=_seconds(
                data, CONF_UPDATE_INTERVAL_CLIMATE, DEFAULT_UPDATE_INTERVAL_CLIMATE
            ),
            charging_entity=data.get(CONF_CHARGING_ENTITY),
            climate_entity=data.get(CONF_CLIMATE_ENTITY),
            automatic_scheduling=data.get(CONF_AUTOMATIC_SCHEDULING, False),
            soc_deviation=data.get(CONF_SOC_DEVIATION),
            trigger_entities=tuple(data.get(CONF_TRIGGER_ENTITIES, ())),
            ready_by_calendar=data.get(CONF_READY_BY_CALENDAR),
            s2=CONF_S2 in data,
        )

    @property
    def digest(self) -> str:
        """Return what tells apart settings that lead to different schedules."""
        relevant = (
            self.flex_context({}),
            self.soc_sensor,
            self.soc_unit,
            self.soc_min,
            self.soc_max,
            self.capacity,
            self.temperatures,
            self.soc_entity,
            self.schedule_duration,
        )
        return sha256(repr(relevant).encode()).hexdigest()

    @property
    def has_level(self) -> bool:
        """Whether anything is set that only a device that stores something has."""
        level = (
            self.soc_entity,
            self.soc_sensor,
            self.soc_min,
            self.soc_max,
            self.capacity,
        )
        return self.s2 or any(setting is not None for setting in level)

    def full_kwh(self, server_max_kwh: float | None) -> float | None:
        """Return how much the device holds: its capacity, else the higher maximum.

        None if nobody says it.
        """
        if self.capacity is not None:
            return self.capacity
        own = None if self.soc_max is None else self.in_kwh(self.soc_max)
        maxima = (own, server_max_kwh)
        return max((kwh for kwh in maxima if kwh), default=None)

    def in_kwh(self, amount: float) -> float | None:
        """Return an amount of `soc_unit` in kWh; None for a share of an unknown capacity."""
        return in_kwh(amount, self.soc_unit, self.capacity)

    def in_soc_unit(self, kwh: float | None) -> float | None:
        """Return an amount of energy in `soc_unit`; None if that cannot be told."""
        if kwh is None:
            return None
        amount = from_kwh(kwh, self.soc_unit, self.capacity)
        return None if amount is None else round(amount, _DIGITS)

    def energy(self, amount: float) -> str:
        """Return an amount of `soc_unit` the way the server reads it, e.g. ``4.5 kWh``."""
        if self.soc_unit == PERCENTAGE:
            # The server takes no % here.
            assert self.capacity is not None
            return energy_quantity(amount / 100 * self.capacity)
        return quantity(amount, self.soc_unit)

    def flex_model(
        self,
        stored: Mapping[str, Any],
        overrides: Mapping[str, Any],
        soc_kwh: float | None = None,
    ) -> dict[str, Any]:
        """Return the flex-model to send: what differs from the `stored` one of the asset.

        `overrides` hold for one request and win, also over the measured `soc_kwh`.
        Raises StateOfChargeUnknownError.
        """
        model: dict[str, Any] = {"sensor": self.power_sensor}
        if self.soc_min is not None:
            model["soc-min"] = self.energy(self.soc_min)
        if self.soc_max is not None:
            model["soc-max"] = self.energy(self.soc_max)
        if self.soc_sensor is not None:
            model[STATE_OF_CHARGE] = measured(self.soc_sensor)
        if soc_kwh is not None:
            model[SOC_AT_START] = energy_quantity(soc_kwh)
        model |= overrides
        if SOC_AT_START in model:
            return model
        source = model.get(STATE_OF_CHARGE, stored.get(STATE_OF_CHARGE))
        match source:
            case {"sensor": int(sensor_id), **others} if (
                not _SOURCE_FILTERS & others.keys()
            ):
                model[STATE_OF_CHARGE] = measured(sensor_id) | others
            case None if any(key.startswith("soc-") for key in {*stored, *model}):
                raise StateOfChargeUnknownError
        return model

    def flex_context(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Return the flex-context to send: what differs from that of the asset and its parents."""
        context: dict[str, Any] = {}
        if self.consumption_price_sensor is not None:
            context[CONSUMPTION_PRICE] = {"sensor": self.consumption_price_sensor}
        if self.production_price_sensor is not None:
            context[PRODUCTION_PRICE] = {"sensor": self.production_price_sensor}
        return context | dict(overrides)


def says_level(flex_model: Iterable[str]) -> bool:
    """Return whether fields of a flex-model are about a state of charge."""
    return any(
        field.startswith("soc-") or field == STATE_OF_CHARGE for field in flex_model
    )


def _seconds(data: Mapping[str, Any], key: str, default: timedelta) -> timedelta:
    return timedelta(seconds=data[key]) if key in data else default


def measured(soc_sensor: int) -> dict[str, Any]:
    """Return a state-of-charge sensor, read for what was measured.

    The scheduler writes its own plan to the same sensor, and once it has, the
    server would take that for the truth.
    """
    return {"sensor": soc_sensor, "exclude-source-types": ["scheduler"]}
