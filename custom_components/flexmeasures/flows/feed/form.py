"""What the forms that feeds are finished with have in common."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant

from ...api.models import Catalogue, Sensor
from ...const import CONF_UNIT
from ...feeds.conversion import FeedUnitMissingError
from ...feeds.errors import FeedSourceError
from ..fields import label


class FeedForm(ABC):
    """Builds the form that a feed is finished with, and reads it."""

    step_id: ClassVar[str]

    def __init__(
        self,
        hass: HomeAssistant,
        catalogue: Catalogue,
        sensor: Sensor,
        *,
        others: Collection[ConfigSubentry],
        present: ConfigSubentry | None,
    ) -> None:
        """Start with the FlexMeasures sensor; `others` are all other subentries."""
        self._hass = hass
        self._catalogue = catalogue
        self._sensor = sensor
        self._others = others
        self._name = present.title if present else ""
        self.data: dict[str, Any] = {}
        """What the form made: the data of a feed subentry."""
        self.title = ""
        self.errors: dict[str, str] = {}
        """By field."""
        self.placeholders: dict[str, str] = {}
        """Of the errors."""

    @property
    @abstractmethod
    def is_previewed(self) -> bool:
        """Return whether the last preview was of what the form made."""

    @abstractmethod
    def schema(self) -> vol.Schema:
        """Return the form, by what was entered so far."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """Return what was entered so far."""

    @abstractmethod
    async def async_read(self, user_input: Mapping[str, Any]) -> None:
        """Read the form: its data and title, and an error for each field that is wrong."""

    @abstractmethod
    async def async_preview(self) -> str:
        """Return what would be sent, as far as that is known."""

    @property
    def _is_of_producer(self) -> bool:
        """Return whether the FlexMeasures sensor belongs to what only produces."""
        asset = self._catalogue.assets.get(self._sensor.asset_id)
        return asset is not None and asset.only_produces

    def _report(self, key: str, err: FeedSourceError) -> None:
        is_asked = key == CONF_UNIT and isinstance(err, FeedUnitMissingError)
        self.errors[key] = "feed_unit_not_told" if is_asked else err.translation_key
        self.placeholders |= err.placeholders

    def _read_title(self, user_input: Mapping[str, Any], default: str) -> None:
        """Take the name; without one the default, or else what the sensor is called."""
        self._name = user_input.get(CONF_NAME, "").strip()
        taken = {other.title for other in self._others}
        defaults = default, label(self._catalogue, self._sensor)
        for title in (self._name,) if self._name else defaults:
            if title not in taken:
                self.title = title
                return
        self.errors[CONF_NAME] = "name_already_used"
