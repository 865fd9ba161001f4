"""What the Energy dashboard measures of a home, as feeds: solar panels and all that is used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback

from ...api.models import Asset, Sensor
from ...const import CONF_DAILY_FORECAST
from ...feeds.conversion import measured_method
from ...feeds.errors import EntityGoneError, FeedSourceError
from ...texts import Texts
from ..feed.measured_data import measured_data
from ..feed.suggestions.home_entities import async_read_entity
from .known import async_household_role, async_solar_roles
from .making.order import AssetOrder, SensorOrder
from .making.wanted import WantedFeed, external_id, prospective

HOUSEHOLD: Final = "household"
"""The key of the sensor with all that the home uses and nothing schedules."""

_SLOT: Final = timedelta(minutes=15)
_PRODUCTION: Final = SensorOrder("production", UnitOfPower.KILO_WATT, _SLOT)
_CONSUMPTION: Final = SensorOrder(
    "household consumption", UnitOfPower.KILO_WATT, _SLOT, consumption_is_positive=True
)
_INFLEXIBLE_PRODUCTION: Final = "inflexible-production"
_INFLEXIBLE_CONSUMPTION: Final = "inflexible-consumption"
_BOTH: Final = "inflexible-device-sensors"


@dataclass(frozen=True, slots=True)
class Measured:
    """What plans should know of a home beside its devices."""

    feeds: tuple[WantedFeed, ...] = ()
    assets: tuple[AssetOrder, ...] = ()
    site_sensors: Mapping[str, SensorOrder] = field(default_factory=dict)
    solar: tuple[str, ...] = ()
    """The keys of the sensors of solar panels."""
    household: tuple[str, ...] = ()
    """The key of the sensor of all that is used."""

    @property
    def flex_context(self) -> dict[str, Any]:
        """What the site says of it."""
        listed = {
            _INFLEXIBLE_PRODUCTION: self.solar,
            _INFLEXIBLE_CONSUMPTION: self.household,
        }
        return {
            field: [{"sensor": key} for key in keys]
            for field, keys in listed.items()
            if keys
        }


async def async_measured(
    hass: HomeAssistant, texts: Texts, instance: str, site: Asset | None
) -> tuple[Measured, Measured]:
    """Return what can be sent of solar panels, and of what the home uses.

    Nothing of what the site has already.
    """
    context = site.flex_context if site else {}
    has_all = _BOTH in context
    solar = Measured()
    if not has_all and _INFLEXIBLE_PRODUCTION not in context:
        solar = await _async_solar(hass, texts, instance)
    household = Measured()
    if not has_all and _INFLEXIBLE_CONSUMPTION not in context:
        household = await _async_household(hass, texts)
    return solar, household


@callback
def async_production_feed(
    hass: HomeAssistant, key: str, sensor: Sensor, entity_id: str, title: str
) -> WantedFeed:
    """Return what sends what panels produce; raises FeedSourceError."""
    return _feed(hass, key, sensor, entity_id, title, is_production=True)


async def _async_solar(hass: HomeAssistant, texts: Texts, instance: str) -> Measured:
    feeds, assets = [], []
    for number, role in enumerate(await async_solar_roles(hass), 1):
        name = role.name or texts("kind_solar") + (f" {number}" if number > 1 else "")
        key = f"solar_{number}"
        try:
            feed = async_production_feed(
                hass, key, prospective(_PRODUCTION), role.entity_id, name
            )
        except FeedSourceError:
            continue
        feeds.append(feed)
        assets.append(
            AssetOrder(
                external_id(instance, "inflexible solar", role.entity_id),
                name,
                "solar",
                {key: _PRODUCTION},
            )
        )
    return Measured(
        feeds=tuple(feeds),
        assets=tuple(assets),
        solar=tuple(feed.sensor for feed in feeds),
    )


async def _async_household(hass: HomeAssistant, texts: Texts) -> Measured:
    if (role := await async_household_role(hass)) is None:
        return Measured()
    title = texts("household_consumption")
    try:
        feed = _feed(
            hass,
            HOUSEHOLD,
            prospective(_CONSUMPTION),
            role.entity_id,
            title,
            is_production=False,
        )
    except FeedSourceError:
        return Measured()
    return Measured(
        feeds=(feed,),
        site_sensors={HOUSEHOLD: _CONSUMPTION},
        household=(HOUSEHOLD,),
    )


def _feed(
    hass: HomeAssistant,
    key: str,
    sensor: Sensor,
    entity_id: str,
    title: str,
    *,
    is_production: bool,
) -> WantedFeed:
    if (entity := async_read_entity(hass, entity_id)) is None:
        raise EntityGoneError(entity_id)
    data = measured_data(
        sensor,
        entity=entity.key,
        unit=entity.unit,
        method=measured_method(
            entity.unit, entity.device_class, entity.state_class, entity.domain, sensor
        ),
        is_production=is_production,
        capacity=None,
    )
    return WantedFeed(
        key, (title, f"{title}: {entity.name}"), {**data, CONF_DAILY_FORECAST: True}
    )
