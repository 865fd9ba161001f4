"""The sensors of a feed: how far it has come, and what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from ..account import FlexMeasuresConfigEntry
from ..entity import FeedEntity, local_time
from ..feeds.feed import Feed
from ..feeds.trouble import Trouble


@dataclass(frozen=True, kw_only=True)
class FeedSensorDescription(SensorEntityDescription):
    """One thing about a feed."""

    value_fn: Callable[[Feed, datetime], StateType | datetime]
    attributes_fn: Callable[[Feed], dict[str, Any]] = lambda _: {}
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


def _completeness(feed: Feed, now: datetime) -> float | None:
    share = feed.completeness(now)
    return None if share is None else round(100 * share, 1)


def _progress(feed: Feed) -> dict[str, Any]:
    """Return up to when everything was sent, and when it was last forecast."""
    memory = feed.memory
    progress = {
        "sent_until": local_time(memory.sent_until) if memory.sent_until else None,
    }
    if feed.settings.has_daily_forecast:
        forecast_at = memory.forecast_at
        progress["last_forecast"] = local_time(forecast_at) if forecast_at else None
    return progress


def _rejections(feed: Feed) -> dict[str, Any]:
    """Return what the server has refused and is tried again."""
    return {
        "rejected": feed.memory.rejected,
        "set_aside": [
            {
                "start": local_time(each.period.start),
                "end": local_time(each.period.end),
                "reason": each.reason,
                "next_try": local_time(each.retry_at),
            }
            for each in feed.memory.set_aside
        ],
    }


def _trouble(feed: Feed) -> dict[str, Any]:
    """Return what is wrong in more words; those of the server are its own."""
    return {
        "message": feed.trouble_message,
        "since": local_time(feed.failed_at) if feed.failed_at else None,
        **_rejections(feed),
    }


FEED_SENSORS: Final = (
    FeedSensorDescription(
        key="last_sent",
        translation_key="feed_last_sent",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda feed, _: feed.memory.last_sent,
        attributes_fn=_progress,
    ),
    FeedSensorDescription(
        key="backlog",
        translation_key="feed_backlog",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda feed, now: feed.backlog(now),
    ),
    FeedSensorDescription(
        key="completeness",
        translation_key="feed_completeness",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=_completeness,
    ),
    FeedSensorDescription(
        key="last_error",
        translation_key="feed_last_error",
        device_class=SensorDeviceClass.ENUM,
        options=[*Trouble],
        value_fn=lambda feed, _: feed.trouble,
        attributes_fn=_trouble,
    ),
)


class FeedSensor(FeedEntity, SensorEntity):
    """One thing about a feed."""

    entity_description: FeedSensorDescription
    _unrecorded_attributes = frozenset({"sent_until", "last_forecast", "set_aside"})

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """None is what is not known yet."""
        return self.entity_description.value_fn(self.feed, dt_util.utcnow())

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What a value is made of."""
        return self.entity_description.attributes_fn(self.feed)


@callback
def async_add_feed_entities(
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each feed, now and later."""

    @callback
    def add(feed: Feed) -> None:
        async_add_entities(
            [FeedSensor(feed, sensor) for sensor in FEED_SENSORS],
            config_subentry_id=feed.subentry.subentry_id,
        )

    entry.runtime_data.feeds.async_for_each(add)
