"""Makes on the server what was ordered, and nothing twice."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from ....api.client import FlexMeasuresApi
from ....api.creation import NAME_LENGTH
from ....api.errors import CannotConnectError, NotFoundError, RejectedError
from ....api.models import Asset, Sensor, listed_sensors
from .order import AssetOrder, HomeOrder, SensorOrder

# Of a flex-context. A server takes either the last one or the others.
_LISTS: Final = ("inflexible-consumption", "inflexible-production")
_FORMER_LIST: Final = "inflexible-device-sensors"


@dataclass(frozen=True, slots=True)
class Made:
    """What the server has of an order, made now or before."""

    site: int
    assets: Mapping[str, int]
    """Ids by the keys of the order, the site's too if it has one."""
    sensors: Mapping[str, Sensor]
    """By the keys of the order."""


async def async_make(
    api: FlexMeasuresApi,
    order: HomeOrder,
    *,
    latitude: float,
    longitude: float,
    time_zone: str,
    progress: Callable[[float], None],
) -> Made:
    """Make what the server does not have yet of an order, and return all of it.

    An asset is known by its external id, wherever in the account it is, and a sensor by
    its name on its asset. What is there stays as it is, except that the fields of the
    order replace those of flex-models and of the flex-context, where the lists of sensors
    are joined. Where a name is taken by something else, that of the new one gets a number.
    `progress` is told the part that is done, from 0 to 1.

    Raises FlexMeasuresError; what was made until then is found when it is ordered again.
    Raises NotPermittedError if a site has to be made and the login may not, NotFoundError
    if the server knows no such kind of asset.
    """
    maker = _Maker(api, latitude, longitude, time_zone, _Progress(order, progress))
    return await maker.async_make(order)


class _Progress:
    """Counts what is done of an order."""

    def __init__(self, order: HomeOrder, tell: Callable[[float], None]) -> None:
        parts = [
            part for part in (order.site, *order.assets) if isinstance(part, AssetOrder)
        ]
        self._steps = (
            sum(1 + len(part.sensors) + bool(part.flex_model) for part in parts)
            + len(order.site_sensors)
            + bool(order.flex_context)
        )
        self._done = 0
        self._tell = tell

    def go_on(self) -> None:
        """Tell of one step more."""
        self._done += 1
        self._tell(self._done / self._steps)


class _Maker:
    """Makes the parts of one order."""

    def __init__(
        self,
        api: FlexMeasuresApi,
        latitude: float,
        longitude: float,
        time_zone: str,
        progress: _Progress,
    ) -> None:
        self._api = api
        self._latitude = latitude
        self._longitude = longitude
        self._time_zone = time_zone
        self._progress = progress
        self._types: Mapping[str, int] = {}
        self._account = 0
        self._there: tuple[Asset, ...] = ()
        """The account's assets."""
        self._assets: dict[str, int] = {}
        self._sensors: dict[str, Sensor] = {}

    async def async_make(self, order: HomeOrder) -> Made:
        """Make all of it; what refers to sensors comes once each of them has an id."""
        self._types = await self._api.get_asset_types()
        if isinstance(order.site, int):
            site = order.site
            account = (await self._api.get_asset(site)).account_id
            parts = order.assets
        else:
            account = None
            parts = (order.site, *order.assets)
        if account is None:
            account = (await self._api.get_rights()).account_id
        self._account = account
        self._there = await self._api.get_assets(account)
        if isinstance(order.site, AssetOrder):
            site = await self._async_asset(order.site, None)
        await self._async_sensors(site, order.site_sensors)
        for part in order.assets:
            await self._async_asset(part, site)
        for part in parts:
            if part.flex_model:
                await self._async_flex_model(self._assets[part.key], part.flex_model)
        if order.flex_context:
            await self._async_flex_context(site, order.flex_context)
        return Made(site, self._assets, self._sensors)

    async def _async_asset(self, order: AssetOrder, parent: int | None) -> int:
        """Return the id of an asset, which has its sensors then."""

        def known() -> Asset | str:
            for asset in self._there:
                if asset.external_id == order.key:
                    return asset
            taken = {asset.name for asset in self._there if asset.parent_id == parent}
            return next(name for name in _names(order.name) if name not in taken)

        async def look() -> Asset | str:
            self._there = await self._api.get_assets(self._account)
            return known()

        async def create(name: str) -> Asset:
            if (type_id := self._types.get(order.type)) is None:
                raise NotFoundError(f"asset type {order.type}")
            return await self._api.create_asset(
                name,
                type_id=type_id,
                account_id=self._account,
                parent_id=parent,
                external_id=order.key,
                latitude=self._latitude,
                longitude=self._longitude,
            )

        asset = await _async_once(known(), look, create)
        self._assets[order.key] = asset.id
        self._progress.go_on()
        await self._async_sensors(asset.id, order.sensors)
        return asset.id

    async def _async_sensors(
        self, asset: int, orders: Mapping[str, SensorOrder]
    ) -> None:
        """Have an asset's sensors."""
        if orders:
            there = await self._api.get_sensors(asset)
            for key, order in orders.items():
                self._sensors[key] = await self._async_sensor(asset, order, there)
                self._progress.go_on()

    async def _async_sensor(
        self, asset: int, order: SensorOrder, there: Iterable[Sensor]
    ) -> Sensor:
        """Return a sensor of an asset."""

        def known(there: Iterable[Sensor]) -> Sensor | str:
            by_name = {sensor.name: sensor for sensor in there}
            free_or_right = (
                name
                for name in _names(order.name)
                if (sensor := by_name.get(name)) is None
                or (sensor.unit, sensor.resolution) == (order.unit, order.resolution)
            )
            name = next(free_or_right)
            return by_name.get(name, name)

        async def look() -> Sensor | str:
            return known(await self._api.get_sensors(asset))

        async def create(name: str) -> Sensor:
            return await self._api.create_sensor(
                name,
                asset_id=asset,
                unit=order.unit,
                resolution=order.resolution,
                time_zone=self._time_zone,
                attributes={"consumption_is_positive": True}
                if order.consumption_is_positive
                else {},
            )

        return await _async_once(known(there), look, create)

    async def _async_flex_model(self, asset: int, fields: Mapping[str, Any]) -> None:
        stored = (await self._api.get_asset(asset)).flex_model
        flex_model = {**stored, **self._resolved(fields)}
        if flex_model != stored:
            await self._api.change_asset(asset, flex_model=flex_model)
        self._progress.go_on()

    async def _async_flex_context(self, asset: int, fields: Mapping[str, Any]) -> None:
        stored = (await self._api.get_asset(asset)).flex_context
        flex_context = _joined(stored, self._resolved(fields))
        if flex_context != stored:
            await self._api.change_asset(asset, flex_context=flex_context)
        self._progress.go_on()

    def _resolved(self, value: Any) -> Any:
        """Return a part of a flex-model or flex-context with ids in place of keys."""
        match value:
            case {"sensor": str(key)}:
                return {**value, "sensor": self._sensors[key].id}
            case Mapping():
                return {name: self._resolved(each) for name, each in value.items()}
            case list() | tuple():
                return [self._resolved(each) for each in value]
            case _:
                return value


def _joined(stored: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flex-context with more fields, and with more sensors in its lists.

    A sensor that any of the lists has stays where it is: twice it would count double. The
    former list takes its sign from the sensor itself.
    """
    joined = dict(stored)
    listed = {
        sensor
        for name in (*_LISTS, _FORMER_LIST)
        for sensor in listed_sensors(stored.get(name))
    }
    for name, value in fields.items():
        if name not in _LISTS:
            joined[name] = value
            continue
        new = [item for item in value if item["sensor"] not in listed]
        if new and _FORMER_LIST in stored:
            new = [item["sensor"] for item in new]
            joined[_FORMER_LIST] = [*joined[_FORMER_LIST], *new]
        elif new:
            joined[name] = [*joined.get(name, ()), *new]
    return joined


def _names(name: str) -> Iterator[str]:
    """Yield a name and those that it can have where it is taken, as long as may be."""
    yield name[:NAME_LENGTH]
    suffixes = (f" {number}" for number in count(2))
    yield from (name[: NAME_LENGTH - len(suffix)] + suffix for suffix in suffixes)


async def _async_once[Thing: (Asset, Sensor)](
    known: Thing | str,
    look: Callable[[], Awaitable[Thing | str]],
    create: Callable[[str], Awaitable[Thing]],
) -> Thing:
    """Return what is there, or make it under the name that is free.

    If that fails, somebody else may have made it or taken the name at the same time, or
    the server has made it and could not say so. So look again, and raise what happened
    only if nothing has changed.
    """
    while isinstance(known, str):
        try:
            return await create(known)
        except RejectedError, CannotConnectError:
            found = await look()
            if found == known:
                raise
            known = found
    return known
