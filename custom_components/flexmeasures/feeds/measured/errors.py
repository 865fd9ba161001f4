"""Why nothing is known of what an entity has shown."""

from ..errors import FeedSourceError


class HistoryUnavailableError(FeedSourceError):
    """The recorder does not answer now."""

    translation_key = "feed_history_unavailable"
    passes = True

    def __init__(self, name: str) -> None:
        """Keep what the feed is called."""
        super().__init__(name=name)
