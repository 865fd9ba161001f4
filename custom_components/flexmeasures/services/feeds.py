"""The actions that have feeds send: now, or what is missing of a period."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from ..account import FlexMeasuresConfigEntry
from ..action_errors import translated_errors
from ..const import DOMAIN
from ..feeds.feed import Feed
from ..feeds.measured.feed import MeasuredFeed
from .calls import account_of
from .fields import ATTR_END, ATTR_START
from .targets import feeds_of, is_chosen


async def send_now(call: ServiceCall) -> ServiceResponse:
    """Send what there is, without waiting for its time."""
    response: dict[str, Any] = {}
    failures: dict[str, HomeAssistantError] = {}
    for entry, feed in _feeds(call):
        before = feed.memory.last_sent
        try:
            async with translated_errors(call.hass, entry):
                await feed.async_send_now()
        except HomeAssistantError as err:
            # The others are sent all the same.
            failures[feed.subentry.title] = err
            continue
        response[feed.subentry.title] = {
            "sent": feed.memory.last_sent != before,
            "last_sent": feed.memory.last_sent
            and dt_util.as_local(feed.memory.last_sent).isoformat(),
            "backlog": feed.backlog(dt_util.utcnow()),
        }
    _raise(failures)
    return {"feeds": response}


async def backfill(call: ServiceCall) -> ServiceResponse:
    """Send what the server does not have of a period, or has otherwise."""
    start: datetime = call.data[ATTR_START]
    end: datetime = call.data.get(ATTR_END) or dt_util.utcnow()
    if start >= min(end, dt_util.utcnow()):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="period_is_empty"
        )
    feeds = _feeds(call)
    if is_chosen(call):
        for _, feed in feeds:
            if not isinstance(feed, MeasuredFeed):
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="feed_not_measured",
                    translation_placeholders={"feed": feed.subentry.title},
                )
    response: dict[str, Any] = {}
    failures: dict[str, HomeAssistantError] = {}
    for entry, feed in feeds:
        if isinstance(feed, MeasuredFeed):
            try:
                async with translated_errors(call.hass, entry):
                    sent = await feed.async_backfill(start, end)
            except HomeAssistantError as err:
                failures[feed.subentry.title] = err
            else:
                response[feed.subentry.title] = asdict(sent)
    _raise(failures)
    return {"feeds": response}


def _raise(failures: Mapping[str, HomeAssistantError]) -> None:
    """Raise HomeAssistantError if there are any, with what is wrong with which feed."""
    if failures:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="feeds_not_sent",
            translation_placeholders={
                "reasons": "; ".join(
                    f"{feed}: {failure}" for feed, failure in failures.items()
                )
            },
        )


def _feeds(call: ServiceCall) -> list[tuple[FlexMeasuresConfigEntry, Feed]]:
    """Return the feeds that were chosen, else all of the account."""
    if is_chosen(call):
        return [(target.entry, target.part) for target in feeds_of(call)]
    entry = account_of(call)
    return [(entry, feed) for feed in entry.runtime_data.feeds.values()]
