"""Profiles: what is told what, for devices that many people have. Each is data in `profiles/`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
import json
from pathlib import Path
from typing import Any, Final, Self

from .targets import Kind

_FOLDER: Final = Path(__file__).parent / "profiles"
WORDS: Final = ("charge", "discharge", "idle", "rest_option")
"""Settings that are options of an entity."""


@dataclass(frozen=True, slots=True)
class EntityPattern:
    """What one entity of an integration is told by."""

    domain: str
    translation_key: str | None
    unique_id: str | None
    """With wildcards."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a part of a profile."""
        return cls(data["domain"], data.get("translation_key"), data.get("unique_id"))

    def fits(self, domain: str, translation_key: str | None, unique_id: str) -> bool:
        """Return whether it is this entity."""
        return (
            domain == self.domain
            and self.translation_key in (None, translation_key)
            and (self.unique_id is None or fnmatchcase(unique_id, self.unique_id))
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """How one sort of device follows."""

    integration: str
    brand: str
    kind: Kind
    entities: Mapping[str, EntityPattern]
    """By setting; all of one device."""
    settings: Mapping[str, Any]
    """Where they are not the usual ones."""
    present: Mapping[str, tuple[str, float]]
    """Settings that begin with what an entity has now, and so much more."""

    @classmethod
    def from_json(cls, file: Mapping[str, Any], data: Mapping[str, Any]) -> Self:
        """Read one of a file's."""
        return cls(
            file["integration"],
            file["brand"],
            Kind(data["kind"]),
            {
                setting: EntityPattern.from_json(pattern)
                for setting, pattern in data["entities"].items()
            },
            data.get("settings", {}),
            {
                setting: (each["of"], each["plus"])
                for setting, each in data.get("present", {}).items()
            },
        )

    @property
    def chosen(self) -> str:
        """Return the setting of the entity that has the words."""
        return "second_entity" if self.kind is Kind.CURRENT else "entity"

    @property
    def words(self) -> frozenset[str]:
        """Return the options that it uses."""
        return frozenset(self.settings[key] for key in WORDS if key in self.settings)


@cache
def load_profiles() -> Mapping[str, tuple[Profile, ...]]:
    """Return all profiles by integration; reads files."""
    return {
        profiles[0].integration: profiles
        for path in sorted(_FOLDER.glob("*.json"))
        if (profiles := tuple(_read(json.loads(path.read_text("utf-8")))))
    }


def _read(file: Mapping[str, Any]) -> Iterator[Profile]:
    for data in file["profiles"]:
        yield Profile.from_json(file, data)
