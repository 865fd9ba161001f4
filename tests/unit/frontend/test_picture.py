"""What is told of a device: all that its card draws, in JSON."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from ..fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    FEED_IN,
    HOUSE,
    PRICE,
    StoredSchedule,
    failed_job,
    finished_job,
)
from ..feeds.fed_home import METER, POWER, feed
from ..home import HOUR, NOW, QUARTER, SLOT, Home, Json, device
from ..s2_rm import paired
from .viewer import Viewer

JOB = "/api/v3_0/jobs/*"
NOON = "2026-11-22T12:00:00+01:00"
NOON_UTC = "2026-11-22T11:00:00+00:00"
EVENING_UTC = "2026-11-22T17:00:00+00:00"


async def picture(
    home: Home, viewer: Viewer, power_sensor: int = BATTERY_POWER
) -> Json:
    """Look at a device anew."""
    return await viewer.look_at(home.device_id(power_sensor))


def is_of_type(home: Home, asset_id: int, name: str) -> None:
    """Let an asset be of a type."""
    home.server.assets[asset_id]["generic_asset_type"]["name"] = name


# --- the whole


async def test_all_there_is(home: Home, viewer: Viewer) -> None:
    is_of_type(home, BATTERY, "battery")
    home.has_prices(50.0, None)
    home.server.data[FEED_IN] = StoredSchedule(SLOT, HOUR, [0.03, 0.04], "EUR/kWh")
    home.server.schedules[BATTERY_SOC] = StoredSchedule(
        SLOT, QUARTER, [4.0, 4.75, 4.25], "kWh"
    )
    midnight = datetime(2026, 11, 21, 23, tzinfo=UTC)
    home.has_planned(1.0, None, *[0.5] * 42, 3.0, -2.0, start=midnight)

    await home.set_up()

    assert await picture(home, viewer) == {
        "device_id": home.device_id(),
        "name": "Home battery",
        "kind": "battery",
        "power": {
            "start": midnight.isoformat(),
            "step": 900,
            "values": [1.0, None, *[0.5] * 42, 3.0, -2.0],
        },
        "soc": {"start": SLOT.isoformat(), "step": 900, "values": [4.0, 4.75, 4.25]},
        "soc_unit": "kWh",
        "soc_limits": {"least": 1.0, "most": 10.0},
        "power_limits": {"least": -5.0, "most": 5.0},
        "prices": {
            "currency": "EUR",
            "consumption": {
                "start": SLOT.isoformat(),
                "step": 3600,
                "values": [0.05],
            },
            "production": {
                "start": SLOT.isoformat(),
                "step": 3600,
                "values": [0.03, 0.04],
            },
        },
        "saved": {
            # 0.75 kWh at 0.05, half a kWh sold at 0.03, and a quarter is left.
            "ahead": {
                "against": "doing_nothing",
                "amount": pytest.approx(0.25 * 0.03 - (0.75 * 0.05 - 0.5 * 0.03)),
                "stored_at": pytest.approx(0.03),
            },
            "today": None,
        },
        "reasons": [
            {"end": f"2026-11-22T{end}:00+00:00", "text": "The plan does not show why."}
            for end in ("10:15", "10:30")
        ],
        "targets": [],
        "mode": "automatic",
        "override": None,
        "setpoint": 3.0,
        "status": {
            "key": "planned_elsewhere",
            "text": "Follows a plan that was not asked for from here",
            "detail": None,
            "is_ok": True,
            "since": None,
        },
        "last_schedule": None,
        "is_out_of_date": False,
        "server_answers": True,
        "is_connected": None,
        "is_ordinary": True,
        "level": "has",
        "entities": {
            "setpoint": "sensor.home_battery_setpoint",
            "mode": "select.home_battery_mode",
            "target": "number.home_battery_target_state_of_charge",
            "ready_by": "datetime.home_battery_ready_by",
            "compute": "button.home_battery_compute_schedule",
            "automatic": "switch.home_battery_automatic_scheduling",
            "status": "sensor.home_battery_scheduling_status",
            "calendar": "calendar.home_battery_plan",
            "follower": None,
            "hand_over": None,
            "level": None,
            "measured": None,
        },
        "level_attribute": None,
        "curves": {"level": {}, "measured": {}},
        "follower": None,
    }


async def test_entities_are_there(home: Home, viewer: Viewer) -> None:
    """Each is one that can be used."""
    await home.set_up()

    entities = (await picture(home, viewer))["entities"]

    for name in entities.keys() - {"follower", "hand_over", "level", "measured"}:
        assert home.hass.states.get(entities[name]), name


async def test_past_is_kept_until_midnight(home: Home, viewer: Viewer) -> None:
    """What of today was planned is shown beside what was done."""
    home.has_planned(*[1.0] * 96)
    await home.set_up(device(schedule_duration=24 * 3600))
    assert (await picture(home, viewer))["power"]["start"] == SLOT.isoformat()

    await home.go_to(datetime(2026, 11, 22, 23, tzinfo=UTC), is_settled=False)
    await home.settle()

    (*_, after) = await viewer.news()
    assert after["power"]["start"] == "2026-11-22T23:00:00+00:00"


# --- what is saved


async def test_what_was_saved_today(home: Home, viewer: Viewer) -> None:
    """It is pushed when there is something new, whether or not there is a plan."""
    level = "sensor.level"
    is_of_type(home, BATTERY, "battery")
    home.server.set_flex_context(HOUSE, consumption_price="0.4 EUR/kWh")
    home.hass.states.async_set(METER, "-1000", POWER)
    home.hass.states.async_set(level, "4", {"unit_of_measurement": "kWh"})
    await home.go_to(SLOT)
    await home.set_up(
        device(soc_entity=level, capacity=10), feed(BATTERY_POWER, "Battery")
    )
    assert (await picture(home, viewer))["saved"] == {"ahead": None, "today": None}

    await home.go_to(SLOT + QUARTER, is_settled=False)
    await home.settle()

    (*_, after) = await viewer.news()
    assert after["saved"]["today"] == pytest.approx(0.1)


async def test_what_a_car_saves(home: Home, viewer: Viewer) -> None:
    """It could charge 5 kW: then the first quarter of an hour would do."""
    is_of_type(home, BATTERY, "one-way_evse")
    home.has_prices(200.0, 100.0)
    home.has_planned(*[0.0] * 4, 2.0, 3.0)
    await home.set_up()

    saved = (await picture(home, viewer))["saved"]["ahead"]
    assert saved == {
        "against": "charging_at_once",
        "amount": pytest.approx(1.25 * 0.2 - 1.25 * 0.1),
        "stored_at": None,
    }
    assert home.value("sensor", "planned_savings") == "0.125"
    attributes = home.attributes("sensor", "planned_savings")
    assert attributes == {
        "device_class": "monetary",
        "friendly_name": "Home battery Planned savings",
        "unit_of_measurement": "EUR",
    }


# --- prices


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param({}, None, id="none"),
        pytest.param(
            {"consumption_price": "0.3 EUR/kWh", "production_price": "80 EUR/MWh"},
            {
                "currency": "EUR",
                "consumption": {"fixed": 0.3},
                "production": {"fixed": 0.08},
            },
            id="fixed",
        ),
        pytest.param(
            {"consumption_price": "0 NOK/kWh"},
            {"currency": "NOK", "consumption": {"fixed": 0.0}, "production": None},
            id="free",
        ),
        pytest.param(
            {"production_price": "0.1 EUR/kWh"},
            {"currency": "EUR", "consumption": None, "production": {"fixed": 0.1}},
            id="of feeding in only",
        ),
        pytest.param(
            {"consumption_price": {"sensor": PRICE}}, None, id="not known to the server"
        ),
    ],
)
async def test_prices(
    home: Home, viewer: Viewer, context: Json, expected: Json | None
) -> None:
    home.server.set_flex_context(HOUSE, **context)

    await home.set_up()

    assert (await picture(home, viewer))["prices"] == expected


# --- what a device is


@pytest.mark.parametrize(
    ("asset_type", "kind"),
    [
        ("battery", "battery"),
        ("one-way_evse", "car"),
        ("two-way_evse", "car"),
        ("heat-storage", "heat"),
        ("solar", "solar"),
        ("building", "other"),
        ("a server's own", "other"),
    ],
)
async def test_kind(home: Home, viewer: Viewer, asset_type: str, kind: str) -> None:
    is_of_type(home, BATTERY, asset_type)

    await home.set_up()

    assert (await picture(home, viewer))["kind"] == kind


async def test_kind_that_nobody_has_told(home: Home, viewer: Viewer) -> None:
    """With a plan from before a restart, and a server that is away since."""
    home.add_account()
    home.remembers(*[3.0] * 8)
    home.server.fail(ConnectionError())
    await home.start()

    shown = await picture(home, viewer)

    assert shown["kind"] == "other"
    assert shown["setpoint"] == 3.0
    assert not shown["server_answers"]
    assert shown["status"]["since"] is None


async def test_share_of_the_capacity(home: Home, viewer: Viewer) -> None:
    """All amounts are in the unit of the settings."""
    home.server.schedules[BATTERY_SOC] = StoredSchedule(SLOT, QUARTER, [4.0], "kWh")
    home.hass.states.async_set("sensor.level", "40", {"unit_of_measurement": "%"})
    await home.set_up(
        device(soc_unit="%", capacity=8, soc_min=10, soc_entity="sensor.level")
    )
    await home.act("set_value", "number", "target_soc", value=75)
    await home.act("set_value", "datetime", "ready_by", datetime=NOON)

    shown = await picture(home, viewer)

    assert shown["soc_unit"] == "%"
    assert shown["soc_limits"] == {"least": 10.0, "most": 100.0}
    assert shown["soc"]["values"] == [50.0]
    assert shown["targets"][0]["soc"] == 75.0
    assert shown["entities"]["level"] == "sensor.level"
    assert shown["level_attribute"] is None
    assert shown["curves"]["level"] == {
        "Wh": [[-80, 0], [0, 0], [8000, 100], [8080, 100]],
        "kWh": [[-0.08, 0], [0, 0], [8, 100], [8.08, 100]],
        "MWh": [[-0.00008, 0], [0, 0], [0.008, 100], [0.00808, 100]],
        "%": [[-1, 0], [0, 0], [100, 100], [101, 100]],
    }


async def test_tank(home: Home, viewer: Viewer) -> None:
    """Its level is told by a temperature; a fault of a sensor is none."""
    await home.set_up(
        device(
            capacity=8,
            empty_temperature=35,
            full_temperature=60,
            soc_entity="water_heater.tank",
        )
    )

    shown = await picture(home, viewer)

    assert shown["entities"]["level"] == "water_heater.tank"
    assert shown["level_attribute"] == "current_temperature"
    curves = shown["curves"]["level"]
    assert curves["°C"] == [[-50, 0], [35, 0], [60, 8], [150, 8]]
    assert curves["°F"] == [[-58, 0], [95, 0], [140, 8], [302, 8]]
    assert curves["%"] == [[-1, 0], [0, 0], [100, 8], [101, 8]]


async def test_level_of_a_device_of_unknown_size(home: Home, viewer: Viewer) -> None:
    """It can only be shown as energy, and be any."""
    await home.set_up(device(CABIN_POWER, soc_entity="sensor.level"))

    curves = (await picture(home, viewer, CABIN_POWER))["curves"]["level"]

    assert curves == {
        "Wh": [[0, 0], [1e9, 1e6]],
        "kWh": [[0, 0], [1e6, 1e6]],
        "MWh": [[0, 0], [1e3, 1e6]],
    }


async def test_unknown_capacity(home: Home, viewer: Viewer) -> None:
    """Nothing is made up of shares of it."""
    await home.set_up(device(CABIN_POWER, soc_unit="%", soc_entity="sensor.level"))

    shown = await picture(home, viewer, CABIN_POWER)

    assert shown["curves"]["level"] == {}
    assert shown["soc_limits"] == {"least": None, "most": None}
    assert shown["power_limits"] == {"least": None, "most": None}


async def test_solar_panels(new_home: Home, viewer: Viewer) -> None:
    """They store nothing, and have no entities about that."""
    is_of_type(new_home, BATTERY, "solar")
    new_home.server.assets[BATTERY]["flex_model"] = {"production-capacity": "5 kW"}
    new_home.has_planned(-2.5)
    await new_home.set_up()

    shown = await picture(new_home, viewer)

    assert shown["kind"] == "solar"
    assert shown["level"] == "none"
    assert shown["soc"] is None
    assert shown["soc_limits"] == {"least": None, "most": None}
    assert shown["power_limits"] == {"least": -5.0, "most": None}
    assert shown["setpoint"] == -2.5
    assert {name for name, entity in shown["entities"].items() if not entity} == {
        "follower",
        "hand_over",
        "level",
        "measured",
        "ready_by",
        "target",
    }


async def test_s2_device(home: Home, viewer: Viewer) -> None:
    """Its power is what its resource manager measures."""
    await home.set_up(paired(), feed(BATTERY_POWER))

    shown = await picture(home, viewer)

    assert shown["kind"] == "s2"
    assert shown["entities"]["measured"] == "sensor.home_battery_measured_power"
    assert shown["curves"]["measured"]["W"] == [[-1e9, -1e6], [1e9, 1e6]]
    assert shown["is_connected"] is False


# --- what measures its power


@pytest.mark.parametrize(
    ("settings", "measured"),
    [
        pytest.param({}, METER, id="a mean"),
        pytest.param({"method": "level"}, METER, id="a level"),
        pytest.param({"method": "difference"}, None, id="a counter"),
        pytest.param({"attribute": "power"}, None, id="an attribute"),
        pytest.param({"entity": "0" * 32}, None, id="an entity that is gone"),
        pytest.param(
            {"kind": "tariff", "price": 0.3, "unit": "EUR/kWh"}, None, id="a tariff"
        ),
    ],
)
async def test_measured(
    home: Home, viewer: Viewer, settings: Json, measured: str | None
) -> None:
    await home.set_up(device(), feed(), feed(BATTERY_POWER, **settings))

    assert (await picture(home, viewer))["entities"]["measured"] == measured


async def test_measured_by_an_entity_that_is_renamed(
    home: Home, viewer: Viewer
) -> None:
    """It is known by its entry in the registry."""
    registry = er.async_get(home.hass)
    meter = registry.async_get_or_create("sensor", "other", "power")
    await home.set_up(device(), feed(BATTERY_POWER, entity=meter.id))
    shown = await picture(home, viewer)
    assert shown["entities"]["measured"] == "sensor.other_power"

    registry.async_update_entity(meter.entity_id, new_entity_id="sensor.cellar")
    await home.settle()

    (*_, renamed) = await viewer.news()
    assert renamed["entities"]["measured"] == "sensor.cellar"


# --- what it is to be ready for


def said(*missed: str, constraint: str = "soc-minima", by: str = "2.5 kWh") -> Json:
    """Give what the server says of the battery when it misses something."""
    return {
        "resolved": [],
        "unresolved": [
            {
                "asset": BATTERY,
                constraint: [
                    {"datetime": moment, "violation": by} for moment in missed
                ],
            }
        ],
    }


async def plan(home: Home, result: Json, **data: Any) -> None:
    """Have the battery scheduled, with a result for its targets."""
    job = finished_job()
    job["result"] |= result
    home.server.answer("GET", JOB, json=job)
    await home.call(
        "trigger_schedule", device_id=home.device_id(), soc_at_start=4, **data
    )


async def be_ready(home: Home, moment: str, target: float = 9) -> None:
    """Want the battery to be so full at a time."""
    await home.act("set_value", "number", "target_soc", value=target)
    await home.act("set_value", "datetime", "ready_by", datetime=moment)


def target(
    at: str, soc: float | None, *, met: bool | None, missed_by: float | None = None
) -> Json:
    """Give what is told of a target."""
    return {"at": at, "soc": soc, "met": met, "missed_by": missed_by}


async def test_target_met_and_missed(home: Home, viewer: Viewer) -> None:
    """Between the points of its grid the server looks at nothing."""
    await home.set_up()
    await be_ready(home, "2026-11-22T12:07:00+01:00")
    wished = "2026-11-22T11:07:00+00:00"
    shown = await picture(home, viewer)
    assert shown["targets"] == [target(wished, 9.0, met=None)]

    await plan(home, said())
    (*_, shown) = await viewer.news()
    assert shown["targets"] == [target(wished, 9.0, met=True)]
    assert shown["is_ordinary"]

    await plan(home, said(NOON))
    (*_, shown) = await viewer.news()
    assert shown["targets"] == [target(wished, 9.0, met=False, missed_by=2.5)]
    assert not shown["is_ordinary"]


async def test_target_that_is_another_one_now(home: Home, viewer: Viewer) -> None:
    """What was said of the former one is not said of it."""
    await home.set_up()
    await be_ready(home, NOON)
    await plan(home, said(NOON))

    await be_ready(home, NOON, 8)

    assert (await picture(home, viewer))["targets"] == [target(NOON_UTC, 8.0, met=None)]


async def test_target_that_a_server_says_nothing_of(home: Home, viewer: Viewer) -> None:
    await home.set_up()
    await be_ready(home, NOON)
    await plan(home, {"resolved": None, "unresolved": None})

    assert (await picture(home, viewer))["targets"] == [target(NOON_UTC, 9.0, met=None)]


async def test_time_without_a_level(home: Home, viewer: Viewer) -> None:
    """It cannot be planned for, nor missed."""
    await home.set_up()
    await home.act("set_value", "datetime", "ready_by", datetime=NOON)
    targets = [{"value": 9, "datetime": "2026-11-22T11:30:00+01:00"}]
    await plan(home, said(), soc_targets=targets)

    assert (await picture(home, viewer))["targets"] == [
        target(NOON_UTC, None, met=None)
    ]


async def test_several_targets(home: Home, viewer: Viewer) -> None:
    """All until the plan ends, those that only the job was told among them if missed."""
    await home.set_up(device(schedule_duration=48 * 3600))
    await home.hass.services.async_call(
        DOMAIN,
        "set_ready_by",
        {"device_id": home.device_id(), "time": "18:00", "target_soc": 7},
        blocking=True,
    )
    at_three = "2026-11-22T15:00:00+01:00"

    result = said(
        at_three, at_three, "2026-11-22T10:00:00+01:00", constraint="soc-targets"
    )
    result["unresolved"][0]["soc-minima"] = [
        {"datetime": EVENING_UTC, "violation": "1.5 kWh"}
    ]
    await plan(home, result, soc_targets=[{"value": 9, "datetime": at_three}])

    assert (await picture(home, viewer))["targets"] == [
        target("2026-11-22T14:00:00+00:00", None, met=False, missed_by=2.5),
        target(EVENING_UTC, 7.0, met=False, missed_by=1.5),
        target("2026-11-23T17:00:00+00:00", 7.0, met=True),
    ]


async def test_next_target_is_after_the_plan(home: Home, viewer: Viewer) -> None:
    """It is told all the same, and that nothing is known of it yet."""
    await home.set_up()
    await be_ready(home, "2026-11-23T07:00:00+01:00")
    await plan(home, said(), duration="PT1H")

    assert (await picture(home, viewer))["targets"] == [
        target("2026-11-23T06:00:00+00:00", 9.0, met=None)
    ]


async def test_target_missed_by_an_unknown_amount(home: Home, viewer: Viewer) -> None:
    await home.set_up()
    await be_ready(home, NOON)
    await plan(home, said(NOON, by="much"))

    assert (await picture(home, viewer))["targets"] == [
        target(NOON_UTC, 9.0, met=False)
    ]


# --- how scheduling goes


async def test_status_in_the_language_of_the_home(home: Home, viewer: Viewer) -> None:
    home.hass.config.language = "nl"
    home.has_prices(50.0, 60.0)
    await home.set_up()

    status = (await picture(home, viewer))["status"]

    assert status["key"] == "not_scheduled"
    assert status["text"].startswith("Nog geen planning")
    assert not status["is_ok"]


async def test_failure(home: Home, viewer: Viewer) -> None:
    """With what is wrong, in words, and when it went wrong."""
    await home.set_up()
    await plan(home, said())
    home.pass_time(timedelta(minutes=2))
    home.server.answer("GET", JOB, json=failed_job("infeasible", "str"))
    with pytest.raises(HomeAssistantError):
        await home.press_compute()

    shown = await picture(home, viewer)

    assert shown["status"]["key"] == "infeasible"
    assert shown["status"]["detail"]
    assert shown["status"]["since"] == (NOW + timedelta(minutes=2)).isoformat()
    assert not shown["status"]["is_ok"]
    assert not shown["is_out_of_date"]
    assert shown["last_schedule"] == NOW.isoformat()
