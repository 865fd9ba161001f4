"""Devices that many people have: each is found by what is installed, and told the right thing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.flexmeasures.follower import profile as profiles_module
from custom_components.flexmeasures.follower.entities import facts_of
from custom_components.flexmeasures.follower.profile import WORDS, load_profiles
from custom_components.flexmeasures.follower.target_kinds import target_from
from custom_components.flexmeasures.follower.targets import Kind
from homeassistant import components
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..fake_server import BATTERY_POWER, GARAGE_POWER
from ..flows import Result, choose, start_change, submit
from ..home import Home, Json, device

FILES: Final = sorted(
    (Path(profiles_module.__file__).parent / "profiles").glob("*.json")
)
_ENTITIES: Final = vol.In(("entity", "second_entity", "third_entity"))
_PATTERN: Final = {
    vol.Required("domain"): vol.In(
        ("number", "select", "switch", "climate", "water_heater")
    ),
    vol.Optional("translation_key"): str,
    vol.Optional("unique_id"): str,
}
SCHEMA: Final = vol.Schema(
    {
        vol.Required("integration"): str,
        vol.Required("brand"): str,
        vol.Required("source"): vol.All(
            [vol.Match(r"^[\w.-]+/[\w.-]+: [\w./-]+$")], vol.Length(min=1)
        ),
        vol.Required("profiles"): vol.All(
            [
                {
                    vol.Required("kind"): vol.In(list(Kind)),
                    vol.Required("entities"): {
                        vol.Required("entity"): _PATTERN,
                        _ENTITIES: _PATTERN,
                    },
                    vol.Optional("settings"): {
                        vol.Any(*WORDS): str,
                        "least": vol.Range(min=1, max=32),
                        "invert": bool,
                        "sign": vol.In(("none", "charging", "discharging")),
                    },
                    vol.Optional("present"): {
                        vol.Any("low", "high", "rest", "rest_power"): {
                            vol.Required("of"): _ENTITIES,
                            vol.Required("plus"): vol.Coerce(float),
                        }
                    },
                }
            ],
            vol.Length(min=1),
        ),
    }
)

COMMON = {"deadband": 0.1, "pause": 30, "respect": 60}
SETPOINTS: Final = (-3.0, 0.0, 2.5, 7.0, None)
AMPERES = {"min": 6, "max": 16, "step": 1, "unit_of_measurement": "A"}
WATER = [[("entity", 45)], [("entity", 45)], [("entity", 55)], [("entity", 55)]]


def watts(most: float, step: float = 1, **other: Any) -> Json:
    """Give the attributes of a number that takes a power."""
    return {"min": 0, "max": most, "step": step, "unit_of_measurement": "W", **other}


@dataclass
class Case:
    """What a device's entities are like, and what is written for each of `SETPOINTS`."""

    written: list[list[tuple[str, Any]]]
    attributes: Mapping[str, Json] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)


def charger(
    go: Any = True,  # noqa: FBT002 - it may be a word
    pause: Any = False,  # noqa: FBT002
    current: float = 10,
    **attributes: Any,
) -> Case:
    """Give a car's charger: 2.5 kW with three phases is less than a car takes."""
    stopped = [("second_entity", pause)]
    return Case(
        [
            stopped,
            stopped,
            stopped,
            [("entity", current), ("second_entity", go)],
            stopped,
        ],
        {"entity": {**AMPERES, **attributes}},
    )


def hybrid(
    words: tuple[str, str, str, str],
    amounts: tuple[float, float, float],
    number: Json,
    **states: str,
) -> Case:
    """Give an inverter with one number for each direction; `amounts` is in its unit."""
    charge, discharge, idle, rest = words
    return Case(
        [
            [("third_entity", amounts[0]), ("entity", discharge)],
            [("entity", idle)],
            [("second_entity", amounts[1]), ("entity", charge)],
            [("second_entity", amounts[2]), ("entity", charge)],
            [("entity", rest)],
        ],
        {
            "entity": {"options": [*dict.fromkeys(words), "another one"]},
            "second_entity": number,
            "third_entity": number,
        },
        states,
    )


def limited(words: tuple[str, str, str, str], number: Json, per_kw: float) -> Case:
    """Give one whose numbers limit it at rest too: they had 5 kW."""
    five = str(5 * per_kw)
    case = hybrid(
        words, (3 * per_kw, 2.5 * per_kw, 7 * per_kw), number, second_entity=five
    )
    case.written[-1] += [("second_entity", 5 * per_kw), ("third_entity", 5 * per_kw)]
    return case


KILOWATTS = {"min": 0, "max": 100, "step": 0.001, "unit_of_measurement": "kW"}
CASES: Final[Mapping[str, Case]] = {
    "foxess_modbus": hybrid(
        ("Force Charge", "Force Discharge", "Back-up", "Self Use"),
        (3, 2.5, 5),
        {**KILOWATTS, "max": 5},
    ),
    "goecharger_api2": charger("2", "1"),
    "goecharger_mqtt": charger("Charge", "Don't charge"),
    "goodwe": Case(
        [
            [("second_entity", 3000), ("entity", "discharge_battery")],
            [("entity", "battery_standby")],
            [("second_entity", 2500), ("entity", "charge_battery")],
            [("second_entity", 7000), ("entity", "charge_battery")],
            [("entity", "auto")],
        ],
        {
            "entity": {
                "options": [
                    "auto",
                    "charge_pv",
                    "battery_standby",
                    "charge_battery",
                    "discharge_battery",
                ]
            },
            "second_entity": watts(20_000, 100),
        },
    ),
    "marstek_modbus": hybrid(
        ("charge", "discharge", "stop", "stop"), (2500, 2500, 2500), watts(2500, 50)
    ),
    "melcloud": Case([*WATER, [("entity", 50)]]),
    "myenergi": Case(
        [
            [("entity", "Stopped")],
            [("entity", "Stopped")],
            [("entity", "Fast")],
            [("entity", "Fast")],
            [("entity", "Eco+")],
        ],
        {"entity": {"options": ["Fast", "Eco", "Eco+", "Stopped"]}},
    ),
    "mypyllant": Case([*WATER, [("entity", 50)]]),
    "nrgkick": charger(current=10.1, step=0.1),
    "ocpp": charger(min=0),
    "openevse": charger("active", "disabled"),
    "peblar": charger(),
    "sigen": limited(
        (
            "Command Charging (Grid First)",
            "Command Discharging (ESS First)",
            "Standby",
            "Maximum Self Consumption",
        ),
        KILOWATTS,
        1,
    ),
    "solaredge_modbus": limited(
        (
            "charge_from_solar_and_grid",
            "discharge_to_maximize_export",
            "solar_only",
            "maximize_self_consumption",
        ),
        watts(1_000_000),
        1000,
    ),
    "solaredge_modbus_multi": limited(
        (
            "Charge from Solar Power and Grid",
            "Discharge to Maximize Export",
            "Solar Power Only (Off)",
            "Maximize Self Consumption",
        ),
        watts(1_000_000),
        1000,
    ),
    "technove": charger(),
    "tesla_fleet": charger(min=0),
    "teslemetry": charger(min=0),
    "tessie": charger(min=0),
    "v2c": charger(go=False, pause=True),
    "vicare": Case([*WATER, [("entity", 50)]]),
    "victron_gx": charger(),
    "wallbox": charger(unit_of_measurement=None),
    "zendure_ha": Case(
        [
            [("second_entity", 3000), ("entity", "manual")],
            [("second_entity", 0), ("entity", "manual")],
            [("second_entity", -2500), ("entity", "manual")],
            [("second_entity", -7000), ("entity", "manual")],
            [("entity", "smart")],
        ],
        {
            "entity": {"options": ["off", "manual", "smart"]},
            "second_entity": watts(10_000, min=-10_000),
        },
    ),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files(path: Path) -> None:
    """Each says what it has to, whence it is known, and is run below."""
    file = json.loads(path.read_text("utf-8"))

    SCHEMA(file)

    assert file["integration"] == path.stem
    assert path.stem in CASES
    for data in file["profiles"]:
        for pattern in data["entities"].values():
            assert pattern.keys() > {"domain"} or pattern["domain"] == "water_heater"
        assert data.get("present", {}).keys().isdisjoint(data.get("settings", {}))


def core_profiles() -> list[str]:
    """Give the integrations that are part of Home Assistant."""
    return [
        path.stem for path in FILES if "home-assistant/core" in path.read_text("utf-8")
    ]


@pytest.mark.parametrize("integration", core_profiles())
def test_home_assistants_own(integration: str) -> None:
    """Their entities have these keys, and these words."""
    folder = Path(components.__path__[0]) / integration
    texts = json.loads((folder / "strings.json").read_text("utf-8"))["entity"]
    (profile, *_) = load_profiles()[integration]

    for setting, pattern in profile.entities.items():
        if pattern.domain == "water_heater":
            continue
        assert pattern.translation_key
        text = texts[pattern.domain][pattern.translation_key]
        if setting == profile.chosen and profile.words:
            assert profile.words <= set(text["state"])


def install(
    home: Home,
    integration: str,
    name: str = "Garage",
    *,
    number: int = 0,
    options: list[str] | None = None,
) -> dict[str, str]:
    """Have a device of an integration, with one entity too many; give its entities."""
    (profile, *_), case = load_profiles()[integration], CASES[integration]
    entry = MockConfigEntry(domain=integration, entry_id=f"{integration}{number}")
    entry.add_to_hass(home.hass)
    owner = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(integration, str(number))},
        name=name,
    )
    registry = er.async_get(home.hass)
    registry.async_get_or_create(
        "sensor", integration, f"{number}", device_id=owner.id, config_entry=entry
    )
    entities = {}
    for setting, pattern in profile.entities.items():
        unique_id = (pattern.unique_id or f"*{setting}").replace("*", f"{number}_x")
        attributes = dict(case.attributes.get(setting, {}))
        if setting == profile.chosen and profile.words:
            attributes.setdefault("options", sorted(profile.words))
            if options is not None:
                attributes["options"] = options
        if pattern.domain == "water_heater":
            attributes = {"temperature": 50, "min_temp": 35, "max_temp": 60}
        known = registry.async_get_or_create(
            pattern.domain,
            integration,
            unique_id,
            config_entry=entry,
            device_id=owner.id,
            translation_key=pattern.translation_key,
            original_name=setting,
        )
        state = case.states.get(setting, "0")
        home.hass.states.async_set(known.entity_id, state, attributes)
        entities[setting] = known.entity_id
    return entities


async def who_follows(home: Home, power_sensor: int = BATTERY_POWER) -> Result:
    """Go to the menu of what follows."""
    subentry = home.entry.subentries[str(power_sensor)]
    menu = await start_change(home.hass, home.entry, subentry)
    return await choose(home.hass, menu, "follower")


def found(menu: Result) -> list[str]:
    """Give what is offered by its name."""
    placeholders = menu["description_placeholders"]
    offered = [
        placeholders[option.removeprefix("follower_")]
        for option in menu["menu_options"]
        if option.startswith("follower_found_")
    ]
    assert menu["menu_options"][: len(offered)] == [
        f"follower_found_{number}" for number, _ in enumerate(offered, 1)
    ]
    return offered


@pytest.mark.parametrize("integration", sorted(CASES))
async def test_profile(home: Home, integration: str) -> None:
    """It is found, fills in the form, and writes with the right sign and unit."""
    entities = install(home, integration)
    await home.set_up()
    menu = await who_follows(home)
    (profile, *_) = load_profiles()[integration]
    assert found(menu) == [f"Garage ({profile.brand})"]

    form = await choose(home.hass, menu, "follower_found_1")

    assert form["step_id"] == f"follower_{profile.kind}"
    filled = {
        str(each): each.description["suggested_value"]
        for each in form["data_schema"].schema
        if "suggested_value" in (each.description or {})
    }
    assert filled.items() >= entities.items()
    result = await submit(home.hass, form, filled)
    assert result["type"] is FlowResultType.ABORT
    data = home.entry.subentries[str(BATTERY_POWER)].data["follower"]
    assert data["kind"] == profile.kind
    target = target_from(data)
    assert set(target.entity_ids) == set(entities.values())
    facts = {
        each: facts_of(state)
        for each in target.entity_ids
        if (state := home.hass.states.get(each))
    }
    settings = {entity_id: setting for setting, entity_id in entities.items()}
    written = [
        [(settings[each.entity_id], each.value) for each in target.writes(power, facts)]
        for power in SETPOINTS
    ]
    assert written == CASES[integration].written


async def test_nothing_installed(home: Home) -> None:
    await home.set_up()

    assert found(await who_follows(home)) == []


async def test_names(home: Home) -> None:
    """They are the user's, with the brand where the name does not tell it; by name."""
    install(home, "v2c", "Trydan")
    entities = install(home, "peblar", "my PEBLAR")
    renamed = er.async_get(home.hass).async_get(
        install(home, "nrgkick", "Old name")["entity"]
    )
    assert renamed
    assert renamed.device_id
    dr.async_get(home.hass).async_update_device(renamed.device_id, name_by_user="Barn")
    registry = er.async_get(home.hass)
    registry.async_update_entity(entities["entity"], name="Current")
    await home.set_up()

    menu = await who_follows(home)

    assert found(menu) == ["Barn (NRGkick)", "my PEBLAR", "Trydan (V2C)"]
    names = menu["description_placeholders"]["found_2_entities"]
    assert names == "Current, second_entity"


async def test_more_than_there_is_room_for(home: Home) -> None:
    """The others are among the kinds, as without a profile."""
    for number in range(8):
        install(home, "peblar", f"Peblar {number}", number=number)
    await home.set_up()

    assert found(await who_follows(home)) == [f"Peblar {each}" for each in range(6)]


async def test_entity_that_is_disabled_or_ambiguous(home: Home) -> None:
    """What cannot be told, or is not the only one, is not proposed."""
    registry = er.async_get(home.hass)
    disabled = install(home, "peblar")
    registry.async_update_entity(
        disabled["entity"], disabled_by=er.RegistryEntryDisabler.USER
    )
    two = registry.async_get(install(home, "v2c")["entity"])
    assert two
    registry.async_get_or_create(
        "number",
        "v2c",
        "another",
        device_id=two.device_id,
        translation_key=two.translation_key,
    )
    await home.set_up()

    assert found(await who_follows(home)) == []


async def test_words_that_a_device_does_not_have(home: Home) -> None:
    """An older version, or another model, is left to the user."""
    install(home, "foxess_modbus", options=["Self Use", "Back-up"])
    await home.set_up()

    assert found(await who_follows(home)) == []


async def test_words_of_an_entity_that_is_away(home: Home) -> None:
    """They are known from before."""
    entities = install(home, "goodwe")
    words = CASES["goodwe"].attributes["entity"]
    home.hass.states.async_set(entities["entity"], "unavailable")
    registry = er.async_get(home.hass)
    registry.async_update_entity(entities["entity"], capabilities=words)
    await home.set_up()

    assert found(await who_follows(home)) == ["Garage (GoodWe)"]


async def test_taken_by_another_device(home: Home) -> None:
    entities = install(home, "peblar")
    follower = {
        "kind": "current",
        "id": "1",
        **entities,
        "phases": "3",
        "voltage": 230,
        "least": 6,
        "rest": 0,
        **COMMON,
    }
    await home.set_up(device(), device(GARAGE_POWER, follower=follower))

    assert found(await who_follows(home)) == []
    assert found(await who_follows(home, GARAGE_POWER)) == ["Garage (Peblar)"]


async def test_all_can_be_changed(home: Home) -> None:
    """A profile is a proposal."""
    install(home, "peblar")
    await home.set_up()
    form = await choose(home.hass, await who_follows(home), "follower_found_1")
    filled = {
        str(each): each.description["suggested_value"]
        for each in form["data_schema"].schema
    }

    await submit(home.hass, form, {**filled, "phases": "1", "least": 8})

    data = home.entry.subentries[str(BATTERY_POWER)].data["follower"]
    assert data["phases"] == "1"
    assert data["least"] == 8


def test_profiles_of_a_brand() -> None:
    """All files are read, and one brand has one name."""
    loaded = load_profiles()

    assert set(loaded) == {path.stem for path in FILES}
    for profiles in loaded.values():
        assert len({each.brand for each in profiles}) == 1


async def test_what_an_entity_does_not_show(home: Home) -> None:
    """A limit that is not known now is left to be entered."""
    entities = install(home, "sigen")
    home.hass.states.async_set(entities["second_entity"], "unknown")
    await home.set_up()

    form = await choose(home.hass, await who_follows(home), "follower_found_1")

    suggested = {
        str(each): (each.description or {}).get("suggested_value")
        for each in form["data_schema"].schema
    }
    assert suggested["entity"] == entities["entity"]
    assert suggested["rest_power"] is None
