"""What the user can do something about, or should know, with a feed."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..api.errors import RejectedError
from ..feeds.feed import Feed
from ..local_format import day_and_time
from .registry import FEED_FAILED, FEED_LOST, Issues, async_publish

# An hour apart at first: what the server refuses for so long it does not take by itself.
_MOST_TRIES: Final = 3


class FeedIssues:
    """Watches one feed."""

    def __init__(self, hass: HomeAssistant, feed: Feed) -> None:
        """Wait to be started."""
        self._hass = hass
        self._feed = feed

    @callback
    def async_start(self) -> None:
        """Watch until the feed is unloaded."""
        self._feed.lifetime.async_on_unload(self._feed.async_add_listener(self._report))
        self._report()

    @callback
    def async_withdraw(self) -> None:
        """Take it back: the feed is not loaded any more, and not to be mended."""
        async_publish(self._hass, self._feed, (FEED_FAILED, FEED_LOST), {})

    @callback
    def _report(self) -> None:
        """Publish what is wrong now, or take it back."""
        feed = self._feed
        issues: Issues = {}
        subentry_id, title = feed.subentry.subentry_id, feed.subentry.title
        if reason := self._lasting_failure():
            issues[f"{FEED_FAILED}{subentry_id}"] = {
                "is_fixable": True,
                "severity": ir.IssueSeverity.ERROR,
                "translation_key": "feed_failed",
                "translation_placeholders": {"feed": title, "reason": reason},
            }
        if lost := feed.memory.lost:
            start, end = map(day_and_time, lost)
            issues[f"{FEED_LOST}{subentry_id}"] = {
                "is_fixable": True,
                "severity": ir.IssueSeverity.WARNING,
                "translation_key": "feed_lost",
                "translation_placeholders": {"feed": title, "start": start, "end": end},
            }
        async_publish(self._hass, feed, (FEED_FAILED, FEED_LOST), issues)

    def _lasting_failure(self) -> str | None:
        """Return why nothing, or some, is sent for long, if somebody has to mend it."""
        feed = self._feed
        tries = max(feed.memory.set_aside, key=lambda each: each.tries, default=None)
        if tries and tries.tries >= _MOST_TRIES:
            return tries.reason
        failure = feed.failure
        if failure is None or failure.passes:
            return None
        # What may be about a single value is tried again first.
        if isinstance(failure, RejectedError) and feed.memory.set_aside:
            return None
        # In English, as the server's own words are.
        return feed.trouble_message
