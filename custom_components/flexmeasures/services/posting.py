"""The action that stores values in FlexMeasures sensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from ..account import FlexMeasuresConfigEntry
from ..action_errors import translated_errors
from ..api.client import FlexMeasuresApi
from ..api.durations import iso_duration
from ..api.models import PostedData, Sensor
from ..const import DOMAIN
from ..feeds.feed import Feed
from .batches import Batch, batches_of, says_times
from .calls import about_sensor, account_of
from .fields import (
    ATTR_DURATION,
    ATTR_MEASUREMENTS,
    ATTR_PRIOR,
    ATTR_SENSOR,
    ATTR_START,
    ATTR_UNIT,
    ATTR_VALUE,
    ATTR_VALUES,
)
from .targets import Target, feeds_of, for_each, is_chosen


async def post_measurements(call: ServiceCall) -> ServiceResponse:
    """Store values in one sensor, in several, or in those of feeds.

    Nothing is stored if something is wrong that can be seen beforehand.
    """
    if is_chosen(call):
        return await _post_to_feeds(call)
    entry = account_of(call)
    several: list[dict[str, Any]] | None = call.data.get(ATTR_MEASUREMENTS)
    if several is None:
        return await _post_to_one(call, entry, call.data)
    postings = []
    for data in several:
        with about_sensor(data[ATTR_SENSOR]):
            async with translated_errors(call.hass, entry):
                postings.append(await _Posting.prepared(entry.runtime_data.api, data))
    await _post(call, entry, postings)
    return {ATTR_MEASUREMENTS: [posting.as_dict() for posting in postings]}


async def _post_to_feed(call: ServiceCall, feed: Target[Feed]) -> ServiceResponse:
    data = {**call.data, ATTR_SENSOR: feed.part.settings.sensor}
    return await _post_to_one(call, feed.entry, data)


_post_to_feeds = for_each(feeds_of, _post_to_feed)


async def _post_to_one(
    call: ServiceCall, entry: FlexMeasuresConfigEntry, data: Mapping[str, Any]
) -> ServiceResponse:
    async with translated_errors(call.hass, entry):
        posting = await _Posting.prepared(entry.runtime_data.api, data)
    await _post(call, entry, [posting])
    return posting.as_dict()


@dataclass(slots=True)
class _Posting:
    """What is to be stored in a sensor, and how far that has come."""

    sensor: Sensor
    data: Mapping[str, Any]
    """What the action wants."""
    batches: Sequence[Batch]
    receipts: list[PostedData] = field(default_factory=list)
    """Of the batches that are stored, from the first on."""

    @classmethod
    async def prepared(cls, api: FlexMeasuresApi, data: Mapping[str, Any]) -> Self:
        """Divide the values as the sensor needs it; raises ServiceValidationError."""
        sensor = await api.get_sensor(data[ATTR_SENSOR])
        return cls(sensor, data, batches_of(sensor, data))

    async def post(self, api: FlexMeasuresApi) -> None:
        """Store all batches, up to the first that fails."""
        for batch in self.batches:
            receipt = await api.post_data(
                self.sensor,
                start=batch.start,
                duration=batch.duration,
                values=batch.values,
                unit=self.data[ATTR_UNIT],
                prior=self.data.get(ATTR_PRIOR),
            )
            self.receipts.append(receipt)

    def progress(self) -> str:
        """Return the sensor with how many of its values are stored."""
        counts = [sum(1 for _ in batch.timed()) for batch in self.batches]
        return f"{self.sensor.id} ({sum(counts[: len(self.receipts)])}/{sum(counts)})"

    def as_dict(self) -> dict[str, Any]:
        """Return what was stored."""
        values: list[Any] = list(self.data[ATTR_VALUES])
        if says_times(values):
            values = [
                {ATTR_START: dt_util.as_local(start).isoformat(), ATTR_VALUE: value}
                for batch in self.batches
                for start, value in batch.timed()
            ]
        start = self.batches[0].start
        return {
            "status": self.receipts[-1].status.lower(),
            "job": self.receipts[-1].job,
            ATTR_SENSOR: self.sensor.id,
            ATTR_START: dt_util.as_local(start).isoformat(),
            ATTR_DURATION: iso_duration(self.batches[-1].end - start),
            ATTR_VALUES: values,
            ATTR_UNIT: self.data[ATTR_UNIT],
        }


async def _post(
    call: ServiceCall, entry: FlexMeasuresConfigEntry, postings: Sequence[_Posting]
) -> None:
    """Store what can be stored; raise HomeAssistantError unless that is everything."""
    failures: list[tuple[_Posting, HomeAssistantError]] = []
    for position, posting in enumerate(postings):
        try:
            async with translated_errors(call.hass, entry):
                await posting.post(entry.runtime_data.api)
        except ServiceValidationError as err:
            failures.append((posting, err))
        except HomeAssistantError as err:
            # Not about this sensor: the others would fail the same way.
            failures += [(each, err) for each in postings[position:]]
            break
    if not failures:
        return
    _, error = failures[0]
    if len(postings) == 1 and not postings[0].receipts:
        raise error
    stored = [posting.progress() for posting in postings if posting.receipts]
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="not_all_posted",
        translation_placeholders={
            "stored": ", ".join(stored) or "-",
            "failed": "; ".join(
                f"{posting.sensor.id}: {err}" for posting, err in failures
            ),
        },
    ) from error
