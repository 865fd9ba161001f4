"""Forecasts that the server computes: by an action, by themselves, and by the server itself."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import voluptuous as vol

from custom_components.flexmeasures.account import Account
from custom_components.flexmeasures.scheduling.forecasts import (
    async_forecast_in_turn,
    async_is_forecast_by_server,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    CONSUMPTION,
    FORBIDDEN,
    GARAGE_POWER,
    HOUSE,
    NEIGHBOUR_POWER,
    PRICE,
    PRICE_15MIN,
    REFUSED,
    UNKNOWN_SENSOR,
    Request,
    StoredSchedule,
    failed_job,
    running_job,
)
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home

TRIGGER = f"/api/v3_0/sensors/{CONSUMPTION}/forecasts/trigger"
FORECAST = f"/api/v3_0/sensors/{CONSUMPTION}/forecasts/*"
DATA = f"/api/v3_0/sensors/{CONSUMPTION}/data"
DAY = 24 * HOUR


@pytest.fixture
async def account(home: Home) -> Account:
    """An account that is set up, with a sensor that has measured until now."""
    home.server.data[CONSUMPTION] = StoredSchedule(NOW - 2 * DAY, QUARTER, [0.4] * 192)
    entry = await home.set_up()
    loaded: Account = entry.runtime_data
    return loaded


async def forecast(home: Home, **data: Any) -> Any:
    """Call the action."""
    return await home.call("trigger_forecast", **{"sensor": CONSUMPTION, **data})


def asked(home: Home, path: str = TRIGGER) -> list[Any]:
    """Give what the server was asked to forecast."""
    return [request.json for request in home.server.requests_to("POST", path)]


def used(home: Home) -> list[str]:
    """Give when something of the limit was used, as it is to be remembered."""
    account: Account = home.entry.runtime_data
    written: list[str] = account.scheduler.budget._as_json()["triggers"]["used"]
    return written


# --- the action


async def test_forecast(home: Home, account: Account) -> None:
    """By default for two days; with local times."""
    response = await forecast(home)

    assert asked(home) == [{"duration": "PT48H"}]
    assert len(response.pop("forecast")) == 192
    assert response == {
        "unit": "kW",
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-24T11:00:00+01:00",
        "resolution": "PT15M",
    }


async def test_forecast_with_everything(home: Home, account: Account) -> None:
    """Numbers may be texts; a horizon that ends within an interval takes all of it."""
    response = await forecast(
        home,
        config_entry_id=home.entry.entry_id,
        sensor=str(CONSUMPTION),
        horizon="1 hour 20 minutes",
        regressors=[str(BATTERY_POWER), PRICE],
    )

    assert asked(home) == [
        {"duration": "PT1H30M", "config": {"regressors": [BATTERY_POWER, PRICE]}}
    ]
    assert response == {
        "unit": "kW",
        "start": "2026-11-22T11:00:00+01:00",
        "end": "2026-11-22T12:30:00+01:00",
        "resolution": "PT15M",
        "forecast": [
            {
                "start": f"2026-11-22T{start}:00+01:00",
                "end": f"2026-11-22T{end}:00+01:00",
                "value": value,
            }
            for start, end, value in (
                ("11:00", "11:15", 0.5),
                ("11:15", "11:30", 1.0),
                ("11:30", "11:45", 2.0),
                ("11:45", "12:00", 0.5),
                ("12:00", "12:15", 1.0),
                ("12:15", "12:30", 2.0),
            )
        ],
    }


async def test_one_regressor_needs_no_list(home: Home, account: Account) -> None:
    await forecast(home, horizon="PT1H", regressors=PRICE)

    assert asked(home)[0]["config"] == {"regressors": [PRICE]}


async def test_nobody_wants_the_response(home: Home, account: Account) -> None:
    await home.hass.services.async_call(
        "flexmeasures", "trigger_forecast", {"sensor": CONSUMPTION}, blocking=True
    )

    assert len(asked(home)) == 1


async def test_job_that_takes_its_time(home: Home, account: Account) -> None:
    home.server.answer("GET", "/api/v3_0/jobs/*", json=running_job(), times=3)

    response = await forecast(home)

    assert len(response["forecast"]) == 192


async def test_history_of_weeks_ago(home: Home, account: Account) -> None:
    """A day without values is nothing; what is read for that is as little as can be."""
    home.server.data[CONSUMPTION] = StoredSchedule(NOW - 20 * DAY, QUARTER, [0.4])

    await forecast(home)

    reads = home.server.requests_to("GET", DATA)
    assert [read.query["duration"] for read in reads] == ["PT24H", "PT720H"]


async def test_hourly_sensor_in_a_time_zone_of_half_hours(
    home: Home, account: Account
) -> None:
    """It has history on whichever grid; a forecast is on full hours of UTC."""
    home.server.sensors[CONSUMPTION] |= {
        "timezone": "Asia/Kolkata",
        "event_resolution": "PT1H",
    }

    response = await forecast(home, horizon="PT2H")

    (read,) = home.server.requests_to("GET", DATA)
    assert read.query["resolution"] == "PT30M"
    assert response["start"] == "2026-11-22T11:00:00+01:00"


# --- what cannot be


WRONG: list[tuple[str, list[Any]]] = [
    ("sensor", ["", "x", 0, -1, 1.5, None, True]),
    ("horizon", ["PT59M", 0, "x", -1, None]),
    ("regressors", ["x", [0], [None]]),
]


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG for value in values]
)
async def test_wrong_fields(
    home: Home, account: Account, field: str, value: Any
) -> None:
    with pytest.raises(vol.Invalid):
        await forecast(home, **{field: value})

    assert not asked(home)


async def test_longer_than_can_be_computed_in_time(
    home: Home, account: Account
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await forecast(home, horizon={"days": 7, "minutes": 1})

    assert error.value.translation_key == "duration_too_long"
    assert error.value.translation_placeholders == {
        "field": "horizon",
        "duration": "10081 min",
        "longest": "7 d",
    }
    assert not asked(home)


@pytest.mark.parametrize(
    ("sensor", "regressors", "key"),
    [
        (UNKNOWN_SENSOR, [], "not_found"),
        (NEIGHBOUR_POWER, [], "not_permitted"),
        (CONSUMPTION, [UNKNOWN_SENSOR], "regressor_not_readable"),
        (CONSUMPTION, [PRICE, NEIGHBOUR_POWER], "regressor_not_readable"),
        (BATTERY_SOC, [], "not_forecastable"),
        (BATTERY_CHARGING_DAILY := 12, [], "not_forecastable"),
    ],
    ids=["unknown", "foreign", "gone", "not_read", "instants", "days"],
)
async def test_sensors_that_will_not_do(
    home: Home, account: Account, sensor: int, regressors: list[int], key: str
) -> None:
    """What is known beforehand costs nothing of the limit."""
    home.server.sensors[BATTERY_CHARGING_DAILY]["event_resolution"] = "P1D"

    with pytest.raises(ServiceValidationError) as error:
        await forecast(home, sensor=sensor, regressors=regressors)

    assert error.value.translation_key == key
    assert not asked(home, "/api/v3_0/sensors/*/forecasts/trigger")
    assert used(home) == []


async def test_which_regressor_it_is(home: Home, account: Account) -> None:
    with pytest.raises(
        ServiceValidationError, match=f"sensor {NEIGHBOUR_POWER} cannot"
    ):
        await forecast(home, regressors=[PRICE, NEIGHBOUR_POWER])


async def test_sensor_that_is_only_read(home: Home, account: Account) -> None:
    """What the server refuses costs nothing of the limit."""
    home.server.data[PRICE_15MIN] = StoredSchedule(
        NOW - DAY, QUARTER, [0.4] * 96, "EUR/kWh"
    )

    with pytest.raises(ServiceValidationError) as error:
        await forecast(home, sensor=PRICE_15MIN)

    assert error.value.translation_key == "not_permitted"
    assert used(home) == []


async def test_nothing_to_learn_from(home: Home, account: Account) -> None:
    """The server would forecast zeros."""
    with pytest.raises(HomeAssistantError) as error:
        await forecast(home, sensor=GARAGE_POWER)

    assert error.value.translation_key == "forecast_without_history"
    assert not asked(home, "/api/v3_0/sensors/*/forecasts/trigger")


async def test_job_that_fails(home: Home, account: Account) -> None:
    home.server.answer("GET", "/api/v3_0/jobs/*", json=failed_job("list index"))

    with pytest.raises(HomeAssistantError, match="a forecast: list index"):
        await forecast(home)

    assert used(home) == [NOW.isoformat()]


RACES = (
    "'Not all indices found in time index.'",
    "Reindexing only valid with uniquely valued Index objects",
)


@pytest.mark.parametrize("reason", RACES)
async def test_job_that_fails_by_chance(
    home: Home, account: Account, reason: str
) -> None:
    """Threads of the server that are in each other's way: the same is asked for again."""
    home.server.answer("GET", "/api/v3_0/jobs/*", json=failed_job(reason), times=2)

    response = await forecast(home)

    assert len(response["forecast"]) == 192
    assert len(asked(home)) == 3
    assert used(home) == [NOW.isoformat()] * 3


async def test_job_that_fails_by_chance_all_the_time(
    home: Home, account: Account
) -> None:
    home.server.answer("GET", "/api/v3_0/jobs/*", json=failed_job(RACES[0]))

    with pytest.raises(HomeAssistantError, match="a forecast: 'Not all indices"):
        await forecast(home)

    assert len(asked(home)) == 3


async def test_job_that_nobody_takes_up(home: Home, account: Account) -> None:
    home.server.answer("GET", "/api/v3_0/jobs/*", json=running_job("QUEUED"))

    with pytest.raises(HomeAssistantError) as error:
        await forecast(home)

    assert error.value.translation_key == "no_worker"


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"values": [], "duration": "PT0S"}, "not_flexmeasures"),
        ({"values": [1.0, 2.0], "duration": "PT1H"}, "not_flexmeasures"),
        ({"values": [None, None], "duration": "PT30M"}, "forecast_failed"),
        ({"message": "?"}, "not_flexmeasures"),
    ],
    ids=["nothing", "gap", "unknown", "other"],
)
async def test_answers_that_are_no_forecast(
    home: Home, account: Account, answer: Any, key: str
) -> None:
    home.server.answer(
        "GET",
        FORECAST,
        json={"start": "2026-11-22T10:00:00+00:00", "unit": "kW", **answer},
    )

    with pytest.raises(HomeAssistantError) as error:
        await forecast(home)

    assert error.value.translation_key == key


# --- the server's limit


async def test_forecasts_and_schedules_share_the_limit(
    home: Home, account: Account
) -> None:
    """What is left after a forecast is known for schedules too."""
    home.server.use_triggers(7)

    await forecast(home)

    assert used(home) == [NOW.isoformat()]
    # Two are for the user's own wishes.
    assert account.scheduler.budget.available_at(NOW) == NOW + 5 * MINUTE


async def test_no_more_is_allowed(home: Home, account: Account) -> None:
    home.server.use_triggers(10)

    with pytest.raises(HomeAssistantError) as error:
        await forecast(home)

    assert error.value.translation_key == "rate_limited"
    assert used(home) == []
    assert account.scheduler.budget.available_at(NOW) == NOW + 5 * MINUTE


async def test_server_is_away(home: Home, account: Account) -> None:
    """What never came there is not used up."""
    home.server.answer("POST", TRIGGER, exception=REFUSED)

    with pytest.raises(HomeAssistantError) as error:
        await forecast(home)

    assert error.value.translation_key == "cannot_connect"
    assert used(home) == []


# --- by itself


async def in_turn(home: Home, account: Account) -> asyncio.Task[Any]:
    """Have a forecast computed by itself."""
    sensor = await account.catalogue.async_sensor(CONSUMPTION)
    task = home.hass.async_create_background_task(
        async_forecast_in_turn(
            home.hass,
            account.api,
            account.scheduler.budget,
            sensor,
            horizon=HOUR,
            regressors=[PRICE],
        ),
        "forecast",
    )
    await home.until(lambda: task.done() or len(reads_of_history(home)) == 1)
    await home.hass.async_block_till_done()
    return task


def reads_of_history(home: Home) -> list[Request]:
    return home.server.requests_to("GET", DATA)


async def test_by_itself_there_is_room(home: Home, account: Account) -> None:
    task = await in_turn(home, account)

    assert (await task).values == (0.5, 1.0, 2.0, 0.5)
    assert asked(home) == [{"duration": "PT1H", "config": {"regressors": [PRICE]}}]


async def test_by_itself_it_waits_for_room(home: Home, account: Account) -> None:
    """Eight of ten may be used without the user's wish."""
    for _ in range(8):
        account.scheduler.budget.take(NOW)

    task = await in_turn(home, account)
    await home.go_to(NOW + 5 * MINUTE - timedelta(seconds=1), is_settled=False)
    assert not asked(home)

    await home.go_to(NOW + 5 * MINUTE, is_settled=False)
    assert (await task).start == SLOT
    assert len(asked(home)) == 1


async def test_by_itself_after_others_were_faster(home: Home, account: Account) -> None:
    """What the server refuses for now is asked for again."""
    home.server.use_triggers(10)

    task = await in_turn(home, account)
    await home.until(lambda: len(asked(home)) == 1)
    assert not task.done()

    await home.go_to(NOW + 5 * MINUTE, is_settled=False)
    assert (await task).start == SLOT
    assert len(asked(home)) == 2


async def test_by_itself_it_is_given_up(home: Home, account: Account) -> None:
    """Nothing is asked for later."""
    account.scheduler.budget.close_until(NOW + HOUR)
    task = await in_turn(home, account)

    task.cancel()
    await home.go_to(NOW + HOUR)

    assert not asked(home)


# --- by the server


def automation(sensor: int | None = CONSUMPTION, **changes: Any) -> Any:
    """Make an automation, as the server tells all of it."""
    return {
        "id": 1,
        "type": "forecasting",
        "name": "Daily",
        "cron": "0 6 * * *",
        "timezone": "Europe/Amsterdam",
        "active": True,
        "output-sensors": sensor and [{"id": sensor, "name": "sensor"}],
        **changes,
    }


async def by_server(account: Account, sensor_id: int) -> bool:
    """Return whether the server forecasts a sensor by itself."""
    sensor = await account.catalogue.async_sensor(sensor_id)
    return await async_is_forecast_by_server(account.api, account.catalogue, sensor)


async def test_servers_that_do_nothing_by_themselves(
    home: Home, account: Account
) -> None:
    """They do not know the question."""
    home.server.automations[HOUSE] = [automation()]

    assert not await by_server(account, CONSUMPTION)


@pytest.mark.parametrize(
    ("automations", "expected"),
    [
        ({}, False),
        ({HOUSE: [automation(sensor=BATTERY_POWER)]}, True),
        ({BATTERY: [automation(sensor=BATTERY_POWER)]}, True),
        ({BATTERY: [automation(), automation(BATTERY_POWER, id=2)]}, True),
        ({BATTERY: [automation()]}, False),
        ({BATTERY: [automation(sensor=BATTERY_POWER, active=False)]}, False),
        ({BATTERY: [automation(sensor=BATTERY_POWER, type="scheduling")]}, False),
        ({BATTERY: [automation(sensor=None)]}, False),
        ({BATTERY: [automation(type=None), "of a later version"]}, False),
    ],
    ids=[
        "none",
        "house",
        "battery",
        "second",
        "of_another",
        "inactive",
        "schedules",
        "untold",
        "unreadable",
    ],
)
async def test_automations(
    home: Home, account: Account, automations: dict[int, Any], *, expected: bool
) -> None:
    """Only an active one that forecasts this sensor counts."""
    home.server.version = "1.1.0"
    for asset, each in automations.items():
        home.server.answer(
            "GET",
            f"/api/v3_0/assets/{asset}/automations",
            json={
                "automations": [
                    {key: item[key] for key in ("id", "type", "active")}
                    if isinstance(item, dict)
                    else item
                    for item in each
                ]
            },
        )
        home.server.automations[asset] = each

    assert await by_server(account, BATTERY_POWER) is expected


async def test_list_that_tells_what_it_is_about(home: Home, account: Account) -> None:
    """Then nothing more is asked."""
    home.server.answer(
        "GET",
        f"/api/v3_0/assets/{HOUSE}/automations",
        json={"automations": [automation()]},
    )

    assert await by_server(account, CONSUMPTION)
    assert not home.server.requests_to("GET", "/api/v3_0/assets/*/automations/*")


async def test_automation_that_has_just_gone(home: Home, account: Account) -> None:
    home.server.answer(
        "GET",
        f"/api/v3_0/assets/{HOUSE}/automations",
        json={"automations": [automation(sensor=None)]},
    )

    assert not await by_server(account, CONSUMPTION)


async def test_list_of_another_shape(home: Home, account: Account) -> None:
    home.server.answer("GET", f"/api/v3_0/assets/{HOUSE}/automations", json=[1])

    assert not await by_server(account, CONSUMPTION)


async def test_automations_that_may_not_be_seen(home: Home, account: Account) -> None:
    """Whoever asks is told so."""
    home.server.answer(
        "GET", f"/api/v3_0/assets/{HOUSE}/automations", json=FORBIDDEN, status=403
    )

    with pytest.raises(Exception, match="not_permitted"):
        await by_server(account, CONSUMPTION)


async def test_sensor_of_no_asset_that_is_seen(home: Home, account: Account) -> None:
    del home.server.assets[HOUSE]
    home.server.sensors[CABIN_POWER]["generic_asset_id"] = HOUSE
    await account.catalogue.async_get()

    assert not await by_server(account, CABIN_POWER)
