"""The FlexMeasures sensors of an account that wait for a feed, and what they are about."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.const import PERCENTAGE

from ....api.models import Asset, Catalogue, Sensor
from ....device.settings import STATE_OF_CHARGE, DeviceSettings
from ....plan.energy_units import quantity_in_kwh
from ....plan.units import Measure, Money
from ...device.level_feed import soc_sensor_id
from ...device.settings_form import S2_SENSOR_UNITS
from . import words
from .roles import Flow, Part, flow_of

_TYPES: Final = {"solar": Part.SOLAR, "battery": Part.BATTERY}
_BUILDING: Final = "building"
_ONE_WAY_CAR: Final = "one-way_evse"
_TWO_WAY_CAR: Final = "two-way_evse"
# What these have of energy is not what the Energy dashboard calls so.
_OTHER_TYPES: Final = frozenset(
    {_ONE_WAY_CAR, _TWO_WAY_CAR, "heat-storage", "process", "wind"}
)
_TWO_WAY_PARTS: Final = frozenset({Part.BATTERY, Part.GRID})

# What the scheduler writes besides power and states of charge.
_PLANNED: Final = ("consumption", "production")
_PLANNED_OF_SITE: Final = ("aggregate-consumption", "aggregate-production")
_INFLEXIBLE: Final = (
    "inflexible-device-sensors",
    "inflexible-consumption",
    "inflexible-production",
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device, and the FlexMeasures sensor with its state of charge."""

    title: str
    settings: DeviceSettings
    data: Mapping[str, Any]
    soc_sensor: int | None

    @classmethod
    def read(cls, title: str, data: Mapping[str, Any], catalogue: Catalogue) -> Device:
        """Read the data of a device subentry."""
        return cls(
            title,
            DeviceSettings.from_subentry(data),
            data,
            soc_sensor_id(catalogue, data),
        )

    @property
    def written(self) -> set[Any]:
        """The sensors that are filled by its S2 resource manager."""
        if not self.settings.s2:
            return set()
        return {
            self.settings.power_sensor,
            self.soc_sensor,
            *(self.data.get(key) for key in S2_SENSOR_UNITS),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A FlexMeasures sensor that nothing is known to write measurements to."""

    sensor: Sensor
    part: Part | None
    flow: Flow
    is_level: bool
    """Whether it holds how full something is."""
    goes_both_ways: bool
    """Whether what it measures may be consumption at one time and production at another."""
    produces: bool
    """Whether it is only ever production."""
    has_counterpart: bool
    """Whether the other direction has a sensor of its own."""
    is_device_power: bool
    about: frozenset[str]
    """What its name, and that of what it belongs to, say."""
    required: frozenset[str]
    """What of that tells it apart from others."""
    device_capacity: float | None
    """In kWh: what 100 % are, as the settings of its device say."""
    server_capacity: float | None
    """The same, as the server says."""


def feed_targets(
    catalogue: Catalogue, devices: Collection[Device], fed: Collection[int]
) -> list[Target]:
    """Return the sensors that may be fed, in the order of their ids, but for those that are."""
    powers = {device.settings.power_sensor for device in devices}
    unwanted = {
        *fed,
        *(sensor for device in devices for sensor in device.written),
        *(_planned(catalogue) - powers),
    }
    return [
        target
        for sensor_id, sensor in sorted(catalogue.sensors.items())
        if sensor_id not in unwanted
        and (asset := catalogue.assets.get(sensor.asset_id))
        and not asset.is_public
        and Money.of(sensor.unit) is None
        and (target := _target(catalogue, devices, sensor, asset))
    ]


def _target(
    catalogue: Catalogue, devices: Iterable[Device], sensor: Sensor, asset: Asset
) -> Target | None:
    """Return what a sensor is about; None if it is not for measurements."""
    own = words.concepts(sensor.name)
    if words.UNMEASURED in own:
        return None
    device = next((each for each in devices if each.soc_sensor == sensor.id), None)
    is_level = (
        device is not None
        or sensor.id in _references([asset.flex_model.get(STATE_OF_CHARGE)])
        or (words.LEVEL in own and _is_energy_or_share(sensor.unit))
    )
    is_site = asset.type == _BUILDING and not _is_part(catalogue, asset)
    part = _part(own, asset, is_site=is_site)
    # It is what no device uses: fed with what the grid delivers, it would hold them twice.
    if part is Part.GRID and sensor.id in _inflexible(catalogue):
        part = None
    flow = flow_of(own)
    of_asset = words.concepts(asset.name)
    return Target(
        sensor=sensor,
        part=part,
        flow=flow,
        is_level=is_level,
        goes_both_ways=part in _TWO_WAY_PARTS or asset.type == _TWO_WAY_CAR,
        produces=part is Part.SOLAR or asset.only_produces,
        has_counterpart=any(
            {flow, flow_of(words.concepts(other.name))} == {*Flow} - {Flow.BOTH}
            for other in catalogue.sensors.values()
            if other.asset_id == asset.id
        ),
        is_device_power=any(
            each.settings.power_sensor == sensor.id for each in devices
        ),
        about=own | of_asset,
        required=words.things(own if is_site else own | of_asset),
        device_capacity=device.settings.capacity if device else None,
        server_capacity=quantity_in_kwh(asset.flex_model.get("soc-max")),
    )


def _part(own: Collection[str], asset: Asset, *, is_site: bool) -> Part | None:
    """Return what a sensor's name says, else its asset's type, else that one's name."""
    of_asset = words.concepts(asset.name)
    # A car's battery is not the home's.
    if asset.type in _OTHER_TYPES or words.CAR in {*own, *of_asset}:
        return None
    for about in (own, {_TYPES.get(asset.type)}, of_asset):
        for part in Part:
            if part in about:
                return part
    is_of_all = words.things(own) <= {words.HOME}
    return Part.GRID if is_site and is_of_all else None


def _is_part(catalogue: Catalogue, asset: Asset) -> bool:
    """Return whether an asset is part of another one of the account."""
    parent = catalogue.assets.get(asset.parent_id or 0)
    return parent is not None and not parent.is_public


def _is_energy_or_share(unit: str) -> bool:
    measure = Measure.of(unit)
    return unit == PERCENTAGE or (measure is not None and not measure.is_rate)


def _planned(catalogue: Catalogue) -> set[int]:
    """Return the sensors that only schedules are written to."""
    return {
        sensor
        for asset in catalogue.assets.values()
        for stored, fields in (
            (asset.flex_model, _PLANNED),
            (asset.flex_context, _PLANNED_OF_SITE),
        )
        for sensor in _references(stored.get(field) for field in fields)
    }


def _inflexible(catalogue: Catalogue) -> set[int]:
    """Return the sensors of what cannot be scheduled, which schedules take into account."""
    return {
        sensor
        for asset in catalogue.assets.values()
        for field in _INFLEXIBLE
        for sensor in _references(asset.flex_context.get(field) or ())
    }


def _references(values: Iterable[Any]) -> Iterator[int]:
    """Return the ids of sensors that a flex-model or flex-context refers to."""
    for value in values:
        match value:
            case int(sensor_id) | {"sensor": int(sensor_id)}:
                yield sensor_id
