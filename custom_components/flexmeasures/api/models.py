"""What the server tells, as plain values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
import json
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from .durations import parse_duration

NO_DEVICE: Final = {"power-capacity": "0 kW"}
"""The flex-model of an asset that can do nothing by itself, as a home.

With it a home is a device beside those that are part of it. A server refuses to schedule
one that has a single device, unless it is told which one (500).
"""

# The server's scheduler takes 15 minutes for a power sensor without a resolution.
_FALLBACK_RESOLUTION = timedelta(minutes=15)


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 time with offset, as UTC."""
    return dt_util.as_utc(datetime.fromisoformat(text))


def _json_field(value: Any) -> Any:
    """Return the server hands out some structures as JSON inside a string."""
    return json.loads(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Sensor:
    """A FlexMeasures sensor: a time series on the server."""

    id: int
    name: str
    unit: str
    resolution: timedelta
    """Zero: each value holds for an instant."""
    time_zone: tzinfo
    asset_id: int
    consumption_is_positive: bool
    """Whether power is stored with consumption positive; else with production positive."""
    consumption_is_negative: bool = False
    """Whether the server says so; it says neither of most."""

    @property
    def slot_length(self) -> timedelta:
        """The resolution; for a sensor without one, what the server plans it at."""
        return self.resolution or _FALLBACK_RESOLUTION

    @classmethod
    def from_json(cls, data: Mapping[str, Any], time_zone: tzinfo) -> Self:
        """Read ``GET /sensors/<id>``, or an item of ``GET /sensors``."""
        attributes = _json_field(data.get("attributes")) or {}
        return cls(
            id=data["id"],
            name=data["name"],
            unit=data["unit"],
            resolution=parse_duration(data["event_resolution"]),
            time_zone=time_zone,
            asset_id=data["generic_asset_id"],
            consumption_is_positive=bool(
                attributes.get("consumption_is_positive", False)
            ),
            consumption_is_negative=attributes.get("consumption_is_positive") is False,
        )


@dataclass(frozen=True, slots=True)
class Asset:
    """A FlexMeasures asset: a thing, a building or a market that has sensors."""

    id: int
    name: str
    account_id: int | None
    """None: belongs to no account, like a price zone."""
    parent_id: int | None
    flex_model: Mapping[str, Any]
    flex_context: Mapping[str, Any]
    type: str = ""
    """As its server calls it, like ``solar`` or ``building``."""
    external_id: str | None = None
    """What it is called elsewhere; no other one of its account has the same."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read one item of ``GET /assets``."""
        flex_model = _json_field(data.get("flex_model")) or {}
        flex_context = _json_field(data.get("flex_context")) or {}
        return cls(
            id=data["id"],
            name=data["name"],
            account_id=data.get("account_id"),
            parent_id=data.get("parent_asset_id"),
            # Lists hold one model per device or one context per commodity: nothing
            # that could be shown as the default of a single field.
            flex_model=flex_model if isinstance(flex_model, dict) else {},
            flex_context=flex_context if isinstance(flex_context, dict) else {},
            type=(data.get("generic_asset_type") or {}).get("name", ""),
            external_id=data.get("external_id"),
        )

    @property
    def is_public(self) -> bool:
        """Whether it belongs to no account."""
        return self.account_id is None

    @property
    def is_device(self) -> bool:
        """Whether it says that it can do something, as what can be scheduled does."""
        return bool(self.flex_model) and self.flex_model != NO_DEVICE

    @property
    def only_produces(self) -> bool:
        """Whether it uses no power worth mentioning."""
        return self.type in _PRODUCING_TYPES


@dataclass(frozen=True, slots=True)
class Rights:
    """What a login may do on its server."""

    account_id: int
    """Whose assets it may add to."""
    may_add_sites: bool
    """Whether it may add assets that are part of no other."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The assets and sensors that the account can see, public ones included."""

    assets: Mapping[int, Asset]
    sensors: dict[int, Sensor]
    _signs: Mapping[int, bool] = field(init=False, repr=False, compare=False)
    """Of the sensors that sites list: whether consumption is positive."""
    _inputs: frozenset[int] = field(init=False, repr=False, compare=False)
    """The sensors that schedules are made from."""

    def __post_init__(self) -> None:
        """Look up what sites and devices refer to."""
        signs = {
            sensor_id: is_positive
            for asset in self.assets.values()
            for name, is_positive in _LISTED_SIGNS.items()
            for sensor_id in listed_sensors(asset.flex_context.get(name))
        }
        object.__setattr__(self, "_signs", signs)
        inputs = {
            sensor_id
            for asset in self.assets.values()
            for name, value in {**asset.flex_context, **asset.flex_model}.items()
            if name not in _OUTPUTS
            for sensor_id in listed_sensors(
                [value] if isinstance(value, dict) else value
            )
        }
        object.__setattr__(self, "_inputs", frozenset(inputs))

    def asset_of(self, sensor_id: int) -> Asset | None:
        """Return the asset that has a sensor; None if the account cannot see it."""
        sensor = self.sensors.get(sensor_id)
        return self.assets.get(sensor.asset_id) if sensor else None

    def is_device(self, sensor: Sensor) -> bool:
        """Return whether the sensor's asset can be scheduled."""
        asset = self.assets.get(sensor.asset_id)
        return asset is not None and asset.is_device

    def flex_model(self, sensor: Sensor) -> Mapping[str, Any]:
        """Return what the sensor's asset says of itself."""
        asset = self.assets.get(sensor.asset_id)
        return asset.flex_model if asset else {}

    def flex_context(self, sensor: Sensor) -> Mapping[str, Any]:
        """Return what the sensor's asset and those it is part of say, the nearest first."""
        context: dict[str, Any] = {}
        for asset in self.lineage(sensor):
            context = {**asset.flex_context, **context}
        return context

    def is_input(self, sensor: Sensor) -> bool:
        """Return whether schedules are made from a sensor, like a demand, rather than for it."""
        return sensor.id in self._inputs

    def site(self, sensor: Sensor) -> int:
        """Return the outermost asset of the account that the sensor's asset is part of."""
        own = [asset.id for asset in self.lineage(sensor) if not asset.is_public]
        return own[-1] if own else sensor.asset_id

    def signed(self, sensor: Sensor) -> Sensor:
        """Return a sensor with the sign that the scheduler reads it with.

        A site may list it as its consumption or its production; else its own attribute
        says so.
        """
        is_positive = self._signs.get(sensor.id)
        if is_positive is None:
            return sensor
        return replace(
            sensor,
            consumption_is_positive=is_positive,
            consumption_is_negative=not is_positive,
        )

    def lineage(self, sensor: Sensor) -> Iterator[Asset]:
        """Return the sensor's asset, the one that this is part of, and so on."""
        asset_id: int | None = sensor.asset_id
        while asset_id is not None and (asset := self.assets.get(asset_id)):
            yield asset
            asset_id = asset.parent_id


_OUTPUTS: Final = frozenset({"sensor", "consumption", "production"})
"""Fields of a flex-model that say which sensors a schedule is written to."""

_PRODUCING_TYPES: Final = frozenset({"solar", "wind"})

_LISTED_SIGNS: Final = {"inflexible-consumption": True, "inflexible-production": False}
"""By fields of a flex-context: whether consumption is positive in the sensors listed there."""


def listed_sensors(items: Any) -> frozenset[int]:
    """Return the sensors that a field lists, in either spelling."""
    found = set()
    for item in items if isinstance(items, list) else ():
        match item:
            case int(sensor_id) | {"sensor": int(sensor_id)}:
                found.add(sensor_id)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class SensorData:
    """Values of a sensor from `start` on, one per `resolution`; None where there is none."""

    start: datetime
    resolution: timedelta
    unit: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a data source has stored of a sensor."""

    source: int
    start: datetime
    """Of its first value."""
    recorded_at: datetime
    """When its last value became known."""

    @classmethod
    def from_json(cls, source: str, data: Mapping[str, Any]) -> Self:
        """Read an item of ``GET /sensors/<id>/stats``, as ``demo (ID: 4)`` is called."""
        _, _, source_id = source.rpartition("ID: ")
        return cls(
            source=int(source_id.removesuffix(")")),
            start=parse_moment(data["First event start"]),
            recorded_at=parse_moment(data["Last recorded"]),
        )


@dataclass(frozen=True, slots=True)
class PostedData:
    """What the server did with posted values."""

    status: str
    """``PROCESSED``, or ``ACCEPTED`` when a worker stores them shortly after."""
    job: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """A computation on the server's queue."""

    id: str
    status: str
    message: str
    result: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, job_id: str, data: Mapping[str, Any]) -> Self:
        """Read ``GET /jobs/<uuid>``."""
        result = data.get("result")
        return cls(
            id=job_id,
            status=str(data["status"]),
            message=str(data.get("message") or ""),
            result=result if isinstance(result, dict) else {},
        )

    @property
    def is_finished(self) -> bool:
        """The job gave its result."""
        return self.status == "FINISHED"

    @property
    def has_begun(self) -> bool:
        """A worker has taken the job."""
        return self.status not in ("QUEUED", "DEFERRED", "SCHEDULED")

    @property
    def is_unsuccessful(self) -> bool:
        """The job ended and will give no result."""
        return self.status in ("FAILED", "STOPPED", "CANCELED")


@dataclass(frozen=True, slots=True)
class Automation:
    """What the server does by itself, again and again, for an asset."""

    id: int
    type: str
    """``forecasting``, ``scheduling``, ``reporting`` or a plugin's own."""
    is_active: bool
    sensors: frozenset[int] | None
    """Of which it stores values; None if the answer does not say so, as a list does not."""

    @classmethod
    def from_json(cls, data: Any) -> Self | None:
        """Read ``GET /assets/<id>/automations/<id>``, or an item of a list; None if it is none."""
        match data:
            case {"id": int(automation_id), "type": str(kind)}:
                return cls(
                    id=automation_id,
                    type=kind,
                    is_active=data.get("active") is True,
                    sensors=_ids(data.get("output-sensors")),
                )
        return None

    @classmethod
    def all_from_json(cls, data: Any) -> tuple[Self, ...]:
        """Read ``GET /assets/<id>/automations``, without what cannot be read."""
        match data:
            case {"automations": list(items)}:
                return tuple(found for item in items if (found := cls.from_json(item)))
        return ()


def _ids(items: Any) -> frozenset[int] | None:
    """Return the ids of what is listed; None if nothing is."""
    if not isinstance(items, list):
        return None
    return frozenset(
        item["id"] for item in items if isinstance(item, dict) and "id" in item
    )
