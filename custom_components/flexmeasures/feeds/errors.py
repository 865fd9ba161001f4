"""Why nothing can be made of a feed's source."""

from typing import override

from ..api.errors import FlexMeasuresError


class FeedSourceError(FlexMeasuresError):
    """A source cannot give what its FlexMeasures sensor takes; a translated text says why.

    Subclasses name their `translation_key`, a key of both ``exceptions`` and the errors of
    the feed's form.
    """

    def __init__(self, **placeholders: str) -> None:
        """Keep what the text needs."""
        super().__init__(*placeholders.values())
        self._placeholders = placeholders

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return self._placeholders


class EntityGoneError(FeedSourceError):
    """The entity was removed from Home Assistant."""

    translation_key = "feed_entity_gone"

    def __init__(self, name: str) -> None:
        """Keep what the feed is called."""
        super().__init__(name=name)
