"""Which parts of a kind of an account are loaded: each comes, changes and goes for itself."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .account import FlexMeasuresConfigEntry, enabled_subentries
from .device.lifetime import Lifetime
from .device.loaded import Loaded
from .entity import async_unload_entities


class AccountPart(Protocol):
    """What one subentry stands for."""

    @property
    def lifetime(self) -> Lifetime:
        """How long it is loaded."""

    @callback
    def async_follow(self) -> None:
        """Go to work, now that there are entities to show it."""

    async def async_shutdown(self) -> None:
        """Do nothing more."""


class PartIssues(Protocol):
    """Watches one part."""

    @callback
    def async_start(self) -> None:
        """Watch until it is unloaded."""

    @callback
    def async_withdraw(self) -> None:
        """Take back what was said of it."""


@dataclass(frozen=True, slots=True)
class _LoadedPart[Part: AccountPart]:
    """A part that is loaded."""

    configuration: tuple[str, dict[str, object]]
    part: Part
    issues: PartIssues

    @callback
    def async_start(self) -> None:
        """Keep it up to date."""
        self.issues.async_start()
        self.part.async_follow()


class AccountParts[Part: AccountPart](ABC):
    """Loads what an account has of one kind and is not disabled."""

    subentry_type: str

    def __init__(
        self,
        hass: HomeAssistant,
        entry: FlexMeasuresConfigEntry,
        parts: Loaded[Part],
    ) -> None:
        """Load all of them into `parts`; they do not work yet."""
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        self._parts = parts
        self._loaded: dict[str, _LoadedPart[Part]] = {}
        for subentry in self._wanted().values():
            self._load(subentry)

    @callback
    def async_start(self) -> None:
        """Let them work, now that there are entities to show it."""
        for loaded in self._loaded.values():
            loaded.async_start()

    async def async_follow(self) -> None:
        """Unload and load what has changed; the others go on."""
        wanted = self._wanted()
        for subentry_id, loaded in list(self._loaded.items()):
            subentry = wanted.get(subentry_id)
            if subentry and loaded.configuration == _configuration(subentry):
                continue
            await async_unload_entities(self._hass, self._entry, subentry_id)
            await self._unload(subentry_id, loaded.part)
            if subentry is None:
                loaded.issues.async_withdraw()
        for subentry_id, subentry in wanted.items():
            if subentry_id not in self._loaded:
                self._load(subentry).async_start()

    @abstractmethod
    def _make(self, subentry: ConfigSubentry) -> tuple[Part, PartIssues]:
        """Make what a subentry stands for, and who watches it."""

    def _load(self, subentry: ConfigSubentry) -> _LoadedPart[Part]:
        part, issues = self._make(subentry)
        loaded = _LoadedPart(_configuration(subentry), part, issues)
        self._loaded[subentry.subentry_id] = loaded
        self._parts[subentry.subentry_id] = part
        self._parts.async_announce(part)
        return loaded

    async def _unload(self, subentry_id: str, part: Part) -> None:
        """Stop all that goes on for it; what is stored of it stays."""
        del self._loaded[subentry_id], self._parts[subentry_id]
        part.lifetime.async_end()
        await part.async_shutdown()
        await part.lifetime.async_ended()

    def _wanted(self) -> dict[str, ConfigSubentry]:
        return enabled_subentries(self._hass, self._entry, self.subentry_type)


def _configuration(subentry: ConfigSubentry) -> tuple[str, dict[str, object]]:
    """Return what a part is loaded with."""
    return subentry.title, dict(subentry.data)
