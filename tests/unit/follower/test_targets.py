"""What a setpoint means for each kind of target."""

from typing import Any

import pytest

from custom_components.flexmeasures.device.limits import Span
from custom_components.flexmeasures.follower.entities import call_of, has_taken
from custom_components.flexmeasures.follower.target_kinds import target_from
from custom_components.flexmeasures.follower.targets import (
    CannotFollowError,
    EntityFacts,
    Write,
)
from homeassistant.core import State

W = EntityFacts("W", -5000, 5000, 1)
KW = EntityFacts("kW", -5, 5, 0.1)
CHARGING = EntityFacts("W", 0, 3000, 10)
AMPERES = EntityFacts("A", 0, 16, 1)
ON_OFF = EntityFacts()
WORDS = EntityFacts(options=("in", "out", "off", "auto"))

POWER = {"kind": "power", "entity": "a", "invert": False, "rest": 0.0}
TWO = {"kind": "two_powers", "entity": "a", "second_entity": "b"}
CURRENT = {
    "kind": "current",
    "entity": "a",
    "second_entity": "b",
    "phases": "3",
    "voltage": 230,
    "least": 6,
    "rest": 0.0,
}
NO_SWITCH = {key: CURRENT[key] for key in CURRENT if key != "second_entity"}
SWITCH = {"kind": "switch", "entity": "a", "threshold": 0.5, "on_at_rest": False}
MODE = {
    "kind": "mode",
    "entity": "a",
    "charge": "in",
    "discharge": "out",
    "idle": "off",
    "rest_option": "auto",
}
HYBRID = {
    **MODE,
    "kind": "mode_power",
    "second_entity": "b",
    "third_entity": "c",
}
HYBRIDS = {"a": WORDS, "b": CHARGING, "c": CHARGING}
ONE_NUMBER = {key: HYBRID[key] for key in HYBRID if key != "third_entity"}
SIGNED = {**ONE_NUMBER, "charge": "in", "discharge": "in", "idle": "in"}
INVERTED = CURRENT | {"invert": True}
CHOICE = CURRENT | {"charge": "in", "idle": "off"}
SG_READY = {"kind": "sg_ready", "entity": "a", "second_entity": "b", "threshold": 0}
HEAT = {
    "kind": "temperature",
    "entity": "a",
    "low": 45,
    "high": 60,
    "rest": 50,
    "threshold": 0.1,
}
SCRIPT = {"kind": "script", "entity": "a"}


@pytest.mark.parametrize(
    ("settings", "facts", "setpoint", "written"),
    [
        (POWER, {"a": W}, 1.2345, [("a", 1234)]),
        (POWER, {"a": W}, -1.2345, [("a", -1234)]),
        (POWER, {"a": KW}, 1.26, [("a", 1.2)]),
        (POWER, {"a": KW}, 0.3, [("a", 0.3)]),
        (POWER, {"a": W}, 9, [("a", 5000)]),
        (POWER, {"a": W}, None, [("a", 0)]),
        (POWER, {"a": EntityFacts("MW")}, 1500, [("a", 1.5)]),
        (POWER | {"invert": True}, {"a": W}, 2, [("a", -2000)]),
        (POWER | {"rest": -500.0}, {"a": W}, None, [("a", -500)]),
        # An inverter that cannot discharge is not asked to.
        (POWER, {"a": CHARGING}, -2, [("a", 0)]),
        (TWO, {"a": CHARGING, "b": CHARGING}, 2, [("b", 0), ("a", 2000)]),
        (TWO, {"a": CHARGING, "b": CHARGING}, -2, [("a", 0), ("b", 2000)]),
        (TWO, {"a": CHARGING, "b": CHARGING}, None, [("a", 0), ("b", 0)]),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, 7, [("a", 10), ("b", True)]),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, 11, [("a", 16), ("b", True)]),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, 10.9, [("a", 15), ("b", True)]),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, 20, [("a", 16), ("b", True)]),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, 4, [("b", False)]),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, -4, [("b", False)]),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, None, [("b", False)]),
        (
            CURRENT | {"rest": 8.0},
            {"a": AMPERES, "b": ON_OFF},
            None,
            [("a", 8), ("b", True)],
        ),
        # A car is not given more than is planned: a charger may begin above what is set.
        (
            CURRENT,
            {"a": EntityFacts("A", 8, 16, 1), "b": ON_OFF},
            4.9,
            [("b", False)],
        ),
        (CURRENT | {"phases": "1"}, {"a": AMPERES, "b": ON_OFF}, 1, [("b", False)]),
        (NO_SWITCH, {"a": AMPERES}, 1, [("a", 0)]),
        (NO_SWITCH, {"a": AMPERES}, 6.9, [("a", 10)]),
        (SWITCH, {"a": ON_OFF}, 0.6, [("a", True)]),
        (SWITCH, {"a": ON_OFF}, 0.5, [("a", False)]),
        (SWITCH, {"a": ON_OFF}, None, [("a", False)]),
        (SWITCH | {"on_at_rest": True}, {"a": ON_OFF}, None, [("a", True)]),
        (MODE, {"a": WORDS}, 2, [("a", "in")]),
        (MODE, {"a": WORDS}, -2, [("a", "out")]),
        (MODE, {"a": WORDS}, 0, [("a", "off")]),
        (MODE, {"a": WORDS}, None, [("a", "auto")]),
        (HYBRID, HYBRIDS, 2, [("b", 2000), ("a", "in")]),
        (HYBRID, HYBRIDS, -2, [("c", 2000), ("a", "out")]),
        (HYBRID, HYBRIDS, 0, [("a", "off")]),
        (HYBRID, HYBRIDS, None, [("a", "auto")]),
        (
            HYBRID | {"rest_power": 3000.0},
            HYBRIDS,
            None,
            [("a", "auto"), ("b", 3000), ("c", 3000)],
        ),
        (ONE_NUMBER, {"a": WORDS, "b": W}, 2, [("b", 2000), ("a", "in")]),
        (ONE_NUMBER, {"a": WORDS, "b": W}, -2, [("b", 2000), ("a", "out")]),
        (ONE_NUMBER, {"a": WORDS, "b": KW}, -2, [("b", 2), ("a", "out")]),
        (
            SIGNED | {"sign": "charging"},
            {"a": WORDS, "b": W},
            -2,
            [("b", -2000), ("a", "in")],
        ),
        (
            SIGNED | {"sign": "discharging"},
            {"a": WORDS, "b": W},
            -2,
            [("b", 2000), ("a", "in")],
        ),
        # Where no word stops it, the power does.
        (SIGNED, {"a": WORDS, "b": W}, 0, [("b", 0), ("a", "in")]),
        (SIGNED, {"a": WORDS, "b": W}, None, [("a", "auto")]),
        (INVERTED, {"a": AMPERES, "b": ON_OFF}, 7, [("a", 10), ("b", False)]),
        (INVERTED, {"a": AMPERES, "b": ON_OFF}, None, [("b", True)]),
        (CHOICE, {"a": AMPERES, "b": WORDS}, 7, [("a", 10), ("b", "in")]),
        (CHOICE, {"a": AMPERES, "b": WORDS}, 0, [("b", "off")]),
        (SG_READY, {"a": ON_OFF, "b": ON_OFF}, 2, [("a", False), ("b", True)]),
        (SG_READY, {"a": ON_OFF, "b": ON_OFF}, 0, [("a", False), ("b", False)]),
        (SG_READY, {"a": ON_OFF, "b": ON_OFF}, None, [("a", False), ("b", False)]),
        (HEAT, {"a": ON_OFF}, 2, [("a", 60)]),
        (HEAT, {"a": ON_OFF}, 0, [("a", 45)]),
        (HEAT, {"a": ON_OFF}, None, [("a", 50)]),
        (SCRIPT, {"a": ON_OFF}, 2.5, [("a", 2.5)]),
        (SCRIPT, {"a": ON_OFF}, None, [("a", None)]),
    ],
)
def test_writes(
    settings: dict[str, Any],
    facts: dict[str, EntityFacts],
    setpoint: float | None,
    written: list[tuple[str, Any]],
) -> None:
    target = target_from(settings)

    found = target.writes(setpoint, facts)

    assert [(each.entity_id, each.value) for each in found] == written
    assert {each.entity_id for each in found} <= set(target.entity_ids)


@pytest.mark.parametrize(
    ("settings", "facts", "setpoint", "key"),
    [
        (POWER, {"a": EntityFacts("%")}, 1, "follower_unit"),
        (POWER | {"rest": 6000.0}, {"a": W}, None, "follower_no_rest"),
        (
            TWO,
            {"a": EntityFacts("W", 100, 3000), "b": CHARGING},
            -1,
            "follower_no_rest",
        ),
        (NO_SWITCH, {"a": EntityFacts("A", 6, 16, 1)}, 1, "follower_no_rest"),
        (MODE, {"a": EntityFacts(options=("in", "out"))}, 0, "follower_option_gone"),
        (HYBRID, {**HYBRIDS, "a": ON_OFF}, 2, "follower_option_gone"),
        (HYBRID, {**HYBRIDS, "c": AMPERES}, -2, "follower_unit"),
        (HYBRID | {"rest_power": 9e3}, HYBRIDS, None, "follower_no_rest"),
        (SIGNED, {"a": WORDS, "b": EntityFacts("W", 100)}, 0, "follower_no_rest"),
        (CHOICE, {"a": AMPERES, "b": ON_OFF}, 7, "follower_option_gone"),
        (POWER, {"a": EntityFacts("W", 500, 3000)}, 0, "follower_no_rest"),
        (POWER, {"a": EntityFacts("W", 500, 3000)}, 0.2, "follower_no_rest"),
    ],
)
def test_what_cannot_be_written(
    settings: dict[str, Any],
    facts: dict[str, EntityFacts],
    setpoint: float | None,
    key: str,
) -> None:
    with pytest.raises(CannotFollowError) as error:
        target_from(settings).writes(setpoint, facts)

    assert error.value.key == key


@pytest.mark.parametrize(
    ("settings", "facts", "span"),
    [
        (POWER, {"a": W}, Span(-5, 5)),
        (POWER | {"invert": True}, {"a": CHARGING}, Span(-3, 0)),
        (POWER, {"a": EntityFacts("%", 0, 100)}, Span()),
        (TWO, {"a": CHARGING, "b": KW}, Span(-5, 3)),
        (CURRENT, {"a": AMPERES, "b": ON_OFF}, Span(0, 11.04)),
        (SWITCH, {"a": ON_OFF}, Span()),
        (HYBRID, {**HYBRIDS, "c": KW}, Span(-5, 3)),
        (ONE_NUMBER, HYBRIDS, Span(-3, 3)),
        (ONE_NUMBER, {**HYBRIDS, "b": EntityFacts("%", 0, 100)}, Span()),
        (
            ONE_NUMBER | {"sign": "charging"},
            {**HYBRIDS, "b": EntityFacts("W", -4000, 2000)},
            Span(-4, 2),
        ),
        (
            ONE_NUMBER | {"sign": "discharging"},
            {**HYBRIDS, "b": EntityFacts("W", -4000, 2000)},
            Span(-2, 4),
        ),
    ],
)
def test_span(
    settings: dict[str, Any], facts: dict[str, EntityFacts], span: Span
) -> None:
    """Which powers it takes."""
    assert target_from(settings).span(facts) == span


@pytest.mark.parametrize(
    ("write", "call"),
    [
        (
            Write("number.a", 2.0),
            ("number", "set_value", {"entity_id": "number.a", "value": 2.0}),
        ),
        (
            Write("input_select.a", "in"),
            (
                "input_select",
                "select_option",
                {"entity_id": "input_select.a", "option": "in"},
            ),
        ),
        (
            Write("water_heater.a", 60.0),
            (
                "water_heater",
                "set_temperature",
                {"entity_id": "water_heater.a", "temperature": 60.0},
            ),
        ),
        (
            Write("script.a", None),
            (
                "script",
                "turn_on",
                {"entity_id": "script.a", "variables": {"setpoint": None}},
            ),
        ),
        (Write("switch.a", True), ("switch", "turn_on", {"entity_id": "switch.a"})),
        (Write("switch.a", False), ("switch", "turn_off", {"entity_id": "switch.a"})),
    ],
)
def test_calls(write: Write, call: Any) -> None:
    assert call_of(write) == call


@pytest.mark.parametrize(
    ("write", "state", "attributes", "expected"),
    [
        (Write("number.a", 2000.0), "2000", {}, True),
        (Write("number.a", 2000.0), "2004", {"step": 10}, True),
        (Write("number.a", 2000.0), "2010", {"step": 10}, False),
        (Write("number.a", 2000.0), "unknown", {}, False),
        # Nearly is enough for a power, but not for none.
        (Write("number.a", 2000.0, 50), "2040", {}, True),
        (Write("number.a", 0.0, 50), "40", {}, False),
        (Write("select.a", "in"), "in", {}, True),
        (Write("select.a", "in"), "out", {}, False),
        (Write("switch.a", True), "on", {}, True),
        (Write("switch.a", False), "on", {}, False),
        (Write("climate.a", 20.0), "heat", {"temperature": 20}, True),
        (Write("climate.a", 20.0), "heat", {"temperature": 19}, False),
        (Write("climate.a", 20.0), "off", {"temperature": None}, False),
        (Write("script.a", 1.0), "off", {}, True),
    ],
)
def test_what_was_taken(
    write: Write, state: str, attributes: dict[str, Any], *, expected: bool
) -> None:
    assert has_taken(write, State(write.entity_id, state, attributes)) is expected
