"""What a form wants: of the server, and of Home Assistant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import UnitOfEnergy
from homeassistant.util import dt as dt_util

from ....api.models import Sensor
from ....const import (
    CONF_POWER_SENSOR,
    CONF_SCHEDULE_DURATION,
    CONF_SENSOR,
    CONF_SOC_UNIT,
    CONF_UPDATE_INTERVAL,
    DEFAULT_SCHEDULE_DURATION,
    DEFAULT_UPDATE_INTERVAL,
    SUBENTRY_DEVICE,
    SUBENTRY_FEED,
)
from ...feed.feed_sensor import unique_id
from .devices import POWER
from .order import AssetOrder, HomeOrder, SensorOrder
from .readiness import Readiness

USUAL_SETTINGS: Final[Mapping[str, Any]] = {
    CONF_SOC_UNIT: UnitOfEnergy.KILO_WATT_HOUR,
    CONF_SCHEDULE_DURATION: DEFAULT_SCHEDULE_DURATION.total_seconds(),
    CONF_UPDATE_INTERVAL: DEFAULT_UPDATE_INTERVAL.total_seconds(),
}
"""Of a new device; it is switched on once it has its first plan."""

_PREFIX: Final = "home-assistant:"
_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class WantedFeed:
    """A feed to a sensor that is made too."""

    sensor: str
    """The key that the order has for it."""
    titles: tuple[str, ...]
    """The first one that is free is taken."""
    data: Mapping[str, Any]
    """Of the subentry, but for the sensor's id."""

    def subentry(self, sensor: Sensor, titles: Collection[str]) -> ConfigSubentryData:
        """Return it as a subentry, with a title that is none of `titles` if there is one."""
        return ConfigSubentryData(
            data={**self.data, CONF_SENSOR: sensor.id},
            subentry_type=SUBENTRY_FEED,
            title=next(
                (title for title in self.titles if title not in titles),
                self.titles[-1],
            ),
            unique_id=unique_id(sensor.id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentDevice:
    """A device that is to be scheduled, whose sensors are on the server already."""

    power_sensor: Sensor
    name: str
    settings: Mapping[str, Any]
    """Of the subentry, but for the power sensor."""
    feeds: tuple[ConfigSubentryData, ...] = ()
    entity_id: str | None = None
    """What is where the device is."""
    readiness: Readiness | None = None

    @property
    def subentry(self) -> ConfigSubentryData:
        """What it is in Home Assistant."""
        return ConfigSubentryData(
            data={CONF_POWER_SENSOR: self.power_sensor.id, **self.settings},
            subentry_type=SUBENTRY_DEVICE,
            title=self.name,
            unique_id=str(self.power_sensor.id),
        )

    @property
    def sources(self) -> list[str]:
        """What is sent of it, as its owner calls it."""
        return [feed["title"] for feed in self.feeds]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDevice:
    """A device that is to be scheduled, and made on the server before."""

    asset: AssetOrder
    settings: Mapping[str, Any]
    """Of the subentry, but for its sensors."""
    sensors: tuple[str, ...] = ()
    """The keys of those that its settings name by the same keys, beside the power sensor."""
    feeds: tuple[WantedFeed, ...] = ()
    entity_id: str | None = None
    """What is where the device is."""
    readiness: Readiness | None = None
    assumed: Mapping[str, float] = field(default_factory=dict)
    """What nobody was asked: texts by their keys, with the number in each."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.asset.name

    @property
    def sources(self) -> list[str]:
        """What is sent of it, as its owner calls it."""
        return [feed.titles[0] for feed in self.feeds]

    def made(
        self, sensors: Mapping[str, Sensor], titles: Collection[str]
    ) -> PresentDevice:
        """Return it once the server has its sensors; titles of feeds are none of `titles`."""
        return PresentDevice(
            power_sensor=sensors[POWER],
            name=self.name,
            settings={
                **self.settings,
                **{key: sensors[key].id for key in self.sensors},
            },
            feeds=tuple(
                feed.subentry(sensors[feed.sensor], titles) for feed in self.feeds
            ),
            entity_id=self.entity_id,
            readiness=self.readiness,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHome:
    """All that is wanted at a time."""

    device: WantedDevice | PresentDevice
    order: HomeOrder | None = None
    """What is made on the server, if anything is."""
    feeds: tuple[WantedFeed, ...] = ()
    """Beside those of the device."""
    prices: tuple[str, ...] = ()
    """The keys of sensors without whose values there is no plan."""
    is_joint: bool = False
    """Whether the account's devices are planned together from now on."""


def external_id(*parts: str) -> str:
    """Return by what the server knows again what was made for the same thing."""
    digest = sha256("\n".join(parts).encode()).hexdigest()
    return f"{_PREFIX}{digest[:_DIGITS]}"


def is_external_id(found: str | None) -> bool:
    """Return whether it is one that Home Assistant has given."""
    return found is not None and found.startswith(_PREFIX)


def prospective(order: SensorOrder) -> Sensor:
    """Return a sensor as it will be, but for its id."""
    return Sensor(
        id=0,
        name=order.name,
        unit=order.unit,
        resolution=order.resolution,
        time_zone=dt_util.get_default_time_zone(),
        asset_id=0,
        consumption_is_positive=order.consumption_is_positive,
    )
