"""What is known of a device at the moment."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.device_status import DeviceStatus
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler

from .devices import (
    EV,
    GAS_BURNER,
    HEAT_PUMP,
    NOW,
    actuator,
    element,
    frbc_status,
    mode,
    number_range,
    power,
    storage,
    tell,
    timer,
    transition,
)

MINUTE = timedelta(minutes=1)


def frbc(body: Mapping[str, Any], level: float | None = 50) -> FrbcHandler:
    """A handler that knows a description and a fill level."""
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **body)
    if level is not None:
        tell(handler, "FRBC.StorageStatus", present_fill_level=level)
    return handler


def test_nothing_is_known_at_first() -> None:
    for handler in (FrbcHandler(), OmbcHandler(), DdbcHandler(), PebcHandler()):
        assert handler.status(NOW, capacity_kwh=None) == DeviceStatus()


def test_an_ev_that_charges() -> None:
    handler = frbc(EV)
    tell(handler, "FRBC.ActuatorStatus", **frbc_status("charge", 0.5))
    found = handler.status(NOW, capacity_kwh=60)
    assert found.fill_level == 50
    assert found.fill_level_label is None
    assert found.soc_kwh == pytest.approx(30)
    assert found.fill_rate == pytest.approx(6200 * 0.9 / 2.16e6)
    assert found.efficiency == pytest.approx(0.9)
    assert found.active_actuator == 1
    assert found.operation_mode == "charge"
    assert found.operation_mode_factor == 0.5
    assert found.leakage_rate is None
    assert found.usage_rate is None


def test_efficiency_of_an_idle_storage_is_that_of_all_its_modes() -> None:
    handler = frbc(HEAT_PUMP, 35)
    tell(handler, "FRBC.ActuatorStatus", **frbc_status("off"))
    found = handler.status(NOW, capacity_kwh=10)
    assert found.fill_rate == 0
    assert found.active_actuator == 0
    assert found.efficiency == pytest.approx((4 * 500 + 3.5 * 2500 + 3 * 2000) / 5000)


@pytest.mark.s2_rule("frbc.elements")
def test_efficiency_depends_on_the_fill_level() -> None:
    handler = frbc(HEAT_PUMP, 35)
    tell(handler, "FRBC.ActuatorStatus", **frbc_status("on", 1.0))
    assert handler.status(NOW, capacity_kwh=10).efficiency == pytest.approx(3.5)
    tell(handler, "FRBC.StorageStatus", present_fill_level=45)
    assert handler.status(NOW, capacity_kwh=10).efficiency == pytest.approx(3)


def test_leakage_and_usage_are_those_of_now() -> None:
    handler = frbc(EV, None)
    tell(
        handler,
        "FRBC.LeakageBehaviour",
        valid_from=NOW,
        elements=[
            {"fill_level_range": number_range(100, 50), "leakage_rate": 0.2},
            {"fill_level_range": number_range(0, 50), "leakage_rate": 0.1},
        ],
    )
    tell(
        handler,
        "FRBC.UsageForecast",
        start_time=NOW,
        elements=[
            {"duration": MINUTE, "usage_rate_expected": 0.3},
            {"duration": MINUTE, "usage_rate_expected": 0.4},
        ],
    )
    assert handler.status(NOW, capacity_kwh=None).leakage_rate is None
    for level, rate in ((-5, 0.1), (20, 0.1), (70, 0.2), (120, 0.2)):
        tell(handler, "FRBC.StorageStatus", present_fill_level=level)
        assert handler.status(NOW, capacity_kwh=None).leakage_rate == rate
    assert handler.status(NOW, capacity_kwh=None).usage_rate == 0.3
    assert handler.status(NOW + MINUTE, capacity_kwh=None).usage_rate == 0.4
    assert handler.status(NOW + 2 * MINUTE, capacity_kwh=None).usage_rate is None


def test_what_was_said_before_the_description_is_known() -> None:
    handler = FrbcHandler()
    tell(handler, "FRBC.StorageStatus", present_fill_level=5.0)
    assert handler.status(NOW, capacity_kwh=10) == DeviceStatus(fill_level=5.0)


def test_without_a_fill_level_only_operation_modes_are_known() -> None:
    handler = frbc(EV, None)
    tell(handler, "FRBC.ActuatorStatus", **frbc_status("charge", 1.0))
    found = handler.status(NOW, capacity_kwh=60)
    assert found.operation_mode == "charge"
    assert found.soc_kwh is found.fill_rate is found.active_actuator is None
    assert found.efficiency == pytest.approx(0.9)


def test_a_storage_that_nothing_changes_has_no_energy() -> None:
    useless = storage(
        (0, 100), actuator(mode("off", element((0, 9), (0, 0), power(0, 0))))
    )
    found = frbc(useless).status(NOW, capacity_kwh=10)
    assert found.fill_level == 50
    assert found.soc_kwh is found.efficiency is None


def test_the_names_that_the_rm_gives_are_used() -> None:
    body = storage(
        (0, 100),
        actuator(
            {**mode("m1", element((0, 100), (0, 1), power(0, 100)))}
            | {"diagnostic_label": "Charge gently"},
            actuator_id="a1",
        ),
        actuator(
            mode("m2", element((0, 100), (0, 1), power(0, 100)))
            | {"diagnostic_label": " "},
            actuator_id="a2",
        ),
    )
    body["storage"]["fill_level_label"] = "SoC in %"
    handler = frbc(body)
    tell(handler, "FRBC.ActuatorStatus", **frbc_status("m1", 0.0, "a1"))
    found = handler.status(NOW, capacity_kwh=None)
    assert found.fill_level_label == "SoC in %"
    assert found.operation_mode == "Charge gently"
    assert found.operation_mode_factor == 0
    # Nobody knows what the other one does.
    assert found.active_actuator is found.fill_rate is None
    tell(handler, "FRBC.ActuatorStatus", **frbc_status("m2", 0.5, "a2"))
    found = handler.status(NOW, capacity_kwh=None)
    assert found.operation_mode == "Charge gently, m2"
    assert found.operation_mode_factor == 0.5
    assert found.active_actuator == 2
    assert found.fill_rate == 0.5


@pytest.mark.s2_rule("modes.duration")
def test_nobody_knows_what_a_device_does_while_it_changes() -> None:
    handler = frbc(HEAT_PUMP, 35)
    tell(
        handler,
        "FRBC.ActuatorStatus",
        **frbc_status(
            "on", 1.0, previous_operation_mode_id="off", transition_timestamp=NOW
        ),
    )
    found = handler.status(NOW, capacity_kwh=None)
    assert found.operation_mode == "on"
    assert found.fill_rate is found.active_actuator is None
    found = handler.status(NOW + MINUTE, capacity_kwh=None)
    assert found.active_actuator == 1


def test_a_device_without_a_storage_has_operation_modes() -> None:
    handler = OmbcHandler()
    tell(
        handler,
        "OMBC.SystemDescription",
        valid_from=NOW,
        operation_modes=[
            {
                "id": "on",
                "diagnostic_label": "Washing",
                "power_ranges": [power(0, 2000)],
                "abnormal_condition_only": False,
            }
        ],
        transitions=[],
        timers=[],
    )
    tell(
        handler,
        "OMBC.Status",
        active_operation_mode_id="on",
        operation_mode_factor=0.25,
    )
    assert handler.status(NOW, capacity_kwh=None) == DeviceStatus(
        active_actuator=1, operation_mode="Washing", operation_mode_factor=0.25
    )


def test_a_gas_burner_is_active() -> None:
    handler = DdbcHandler()
    tell(handler, "DDBC.SystemDescription", **GAS_BURNER)
    assert handler.status(NOW, capacity_kwh=None) == DeviceStatus()
    tell(handler, "DDBC.ActuatorStatus", **frbc_status("burn", 1.0, "burner"))
    assert handler.status(NOW, capacity_kwh=None) == DeviceStatus(
        active_actuator=1, operation_mode="burn", operation_mode_factor=1.0
    )


def test_an_abnormal_transition_starts_timers_too() -> None:
    handler = frbc(
        storage(
            (0, 100),
            actuator(
                mode("off", element((0, 100), (0, 0), power(0, 0))),
                mode("on", element((0, 100), (1, 1), power(9, 9))),
                transitions=(
                    transition("off", "on", abnormal=True, starts=("run",)),
                    transition("on", "off", blocked_by=("run",)),
                ),
                timers=(timer("run", 10 * MINUTE),),
            ),
        )
    )
    tell(
        handler,
        "FRBC.ActuatorStatus",
        **frbc_status(
            "on", 1.0, previous_operation_mode_id="off", transition_timestamp=NOW
        ),
    )
    (instruction,) = handler.idle_instructions(NOW) or ()
    assert instruction.execution_time == NOW + 10 * MINUTE
