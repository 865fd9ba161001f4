"""What is ordered of a server for each kind of device, by the few facts that a household knows.

Every device has the sensor ``power`` (what it consumes, measured and planned) and, if it
stores energy, ``level`` (how much, at an instant, in kWh). Its flex-model names both, so
that the server can schedule it by itself. Shares, losses and efficiencies are fractions:
0.9 for 90 %. What is shown on the server is in English.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, override

from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfPower

from ....api.models import NO_DEVICE
from ....const import (
    CONF_ACTIVE_ACTUATOR_SENSOR,
    CONF_EFFICIENCY_SENSOR,
    CONF_FILL_LEVEL_SENSOR,
    CONF_FILL_RATE_SENSOR,
    CONF_LEAKAGE_SENSOR,
    CONF_POWER_FORECAST_SENSOR,
    CONF_RM_DISCHARGE_SENSOR,
    CONF_USAGE_FORECAST_SENSOR,
)
from ....plan.energy_units import energy_quantity, quantity
from .order import AssetOrder, SensorOrder

POWER: Final = "power"
LEVEL: Final = "level"
PRODUCTION: Final = "production"

_INSTANTS: Final = timedelta(0)
_SLOT: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)

# What a litre of water takes to become one kelvin warmer.
_KWH_PER_LITRE_AND_KELVIN: Final = 1.163e-3

_NO_POWER: Final = "0 kW"
_TAKES_ONLY: Final = {"production-capacity": _NO_POWER}
_GIVES_ONLY: Final = {"consumption-capacity": _NO_POWER}
_POWER_OUTPUT: Final = {"consumption": {"sensor": POWER}}
_DIMENSIONLESS: Final = "dimensionless"
_PER_SECOND: Final = "1/s"

_POWER_SENSOR: Final = {
    POWER: SensorOrder(
        "power", UnitOfPower.KILO_WATT, _SLOT, consumption_is_positive=True
    )
}
_LEVEL_SENSOR: Final = {
    LEVEL: SensorOrder("level", UnitOfEnergy.KILO_WATT_HOUR, _INSTANTS)
}
_PRODUCTION_SENSOR: Final = {
    PRODUCTION: SensorOrder("production", UnitOfPower.KILO_WATT, _SLOT)
}
_S2_SENSORS: Final = {
    CONF_FILL_LEVEL_SENSOR: SensorOrder("fill level", _DIMENSIONLESS, _INSTANTS),
    CONF_FILL_RATE_SENSOR: SensorOrder("fill rate", _PER_SECOND, _SLOT),
    CONF_USAGE_FORECAST_SENSOR: SensorOrder("usage forecast", _PER_SECOND, _SLOT),
    CONF_LEAKAGE_SENSOR: SensorOrder("leakage", _PER_SECOND, _SLOT),
    CONF_EFFICIENCY_SENSOR: SensorOrder("efficiency", PERCENTAGE, _SLOT),
    CONF_ACTIVE_ACTUATOR_SENSOR: SensorOrder(
        "active actuator", _DIMENSIONLESS, _INSTANTS
    ),
    CONF_RM_DISCHARGE_SENSOR: SensorOrder(
        "discharge power", UnitOfPower.KILO_WATT, _SLOT
    ),
    CONF_POWER_FORECAST_SENSOR: SensorOrder(
        "power forecast", UnitOfPower.KILO_WATT, _SLOT, consumption_is_positive=True
    ),
}


class Kind(StrEnum):
    """What a household calls its devices."""

    BATTERY = "battery"
    CAR = "car"
    HEAT = "heat"
    SOLAR = "solar"
    OTHER = "other"
    S2 = "s2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(ABC):
    """What is known of any device."""

    kind: ClassVar[Kind]
    key: str
    """Its external id on the server."""
    name: str

    @property
    def assumed(self) -> Mapping[str, float]:
        """What nobody was asked: texts by their keys, with the number in each."""
        return {}

    @abstractmethod
    def order(self) -> AssetOrder:
        """Return what is ordered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery(Device):
    """A battery that charges and discharges."""

    kind = Kind.BATTERY
    capacity_kwh: float
    power_kw: float
    lowest_share: float = 0.1
    """Of the capacity: what it keeps."""
    roundtrip_efficiency: float = 0.9

    @property
    @override
    def assumed(self) -> Mapping[str, float]:
        return {"assumes_roundtrip": 100 * self.roundtrip_efficiency}

    @override
    def order(self) -> AssetOrder:
        """Return what is ordered for it: with ``power`` and ``level``."""
        return _storage(
            self,
            "battery",
            {
                **_limits(self.capacity_kwh, self.power_kw, self.lowest_share),
                "roundtrip-efficiency": _percentage(self.roundtrip_efficiency),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Car(Device):
    """An electric car at its charger."""

    kind = Kind.CAR
    capacity_kwh: float
    power_kw: float
    discharges: bool = False
    lowest_share: float = 0.2
    """Of the capacity: what it keeps if it discharges."""
    charging_efficiency: float = 0.9
    """Of each way."""

    @property
    @override
    def assumed(self) -> Mapping[str, float]:
        return {"assumes_charging": 100 * self.charging_efficiency}

    @override
    def order(self) -> AssetOrder:
        """Return what is ordered for it: with ``power`` and ``level``."""
        efficiency = _percentage(self.charging_efficiency)
        if not self.discharges:
            limits = _limits(self.capacity_kwh, self.power_kw)
            flex_model = {**limits, **_TAKES_ONLY, "charging-efficiency": efficiency}
            return _storage(self, "one-way_evse", flex_model)
        return _storage(
            self,
            "two-way_evse",
            {
                **_limits(self.capacity_kwh, self.power_kw, self.lowest_share),
                "charging-efficiency": efficiency,
                "discharging-efficiency": efficiency,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(Device):
    """A tank, a buffer or a building that electricity keeps warm."""

    kind = Kind.HEAT
    capacity_kwh: float
    """Of heat, between the coolest and the warmest that it may be (see `heat_kwh`)."""
    power_kw: float
    """Electric."""
    cop: float = 3.0
    """Heat for electricity: about 3 for a heat pump, 1 for an element."""
    daily_use_kwh: float = 0.0
    """Heat that is taken in a day, all day long."""
    daily_loss: float = 0.0
    """Of the heat that it holds: what gets lost in a day."""

    @property
    @override
    def assumed(self) -> Mapping[str, float]:
        return {"assumes_heat": self.cop, "assumes_daily_use": self.daily_use_kwh}

    @override
    def order(self) -> AssetOrder:
        """Return what is ordered for it: with ``power`` and ``level``."""
        flex_model: dict[str, Any] = {
            **_limits(self.capacity_kwh, self.power_kw),
            **_TAKES_ONLY,
            "charging-efficiency": _percentage(self.cop),
        }
        if self.daily_use_kwh:
            flex_model["soc-usage"] = [_power(self.daily_use_kwh / 24)]
        if self.daily_loss:
            # The server takes it for each slot of the power sensor.
            kept = (1 - self.daily_loss) ** (_SLOT / _DAY)
            flex_model["storage-efficiency"] = _percentage(kept)
        return _storage(self, "heat-storage", flex_model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Solar(Device):
    """Solar panels that can be told to produce less."""

    kind = Kind.SOLAR
    peak_kw: float

    @override
    def order(self) -> AssetOrder:
        """Return what is ordered for it: with ``power`` and ``production``.

        ``production`` is what it could produce, measured and forecast; ``power`` what it
        is to produce, as negative consumption. It is planned to produce nothing while
        nobody has said what it could: else the server would plan the peak.
        """
        return AssetOrder(
            self.key,
            self.name,
            "solar",
            {**_POWER_SENSOR, **_PRODUCTION_SENSOR},
            {
                "power-capacity": _power(self.peak_kw),
                **_GIVES_ONLY,
                "production-capacity": {"sensor": PRODUCTION, "default": _NO_POWER},
                **_POWER_OUTPUT,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Device):
    """Something else that stores energy."""

    kind = Kind.OTHER
    capacity_kwh: float
    power_kw: float
    discharges: bool = False

    @override
    def order(self) -> AssetOrder:
        """Return what is ordered for it: with ``power`` and ``level``."""
        limits = _limits(self.capacity_kwh, self.power_kw)
        return _storage(
            self, "battery", limits if self.discharges else {**limits, **_TAKES_ONLY}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class S2Device(Device):
    """A device that tells by S2 what can be done with it."""

    kind = Kind.S2

    @override
    def order(self) -> AssetOrder:
        """Return what is ordered for it: with ``power``, ``level`` and what S2 reports.

        The keys of the latter are those of a device's settings. What it can do is told
        with each request; without, it is planned to do nothing.
        """
        order = _storage(self, "battery", {**_TAKES_ONLY, **_GIVES_ONLY})
        return replace(order, sensors={**order.sensors, **_S2_SENSORS})


def heat_kwh(litres: float, kelvin: float) -> float:
    """Return the heat that water takes up while it becomes so much warmer."""
    return litres * kelvin * _KWH_PER_LITRE_AND_KELVIN


def site_order(key: str, name: str) -> AssetOrder:
    """Return what is ordered for a home, which its devices are part of."""
    return AssetOrder(key, name, "building", {}, NO_DEVICE)


def _storage(device: Device, kind: str, flex_model: Mapping[str, Any]) -> AssetOrder:
    """Return what is ordered for a device that stores energy."""
    return AssetOrder(
        device.key,
        device.name,
        kind,
        {**_POWER_SENSOR, **_LEVEL_SENSOR},
        {
            **flex_model,
            # Else a schedule would begin with what the last one had expected.
            "state-of-charge": {
                "sensor": LEVEL,
                "exclude-source-types": ["scheduler"],
            },
            **_POWER_OUTPUT,
        },
    )


def _limits(
    capacity_kwh: float, power_kw: float, lowest_share: float = 0.0
) -> dict[str, str]:
    return {
        "soc-min": energy_quantity(lowest_share * capacity_kwh),
        "soc-max": energy_quantity(capacity_kwh),
        "power-capacity": _power(power_kw),
    }


def _power(kilowatts: float) -> str:
    return quantity(round(kilowatts, 6), UnitOfPower.KILO_WATT)


def _percentage(share: float) -> str:
    return f"{share * 100:g}%"
