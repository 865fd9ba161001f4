"""The feed that sends the state of charge of a device's entity to FlexMeasures."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry, ConfigSubentry, ConfigSubentryData
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback

from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_CAPACITY,
    CONF_EMPTY_TEMPERATURE,
    CONF_ENTITY,
    CONF_FULL_TEMPERATURE,
    CONF_POWER_SENSOR,
    CONF_SENSOR,
    CONF_SOC_ENTITY,
    CONF_SOC_SENSOR,
    CONF_UNIT,
    SUBENTRY_FEED,
)
from ...device.entity_references import async_entity_name
from ...device.level_entity import level_attribute, level_unit
from ...feeds.conversion import FeedCapacityMissingError
from ...feeds.entities import async_registry_key
from ...feeds.errors import FeedSourceError
from ...feeds.settings import Method
from ...plan.energy_units import TemperatureRange
from ..feed.measured_data import measured_data
from ..fields import FieldError, is_public, label
from .fields import STATE_OF_CHARGE
from .server_settings import ServerSettings

# What the settings of a device say of what its entity measures.
_OF_DEVICE = (CONF_CAPACITY, CONF_EMPTY_TEMPERATURE, CONF_FULL_TEMPERATURE)


def soc_sensor_id(catalogue: Catalogue, data: Mapping[str, Any]) -> int | None:
    """Return the state-of-charge sensor of a device subentry, else of its asset."""
    if CONF_SOC_SENSOR in data:
        return int(data[CONF_SOC_SENSOR])
    power_sensor = catalogue.sensors.get(data[CONF_POWER_SENSOR])
    return stored_soc_sensor_id(catalogue, power_sensor) if power_sensor else None


def stored_soc_sensor_id(catalogue: Catalogue, power_sensor: Sensor) -> int | None:
    """Return the state-of-charge sensor that an asset names on the server."""
    stored = ServerSettings(catalogue, power_sensor)
    return stored.values(UnitOfEnergy.KILO_WATT_HOUR, None).get(CONF_SOC_SENSOR)


@dataclass(frozen=True, slots=True)
class LevelFeed:
    """A feed that is to be there."""

    names: tuple[str, ...]
    """How it may be called; the last one is nobody else's."""
    data: dict[str, Any]

    def subentry(self, titles: Collection[str]) -> ConfigSubentryData:
        """Return it as a subentry, with a title that is none of `titles`."""
        return ConfigSubentryData(
            data=self.data,
            subentry_type=SUBENTRY_FEED,
            title=next(
                (name for name in self.names if name not in titles), self.names[-1]
            ),
            unique_id=f"feed {self.data[CONF_SENSOR]}",
        )


@dataclass(frozen=True, slots=True)
class LevelFeeds:
    """The feeds that an account has, as one of its devices sees them."""

    own: ConfigSubentry | None = None
    """What sends the state of charge of the device's entity."""
    others: Mapping[int, str] = field(default_factory=dict)
    """The titles of all others, by the sensors that they are for."""
    is_declined: bool = False
    """Whether it could be sent, but is not."""

    @classmethod
    @callback
    def async_of(
        cls,
        hass: HomeAssistant,
        catalogue: Catalogue,
        entry: ConfigEntry,
        device: Mapping[str, Any],
    ) -> Self:
        """Read the subentries; `device` is the data of the device, empty for a new one."""
        feeds = {
            feed.data[CONF_SENSOR]: feed
            for feed in entry.get_subentries_of_type(SUBENTRY_FEED)
        }
        own: ConfigSubentry | None = None
        is_possible = False
        if entity_id := device.get(CONF_SOC_ENTITY):
            sensor_id = soc_sensor_id(catalogue, device)
            own = feeds.get(sensor_id or 0)
            if own and own.data.get(CONF_ENTITY) != async_registry_key(hass, entity_id):
                own = None
            is_possible = sensor_id is not None
        others = {
            sensor: feed.title for sensor, feed in feeds.items() if feed is not own
        }
        return cls(own, others, is_possible and own is None)

    def sensor(self, catalogue: Catalogue, sensor_id: int | None) -> Sensor | None:
        """Return a state-of-charge sensor, if the account may write to it."""
        sensor = catalogue.sensors.get(sensor_id or 0)
        if sensor is None or is_public(catalogue, sensor):
            return None
        return sensor if STATE_OF_CHARGE.fullmatch(sensor.unit) else None

    @callback
    def async_feed(
        self,
        hass: HomeAssistant,
        catalogue: Catalogue,
        sensor: Sensor,
        entity_id: str,
        *,
        capacity: float | None,
        temperatures: TemperatureRange | None,
    ) -> LevelFeed | None:
        """Return the feed of an entity; None if another has the sensor, or its unit is none.

        `capacity` is in kWh; a temperature needs `temperatures`. Raises FieldError if the
        capacity would have to be known.
        """
        if sensor.id in self.others:
            return None
        entity = async_registry_key(hass, entity_id)
        state = hass.states.get(entity_id)
        unit = None
        if state:
            unit = level_unit(state, hass.config.units.temperature_unit)
        if unit is None and self.own and self.own.data[CONF_ENTITY] == entity:
            # It is away.
            unit = self.own.data.get(CONF_UNIT)
        if unit is None:
            return None
        try:
            data = measured_data(
                sensor,
                entity=entity,
                attribute=level_attribute(entity_id),
                unit=unit,
                method=Method.LEVEL,
                is_production=False,
                capacity=capacity,
                temperatures=temperatures,
            )
        except FeedCapacityMissingError:
            raise FieldError("capacity_required") from None
        except FeedSourceError:
            # Said at the entity, once it shows that.
            return None
        name = async_entity_name(hass, entity_id)
        return LevelFeed((name, f"{name}: {label(catalogue, sensor)}"), data)


@callback
def async_keep_level_feed(
    hass: HomeAssistant, entry: ConfigEntry, feeds: LevelFeeds, wanted: LevelFeed | None
) -> None:
    """Add, change or remove the feed that sends a device's state of charge."""
    own = feeds.own
    entries = hass.config_entries
    if own and (wanted is None or wanted.data[CONF_SENSOR] != own.data[CONF_SENSOR]):
        entries.async_remove_subentry(entry, own.subentry_id)
        own = None
    if wanted is None:
        return
    others = [other for other in entry.subentries.values() if other is not own]
    new = wanted.subentry([other.title for other in others])
    if own is None:
        # Meanwhile, or for a device with the same sensor.
        if new["unique_id"] in {other.unique_id for other in others}:
            return
        entries.async_add_subentry(
            entry,
            ConfigSubentry(
                data=MappingProxyType(wanted.data),
                subentry_type=new["subentry_type"],
                title=new["title"],
                unique_id=new["unique_id"],
            ),
        )
    elif own.data[CONF_ENTITY] != wanted.data[CONF_ENTITY]:
        entries.async_update_subentry(entry, own, data=wanted.data, title=new["title"])
    elif full := {key: wanted.data[key] for key in _OF_DEVICE if key in wanted.data}:
        # What was set in the feed's own form stays.
        entries.async_update_subentry(entry, own, data={**own.data, **full})
