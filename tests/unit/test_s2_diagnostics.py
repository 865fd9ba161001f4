"""What the diagnostics say of a device's resource manager, and what not."""

import json
from typing import Any

import pytest

from .home import MINUTE, NOW, Home
from .s2_rm import BATTERY, FRBC, FakeRM, paired, route_of, token_of
from .test_diagnostics import download  # noqa: F401

pytestmark = pytest.mark.usefixtures("no_secret_logged")

# What says which device it is.
PERSONAL = {
    "resource_id": "the-id-of-the-resource",
    "serial_number": "SN-0815",
    "name": "Battery of the Smiths",
}


async def resource_manager(home: Home, download: Any) -> Any:  # noqa: F811
    """What the diagnostics say of the battery's."""
    (battery,) = (await download())["devices"]
    pairing = home.entry.subentries["10"].data["s2"]
    text = json.dumps(battery)
    for secret in (
        *PERSONAL.values(),
        token_of(10),
        route_of(10),
        pairing["token_hash"],
    ):
        assert secret not in text
    return battery["resource_manager"]


async def test_never_connected(home: Home, download: Any) -> None:  # noqa: F811
    await home.set_up(paired())

    assert await resource_manager(home, download) == {
        "connected": False,
        "details": None,
        "protocol_version": None,
        "control_type": {
            "in_force": None,
            "chosen": None,
            "is_automatic": False,
            "is_emergency": False,
            "handed_back": False,
        },
        "is_bound": False,
        "other_device": False,
        "contested": False,
        "consumed_kwh": 0,
        "problem": None,
        "problem_since": None,
        "instructions": {"current": [], "next": None, "refusals_in_a_row": 0},
        "traffic": {
            "connections": 0,
            "last_end": None,
            "sent": {},
            "accepted": {},
            "refused": {},
            "last_refusal": None,
            "last_messages": {},
        },
    }


async def test_in_control(home: Home, download: Any, rm: FakeRM) -> None:  # noqa: F811
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await rm.start(**PERSONAL)
    await rm.select(FRBC)
    await rm.tell("FRBC.SystemDescription", **BATTERY)
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    await rm.tell("OMBC.SystemDescription")
    await rm.pass_to(NOW + MINUTE)
    await rm.expect("FRBC.Instruction")
    await home.until(lambda: home.value("sensor", "instruction_status") == "received")

    found = await resource_manager(home, download)

    assert found["connected"] is True
    assert found["details"] == {
        "manufacturer": "ACME",
        "model": "B-100",
        "firmware_version": "1.0",
        "control_types": [
            "FILL_RATE_BASED_CONTROL",
            "NOT_CONTROLABLE",
            "POWER_ENVELOPE_BASED_CONTROL",
        ],
        "measured_quantities": ["ELECTRIC.POWER.L1"],
        "instruction_processing_delay": 1.5,
        "provides_forecast": True,
        "currency": "DKK",
    }
    assert found["protocol_version"] == "0.0.2-beta"
    assert found["control_type"] == {
        "in_force": FRBC,
        "chosen": FRBC,
        "is_automatic": False,
        "is_emergency": False,
        "handed_back": False,
    }
    assert found["is_bound"] is True
    assert found["instructions"] == {
        "current": [
            {
                "type": "FRBC.Instruction",
                "time": "2026-11-22T10:08:00+00:00",
                "status": "received",
            }
        ],
        "next": {
            "type": "FRBC.Instruction",
            "time": "2026-11-22T10:15:00+00:00",
            "status": None,
        },
        "refusals_in_a_row": 0,
    }
    traffic = found["traffic"]
    assert traffic["connections"] == 1
    assert traffic["accepted"]["FRBC.SystemDescription"] == 1
    assert traffic["sent"]["FRBC.Instruction"] == 1
    assert traffic["refused"] == {"OMBC.SystemDescription": 1}
    assert traffic["last_refusal"]["status"] == "INVALID_CONTENT"


async def test_not_plannable_and_gone(
    home: Home,
    download: Any,  # noqa: F811
    rm: FakeRM,
) -> None:
    await home.set_up(paired())
    await rm.start(**PERSONAL)
    await rm.select(FRBC)
    await rm.pass_to(NOW + MINUTE)
    await home.until(lambda: rm.resource.problem)

    found = await resource_manager(home, download)
    assert found["problem"] == "s2_no_description"
    assert found["problem_since"] == (NOW + MINUTE).isoformat()
    await rm.leave()

    found = await resource_manager(home, download)
    assert found["connected"] is False
    assert found["details"] is None
    assert found["problem"] is None
    assert found["control_type"]["chosen"] == FRBC
    assert found["traffic"]["last_end"] == "connection_lost"
