"""The assets of an account that can be scheduled as they are."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ...api.models import Asset, Catalogue, Sensor, listed_sensors
from ...device.kinds import kind_of
from ...plan.prices import CONSUMPTION_PRICE
from ..device.fields import power_sensors
from ..wording import Wording

# Of a flex-model: what the scheduler writes the power to.
_OUTPUTS: Final = ("consumption", "production")
_BUILDINGS: Final = frozenset({"building", "household"})


@dataclass(frozen=True, slots=True)
class Schedulable:
    """An asset that says of itself how it can be scheduled."""

    asset: Asset
    power_sensor: Sensor

    @property
    def kind(self) -> str:
        """What owners call it, as a key of texts."""
        return kind_of(self.asset.type)

    def described(self, wording: Wording, catalogue: Catalogue) -> str:
        """Return what an owner knows it by: ``Battery, 10 kWh, 5 kW, day-ahead prices``."""
        model = self.asset.flex_model
        price = catalogue.flex_context(self.power_sensor).get(CONSUMPTION_PRICE)
        said = [
            wording.text(f"kind_{self.kind}"),
            wording.quantity(model.get("soc-max")),
            wording.quantity(model.get("power-capacity")),
            *_names_of(price, catalogue),
        ]
        return ", ".join(part for part in said if part)


def schedulables(catalogue: Catalogue, taken: Collection[int]) -> list[Schedulable]:
    """Return the assets that have a flex-model, by name; not those of devices that are there.

    `taken` are the power sensors of these.
    """
    free = {sensor.id: sensor for sensor in power_sensors(catalogue, taken)}
    inflexible = {
        sensor for asset in catalogue.assets.values() for sensor in _inflexible(asset)
    }
    found = [
        Schedulable(asset, sensor)
        for asset in catalogue.assets.values()
        if asset.is_device
        and (sensor := _power_sensor(asset, free))
        and sensor.id not in inflexible
    ]
    return sorted(found, key=lambda each: each.asset.name.casefold())


def sites(catalogue: Catalogue) -> list[Asset]:
    """Return the account's own sites, by name: what has parts, or is a building."""
    parents = {asset.parent_id for asset in catalogue.assets.values()}
    found = [
        asset
        for asset in catalogue.assets.values()
        if not asset.is_public
        and _is_outermost(asset, catalogue)
        and (asset.id in parents or asset.type in _BUILDINGS)
    ]
    return sorted(found, key=lambda asset: asset.name.casefold())


def _is_outermost(asset: Asset, catalogue: Catalogue) -> bool:
    parent = catalogue.assets.get(asset.parent_id or 0)
    return parent is None or parent.is_public


def _power_sensor(asset: Asset, free: dict[int, Sensor]) -> Sensor | None:
    """Return the sensor that an asset's schedule is written to, if that is clear."""
    named = [
        sensor_id
        for output in _OUTPUTS
        for sensor_id in _referred(asset.flex_model.get(output))
    ]
    if named:
        return free.get(named[0])
    own = [
        sensor
        for sensor in free.values()
        if sensor.asset_id == asset.id and sensor.resolution
    ]
    return own[0] if len(own) == 1 else None


def _inflexible(asset: Asset) -> Iterator[int]:
    for field in (
        "inflexible-device-sensors",
        "inflexible-consumption",
        "inflexible-production",
    ):
        yield from listed_sensors(asset.flex_context.get(field))


def _referred(value: Any) -> Iterator[int]:
    match value:
        case {"sensor": int(sensor_id)}:
            yield sensor_id


def _names_of(value: Any, catalogue: Catalogue) -> Iterator[str]:
    for sensor_id in _referred(value):
        if sensor := catalogue.sensors.get(sensor_id):
            yield sensor.name
