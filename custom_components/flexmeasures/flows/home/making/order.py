"""What is ordered of a server: a site, the assets that are part of it, and their sensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class SensorOrder:
    """A sensor of an asset."""

    name: str
    unit: str
    resolution: timedelta
    """Zero: each value holds for an instant."""
    consumption_is_positive: bool = False
    """Of power. Else production is, or whatever the site's flex-context lists it as."""


@dataclass(frozen=True, slots=True)
class AssetOrder:
    """An asset; what makes it the same one when it is ordered again is its key."""

    key: str
    """Its external id: at most 80 characters, of one thing only in all of the account."""
    name: str
    type: str
    """As the server calls it, like ``battery`` or ``building``."""
    sensors: Mapping[str, SensorOrder]
    """By keys that nothing else in the whole order has."""
    flex_model: Mapping[str, Any] = field(default_factory=dict)
    """As the server stores it, but for ``{"sensor": "<key>"}``: a sensor of the order.

    A number there is the id of a sensor that the server has already.
    """


@dataclass(frozen=True, slots=True)
class HomeOrder:
    """All that is made of one home at a time."""

    site: AssetOrder | int
    """A number: the id of an asset that the server has already."""
    site_sensors: Mapping[str, SensorOrder] = field(default_factory=dict)
    """More sensors of the site."""
    flex_context: Mapping[str, Any] = field(default_factory=dict)
    """Of the site; sensors are named as in a flex-model."""
    assets: tuple[AssetOrder, ...] = ()
    """What is part of the site."""

    def __post_init__(self) -> None:
        """Raise ValueError for keys that are not those of one thing only."""
        parts = [
            part for part in (self.site, *self.assets) if not isinstance(part, int)
        ]
        keys = [
            *self.site_sensors,
            *(key for part in parts for key in part.sensors),
        ]
        for each in (keys, [part.key for part in parts]):
            if len(set(each)) < len(each):
                raise ValueError(f"not the keys of one thing each: {each}")
