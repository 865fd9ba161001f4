"""The feeds of an account."""

from typing import override

from homeassistant.config_entries import ConfigSubentry

from .account_parts import AccountParts
from .const import SUBENTRY_FEED
from .feeds.feed import Feed, FeedPeers
from .feeds.foreseen.feed import ForeseenFeed
from .feeds.measured.feed import MeasuredFeed
from .feeds.settings import FeedSettings, MeasuredSource
from .issues.feed import FeedIssues


class AccountFeeds(AccountParts[Feed]):
    """Loads the feeds of an account that are not disabled."""

    subentry_type = SUBENTRY_FEED

    @override
    def _make(self, subentry: ConfigSubentry) -> tuple[Feed, FeedIssues]:
        account = self._account
        peers = FeedPeers(
            account.api,
            account.catalogue,
            account.store,
            account.feed_dispatcher,
            account.daily_forecast,
        )
        settings = FeedSettings.from_subentry(subentry.data)
        is_measured = isinstance(settings.source, MeasuredSource)
        kind = MeasuredFeed if is_measured else ForeseenFeed
        feed = kind(self._hass, self._entry, subentry, peers)
        return feed, FeedIssues(self._hass, feed)
