"""What a device cannot do or hold is refused, with the limit and its unit."""

from typing import Any

import pytest

from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError

from .fake_server import BATTERY
from .home import NOW, Home, device
from .s2.devices import L1, number_range
from .s2_rm import FRBC, OMBC, PEBC, PPBC, FakeRM, paired
from .test_ready_by import set_ready_by
from .test_s2_control import choose, controlled, ombc

HALF_AN_HOUR = {"duration": "00:30:00"}


async def refused(home: Home, power: float) -> str | None:
    """Override the battery's setpoint; give what is said against it, if anything is."""
    try:
        await home.override(power=power, **HALF_AN_HOUR)
    except ServiceValidationError as err:
        assert home.value("sensor", "setpoint") != str(power)
        return str(err)
    assert home.value("sensor", "setpoint") == str(power)
    return None


@pytest.mark.parametrize(
    ("flex_model", "allowed", "beyond"),
    [
        pytest.param(
            {"power_capacity": "5 kW"},
            (-5.0, 5.0),
            {300.0: "At most 5 kW", -5.1: "At least -5 kW"},
            id="power",
        ),
        pytest.param(
            {"power_capacity": "5 kVA", "consumption_capacity": "3000 W"},
            (-5.0, 3.0),
            {3.1: "At most 3 kW", -6.0: "At least -5 kW"},
            id="consumption",
        ),
        pytest.param(
            {"power_capacity": "0.005 MW", "production_capacity": "0 kW"},
            (0.0, 5.0),
            {5.1: "At most 5 kW", -0.1: "At least 0 kW"},
            id="production",
        ),
        pytest.param(
            {"power_capacity": "5 kW", "consumption_capacity": "9 kW"},
            (-5.0, 5.0),
            {5.1: "At most 5 kW"},
            id="the narrower",
        ),
        pytest.param(
            {"power_capacity": "5 kW", "consumption_capacity": {"sensor": 3}},
            (-5.0, 5.0),
            {5.1: "At most 5 kW"},
            id="a sensor",
        ),
        pytest.param(
            {"power_capacity": {"sensor": 3}}, (-300.0, 300.0), {}, id="only a sensor"
        ),
        pytest.param({}, (-300.0, 300.0), {}, id="nothing"),
        pytest.param(
            {"production_capacity": "2 kW"},
            (-2.0, 300.0),
            {-2.5: "At least -2 kW"},
            id="only one of them",
        ),
        pytest.param(
            {"soc_max": "10 kWh"},
            (-200.0, 200.0),
            {5000.0: "At most 200 kW", -201.0: "At least -200 kW"},
            id="only what it holds",
        ),
        pytest.param(
            {"soc_max": "10 kWh", "power_capacity": "300 kW"},
            (-300.0, 300.0),
            {},
            id="what it holds, but faster",
        ),
    ],
)
async def test_override(
    home: Home,
    flex_model: dict[str, Any],
    allowed: tuple[float, ...],
    beyond: dict[float, str],
) -> None:
    """By what the asset says on the server; what is not known is not limited."""
    home.server.set_flex_model(BATTERY, **flex_model)
    await home.set_up()

    for power in allowed:
        assert await refused(home, power) is None
    for power, limit in beyond.items():
        said = await refused(home, power)
        assert said
        assert limit in said
        assert f"power is {power:g} kW" in said


async def test_override_while_nothing_is_known(home: Home) -> None:
    """The server may be away for long."""
    home.add_account()
    home.remembers(*[1.0] * 8)
    home.server.fail(ConnectionError())
    await home.start()

    assert await refused(home, 300.0) is None


# --- what a resource manager says


async def test_override_of_what_a_resource_manager_controls(
    home: Home, rm: FakeRM
) -> None:
    """The server may say more, which is of no use."""
    home.server.set_flex_model(BATTERY, power_capacity="50 kW")
    await home.set_up(paired())
    await controlled(rm)

    assert await refused(home, 5.0) is None
    assert await refused(home, -5.0) is None
    assert "At most 5 kW" in str(await refused(home, 5.1))
    assert "At least -5 kW" in str(await refused(home, -5.1))

    await rm.leave()
    assert await refused(home, 6.0) is None


async def test_the_server_knows_less(home: Home, rm: FakeRM) -> None:
    home.server.set_flex_model(BATTERY, power_capacity="3 kW")
    await home.set_up(paired())
    await controlled(rm)

    assert "At most 3 kW" in str(await refused(home, 4.0))


async def test_without_a_description(home: Home, rm: FakeRM) -> None:
    home.server.set_flex_model(BATTERY)
    await home.set_up(paired())
    for control_type in (FRBC, PEBC, PPBC):
        await rm.start(control_type, instruction_processing_delay=0)
        await choose(rm, control_type)
        assert await refused(home, 300.0) is None


async def test_only_measured(home: Home, rm: FakeRM) -> None:
    """What is described then is not what the override is for."""
    home.server.set_flex_model(BATTERY)
    await home.set_up(paired())
    await rm.start(FRBC, instruction_processing_delay=0)

    assert await refused(home, 300.0) is None


async def test_operation_modes(home: Home, rm: FakeRM) -> None:
    """Of which none is always one."""
    home.server.set_flex_model(BATTERY)
    await home.set_up(paired())
    await rm.start(OMBC, instruction_processing_delay=0)
    await choose(rm, OMBC)
    await rm.tell("OMBC.SystemDescription", **ombc())

    assert await refused(home, 0.0) is None
    assert "At most 2 kW" in str(await refused(home, 2.1))
    assert "At least 0 kW" in str(await refused(home, -1.0))


@pytest.mark.parametrize(
    ("quantity", "beyond"),
    [
        (L1, {3.7: "At most 3.68 kW", -1.1: "At least -1 kW"}),
        # Electric power has no limits then.
        ("NATURAL_GAS.FLOW_RATE", {}),
    ],
)
async def test_power_limits(
    home: Home, rm: FakeRM, quantity: str, beyond: dict[float, str]
) -> None:
    home.server.set_flex_model(BATTERY)
    await home.set_up(paired())
    await rm.start(PEBC, instruction_processing_delay=0)
    await choose(rm, PEBC)
    await rm.tell(
        "PEBC.PowerConstraints",
        valid_from=NOW,
        allowed_limit_ranges=[
            {
                "commodity_quantity": quantity,
                "limit_type": limit_type,
                "range_boundary": number_range(*boundary),
                "abnormal_condition_only": False,
            }
            for limit_type, boundary in (
                ("UPPER_LIMIT", (0, 3680)),
                ("LOWER_LIMIT", (-1000, 0)),
            )
        ],
    )

    assert await refused(home, 3.6) is None
    for power, limit in beyond.items():
        assert limit in str(await refused(home, power))
    if not beyond:
        assert await refused(home, 300.0) is None


# --- the state of charge


@pytest.mark.parametrize(
    ("settings", "allowed", "beyond"),
    [
        pytest.param(
            {},
            (1, 10),
            {95: "At most 10 kWh", 0.5: "At least 1 kWh"},
            id="the server's",
        ),
        pytest.param(
            {"soc_unit": "Wh"},
            (1000, 10000),
            {95000: "At most 10000 Wh", 500: "At least 1000 Wh"},
            id="in another unit",
        ),
        pytest.param(
            {"soc_min": 2, "soc_max": 8},
            (2, 8),
            {9: "At most 8 kWh", 1: "At least 2 kWh"},
            id="the settings'",
        ),
        pytest.param(
            {"soc_unit": "%", "capacity": 12.5},
            (8, 80),
            {81: "At most 80 %", 7: "At least 8 %"},
            id="in %",
        ),
        pytest.param({"capacity": 7}, (1, 7), {8: "At most 7 kWh"}, id="the capacity"),
    ],
)
async def test_targets(
    home: Home,
    settings: dict[str, Any],
    allowed: tuple[float, ...],
    beyond: dict[float, str],
) -> None:
    """The same wherever one is given."""
    await home.set_up(device(**settings))

    async def target(value: float) -> None:
        await home.compute(
            soc_targets=[{"value": value, "datetime": "2026-11-22T12:00:00+01:00"}]
        )

    async def ready(value: float) -> None:
        await set_ready_by(home, time="07:00", target_soc=value)

    async def number(value: float) -> None:
        await home.act("set_value", "number", "target_soc", value=value)

    for give in (target, ready, number):
        for value in allowed:
            await give(value)
        for value, limit in beyond.items():
            with pytest.raises(ServiceValidationError) as error:
                await give(value)
            # Home Assistant's own words name both limits.
            assert give is number or limit in str(error.value)


async def test_nothing_is_known(home: Home) -> None:
    """What is not known is not limited."""
    home.server.set_flex_model(BATTERY, soc_min={"sensor": 3}, soc_max={"sensor": 3})
    await home.set_up()

    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=95)
    await set_ready_by(home, time="07:00", target_soc=95)
    await home.act("set_value", "number", "target_soc", value=95)


@pytest.mark.parametrize(
    ("settings", "level", "limit"),
    [
        ({}, 11, "At most 10 kWh"),
        ({"capacity": 12}, 12, None),
        ({"capacity": 12}, 13, "At most 12 kWh"),
        ({"soc_max": 8}, 10, None),
        ({"soc_unit": "%", "capacity": 12}, 101, "At most 100 %"),
        # From there the device comes back.
        ({}, 0, None),
    ],
)
async def test_level_at_the_start(
    home: Home, settings: dict[str, Any], level: float, limit: str | None
) -> None:
    await home.set_up(device(**settings))
    call = {"device_id": home.device_id(), "soc_at_start": level}

    if limit is None:
        await home.call("trigger_schedule", **call)
        return
    with pytest.raises(ServiceValidationError, match=f"soc_at_start .*{limit}"):
        await home.call("trigger_schedule", **call)
    assert home.wishes == []


AT_NOON = "2026-11-22T12:00:00+01:00"


@pytest.mark.parametrize(
    ("flex_model", "said"),
    [
        ({"soc-at-start": "95 kWh"}, "soc-at-start is 95 kWh. At most 10 kWh"),
        (
            {"soc-minima": [{"value": "95 kWh", "datetime": AT_NOON}]},
            "soc-minima is 95 kWh. At most 10 kWh",
        ),
        (
            {"soc-targets": [{"value": "500 Wh", "datetime": AT_NOON}]},
            "soc-targets is 0.5 kWh. At least 1 kWh",
        ),
        ({"soc-minima": "95 kWh"}, "soc-minima is 95 kWh. At most 10 kWh"),
        (
            {"soc-maxima": [{"value": "0 kWh", "datetime": AT_NOON}]},
            "soc-maxima is 0 kWh. At least 1 kWh",
        ),
        # It limits nothing.
        ({"soc-maxima": [{"value": "95 kWh", "datetime": AT_NOON}]}, None),
        ({"soc-minima": {"sensor": 3}}, None),
        ({"soc-targets": [{"value": {"sensor": 3}, "datetime": AT_NOON}]}, None),
        # Limits of its own.
        (
            {
                "soc-max": "100 kWh",
                "soc-at-start": "95 kWh",
                "soc-minima": [{"value": "95 kWh", "datetime": AT_NOON}],
            },
            None,
        ),
        (
            {
                "soc-max": {"sensor": 3},
                "soc-min": "0 kWh",
                "soc-at-start": "95 kWh",
                "soc-targets": [{"value": "0 kWh", "datetime": AT_NOON}],
            },
            None,
        ),
        (
            {
                "soc-max": "5 kWh",
                "soc-minima": [{"value": "6 kWh", "datetime": AT_NOON}],
            },
            "soc-minima is 6 kWh. At most 5 kWh",
        ),
    ],
)
async def test_flex_model_of_an_action(
    home: Home, flex_model: dict[str, Any], said: str | None
) -> None:
    """In the server's own words it is the same."""
    await home.set_up()
    call = {"device_id": home.device_id(), "flex_model": flex_model}

    if said is None:
        await home.call("trigger_schedule", **call)
        return
    with pytest.raises(ServiceValidationError, match=said):
        await home.call("trigger_schedule", **call)
    assert home.wishes == []


async def test_percentage_of_an_unknown_capacity(home: Home) -> None:
    """As another version of the integration may have left a device."""
    await home.set_up(device(soc_unit="%"))
    targets = [{"value": 50, "datetime": AT_NOON}]

    for data in ({"soc_at_start": 50}, {"soc_targets": targets}):
        with pytest.raises(ServiceValidationError, match="100 %"):
            await home.call("trigger_schedule", device_id=home.device_id(), **data)
    with pytest.raises(ServiceValidationError, match="100 %"):
        await set_ready_by(home, time="07:00", target_soc=50)
    with pytest.raises(ServiceValidationError, match="100 %"):
        await home.act("set_value", "number", "target_soc", value=50)
    assert home.value("number", "target_soc") == STATE_UNKNOWN
