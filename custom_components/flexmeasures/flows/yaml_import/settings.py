"""The settings under ``flexmeasures:`` in ``configuration.yaml``, as people write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any

import voluptuous as vol

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.util.yaml.objects import NodeDictClass

from ...const import (
    CONF_POWER_SENSOR,
    CONF_SOC_DEVIATION,
    CONF_SOC_MAX,
    CONF_SOC_MIN,
    CONF_SOC_UNIT,
    DOMAIN,
)
from .values import READERS

REQUIRED = (CONF_HOST, CONF_USERNAME, CONF_PASSWORD, CONF_POWER_SENSOR)

# What means nothing without a unit.
_AMOUNTS = (CONF_SOC_MIN, CONF_SOC_MAX, CONF_SOC_DEVIATION)

_LONGEST_VALUE = 100


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """Something that cannot be imported, and why."""

    number: int
    """Of the mapping that it is in."""
    key: str
    error: str
    """The key of the issue's text, without its ``yaml_``."""
    placeholders: dict[str, str]


@dataclass(frozen=True, slots=True)
class YamlMapping:
    """One mapping, as it was written."""

    number: int
    """Its position, from 1."""
    written: Mapping[Any, Any] = field(repr=False)
    folder: str
    """Home Assistant's configuration."""

    def problem(self, key: str, error: str, **placeholders: str) -> YamlProblem:
        """Say that a key is wrong, with its value and where it is."""
        given = {
            "key": key,
            "value": self._shown(key),
            "place": self._place,
            **placeholders,
        }
        return YamlProblem(self.number, key, error, given)

    def _shown(self, key: str) -> str:
        """Return a value without anything in it that may be a secret."""
        value = self.written.get(key, "")
        # Wrong indentation puts the password into the value of another key.
        is_secret = key == CONF_PASSWORD or isinstance(value, Mapping | list)
        if is_secret or (key == CONF_HOST and "@" in str(value)):
            return "…"
        return str(value)[:_LONGEST_VALUE]

    @property
    def _place(self) -> str:
        """The file and the line in which it begins, as far as they are known.

        Home Assistant has dropped the lines of the keys.
        """
        if not isinstance(self.written, NodeDictClass):
            return "configuration.yaml"
        file = PurePath(self.written.__config_file__)
        if file.is_relative_to(self.folder):
            file = file.relative_to(self.folder)
        return f"{file}:{self.written.__line__}"


@dataclass(frozen=True, slots=True)
class YamlDevice:
    """A device with the settings that are given for it."""

    mapping: YamlMapping
    power_sensor: int
    settings: Mapping[str, Any]
    """As a subentry keeps them: sensors by id, durations in seconds."""


@dataclass(frozen=True, slots=True)
class YamlAccount:
    """A login, and its devices."""

    host: str
    username: str
    password: str = field(repr=False)
    devices: list[YamlDevice]

    @property
    def login(self) -> dict[str, str]:
        """As a config entry keeps it."""
        return {
            CONF_HOST: self.host,
            CONF_USERNAME: self.username,
            CONF_PASSWORD: self.password,
        }


@dataclass(frozen=True, slots=True)
class YamlSettings:
    """All that is under ``flexmeasures:``."""

    accounts: list[YamlAccount]
    problems: list[YamlProblem]
    devices: frozenset[tuple[str, str, int]] | None
    """Host, username and power sensor of each device, also of those with a mistake.

    The usernames are in lower case, since the server may know them so.

    None if one of them cannot be told.
    """


def read_yaml(mappings: Iterable[Any], folder: str) -> YamlSettings:
    """Read what is right, and list what is wrong; `folder` is left out of file names."""
    accounts: dict[tuple[str, str, str], YamlAccount] = {}
    problems: list[YamlProblem] = []
    devices: set[tuple[str, str, int]] = set()
    is_complete = True
    for number, written in enumerate(mappings, 1):
        # A lone ``flexmeasures:`` is not wrong.
        if not written:
            continue
        if not isinstance(written, Mapping):
            mapping = YamlMapping(number, {}, folder)
            problems.append(mapping.problem(DOMAIN, "not_a_mapping"))
            is_complete = False
            continue
        mapping = YamlMapping(number, written, folder)
        values, wrong = _read_mapping(mapping)
        problems.extend(wrong)
        identity = (CONF_HOST, CONF_USERNAME, CONF_POWER_SENSOR)
        if not values.keys() >= {*identity}:
            is_complete = False
            continue
        host, username, power_sensor = (values[key] for key in identity)
        device = host, username.lower(), power_sensor
        if device in devices:
            problems.append(mapping.problem(CONF_POWER_SENSOR, "sensor_already_used"))
            continue
        devices.add(device)
        if (password := values.get(CONF_PASSWORD)) is not None:
            account = accounts.setdefault(
                (host, username, password), YamlAccount(host, username, password, [])
            )
            account.devices.append(
                YamlDevice(mapping, power_sensor, without(values, *REQUIRED))
            )
    return YamlSettings(
        [*accounts.values()], problems, frozenset(devices) if is_complete else None
    )


def without(settings: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the settings that still mean something without some of them."""
    gone = {*keys, *(_AMOUNTS if CONF_SOC_UNIT in keys else ())}
    return {key: value for key, value in settings.items() if key not in gone}


def _read_mapping(mapping: YamlMapping) -> tuple[dict[str, Any], list[YamlProblem]]:
    """Return the right values, and what is wrong with the others."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    problems: list[YamlProblem] = []
    for key, written in mapping.written.items():
        if key not in READERS:
            problems.append(_unknown(mapping, str(key)))
        # A key without a value is as good as none.
        elif written is not None:
            read, error = READERS[key]
            try:
                values[key] = read(written)
            except LookupError, TypeError, ValueError, OverflowError, vol.Invalid:
                wrong[key] = error
    wrong |= {
        key: "missing_key" for key in REQUIRED if key not in values.keys() | wrong
    }
    problems.extend(mapping.problem(key, error) for key, error in wrong.items())
    return without(values, *wrong), problems


def _unknown(mapping: YamlMapping, key: str) -> YamlProblem:
    """Say which key may be meant by one that there is not."""
    if near := get_close_matches(key, READERS, n=1):
        return mapping.problem(key, "misspelt_key", suggestion=near[0])
    return mapping.problem(key, "unknown_key")
