"""What the sensors of a meter show."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from custom_components.flexmeasures.const import SUBENTRY_METER
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import State
from homeassistant.helpers import entity_registry as er

from ..fake_server import StoredSchedule
from ..home import HOUR, NOW, SLOT, Home, device

METER = 100
"""The id of its subentry too."""
FEED = 101
TARIFF = 102
FEED_IN_TARIFF = 103

FIRST = datetime(2026, 8, 31, 22, tzinfo=UTC)
"""Midnight of 1 September in Amsterdam."""
BILL = datetime(2026, 10, 31, 23, tzinfo=UTC)
"""That of 1 November, when the bill begins; clocks have changed meanwhile."""
SO_FAR = 21 * 24 + 11
"""Full hours since then."""
REST = 30 * 24 - SO_FAR
TYPICAL = (30 * 24 + 31 * 24 + 1) / 2
"""Hours of September and October, which has one more."""
PASSED = (SO_FAR + 7 / 60) / (30 * 24)
"""The share of the bill."""


def meter(sensor: int = METER, **settings: Any) -> ConfigSubentryDataWithId:
    """Make a meter, as its form does; its id is its sensor's."""
    data = {
        "commodity": "electricity",
        "consumption_sensor": sensor,
        "bill_start": "2026-01-01",
        "bill_months": 1,
        **settings,
    }
    return ConfigSubentryDataWithId(
        data=data,
        subentry_id=str(sensor),
        subentry_type=SUBENTRY_METER,
        title="Home",
        unique_id=f"{data['commodity']} {sensor}",
    )


@pytest.fixture(autouse=True)
def metered(home: Home) -> None:
    """The server has sensors for a meter, without data."""
    for sensor, unit in (
        (METER, "kWh"),
        (FEED, "kWh"),
        (TARIFF, "EUR/kWh"),
        (FEED_IN_TARIFF, "EUR/kWh"),
    ):
        home.server.add_sensor(sensor, f"sensor {sensor}", unit, "PT1H")


def measure(
    home: Home,
    sensor: int,
    value: float,
    *,
    unit: str = "kWh",
    start: datetime = FIRST,
    end: datetime = SLOT,
) -> None:
    """Let the server have the same value for each hour."""
    home.server.data[sensor] = StoredSchedule(
        start, HOUR, [value] * ((end - start) // HOUR), unit
    )


def forecast(home: Home, value: float, hours: int = REST) -> None:
    """Let the server forecast the same consumption for each hour to come."""
    home.server.forecasts[METER] = StoredSchedule(SLOT, HOUR, [value] * hours, "kWh")


def state(home: Home, key: str) -> State:
    """Give the state of a sensor of the meter."""
    return home.state_of("sensor", key, METER)


def number(home: Home, key: str) -> float:
    """Give what a sensor of the meter says."""
    return float(state(home, key).state)


def keys(home: Home) -> set[str]:
    """Give the sensors of the meter that there are."""
    return {
        entity.unique_id.removeprefix(f"{METER}_")
        for entity in er.async_entries_for_config_entry(
            er.async_get(home.hass), home.entry.entry_id
        )
        if home.hass.states.get(entity.entity_id)
    }


ALWAYS = {"usage_to_date", "typical_usage", "completeness", "history_import"}
MONEY = {"cost_to_date", "typical_cost"}


async def test_nothing_known(home: Home) -> None:
    """Without any data nothing is known; nothing is 0."""
    await home.set_up(meter(cost_sensor=TARIFF, standing_charge=6))
    assert home.entry.state is ConfigEntryState.LOADED
    assert keys(home) == ALWAYS | MONEY
    for key in keys(home) - {"completeness"}:
        assert state(home, key).state == "unknown", key
    assert number(home, "completeness") == 0
    assert state(home, "usage_to_date").attributes["production"] is None
    assert state(home, "cost_to_date").attributes["consumption"] is None
    assert state(home, "cost_to_date").attributes["compensation"] is None
    assert state(home, "typical_usage").attributes["bills"] == 0
    assert state(home, "typical_usage").attributes["since"] is None


async def test_electricity(home: Home) -> None:
    """Half a kWh in each hour, at 0.20 EUR, and 6 EUR a month."""
    measure(home, METER, 0.5)
    measure(home, TARIFF, 0.2, unit="EUR/kWh")
    await home.set_up(meter(cost_sensor=TARIFF, standing_charge=6))

    assert number(home, "usage_to_date") == SO_FAR / 2
    assert number(home, "cost_to_date") == pytest.approx(
        SO_FAR * 0.1 + 6 * PASSED, abs=1e-4
    )
    assert number(home, "typical_usage") == TYPICAL / 2
    assert number(home, "typical_cost") == pytest.approx(TYPICAL * 0.1 + 6)
    assert number(home, "completeness") == 100
    assert number(home, "history_import") == 100

    usage = state(home, "usage_to_date").attributes
    assert usage["friendly_name"] == "Home Current bill electric usage to date"
    assert usage["unit_of_measurement"] == "kWh"
    assert usage["device_class"] == "energy"
    assert usage["state_class"] == "total"
    assert usage["last_reset"] == "2026-11-01T00:00:00+01:00"
    assert usage["bill_start"] == "2026-11-01"
    assert usage["bill_end"] == "2026-12-01"
    assert usage["measured_until"] == "2026-11-22T11:00:00+01:00"
    assert usage["production"] is None
    cost = state(home, "cost_to_date").attributes
    assert cost["friendly_name"] == "Home Current bill electric cost to date"
    assert cost["unit_of_measurement"] == "EUR"
    assert cost["device_class"] == "monetary"
    assert cost["state_class"] == "total"
    assert cost["consumption"] == pytest.approx(SO_FAR * 0.1)
    assert cost["compensation"] is None
    assert cost["standing_charge"] == pytest.approx(6 * PASSED, abs=1e-4)
    assert cost["priced"] == 100
    typical = state(home, "typical_usage").attributes
    assert typical["friendly_name"] == "Home Typical monthly electric usage"
    assert typical["bills"] == 2
    assert typical["since"] == "2026-09-01"
    assert "last_reset" not in typical
    assert (
        state(home, "typical_cost").attributes["friendly_name"]
        == "Home Typical monthly electric cost"
    )
    completeness = state(home, "completeness").attributes
    assert completeness["friendly_name"] == "Home Completeness"
    assert completeness["unit_of_measurement"] == "%"


async def test_production(home: Home) -> None:
    """What is fed in is taken off the cost, and not off the usage."""
    measure(home, METER, 0.5)
    measure(home, FEED, 2.0)
    measure(home, TARIFF, 0.2, unit="EUR/kWh")
    measure(home, FEED_IN_TARIFF, 0.1, unit="EUR/kWh")
    await home.set_up(
        meter(
            production_sensor=FEED,
            cost_sensor=TARIFF,
            compensation_sensor=FEED_IN_TARIFF,
        )
    )
    assert number(home, "usage_to_date") == SO_FAR / 2
    assert state(home, "usage_to_date").attributes["production"] == SO_FAR * 2
    assert number(home, "cost_to_date") == pytest.approx(SO_FAR * (0.1 - 0.2))
    assert number(home, "typical_cost") == pytest.approx(TYPICAL * (0.1 - 0.2))


async def test_bills_of_three_months(home: Home) -> None:
    """What is typical is that of a month."""
    measure(home, METER, 1.0, start=FIRST - timedelta(days=200))
    measure(home, TARIFF, 0.2, unit="EUR/kWh", start=FIRST - timedelta(days=200))
    await home.set_up(meter(cost_sensor=TARIFF, standing_charge=6, bill_months=3))
    assert state(home, "usage_to_date").attributes["bill_start"] == "2026-10-01"
    # From April to June, and from July to September.
    hours = (30 + 31 + 30 + 31 + 31 + 30) * 24 / 6
    assert number(home, "typical_usage") == pytest.approx(hours)
    assert number(home, "typical_cost") == pytest.approx(hours * 0.2 + 6)


@pytest.mark.parametrize(
    ("unit", "amount", "device_class"),
    [
        ("m³", 2.8316846592, "gas"),
        ("ft³", 100.0, "gas"),
        ("CCF", 1.0, "gas"),
        ("kWh", 28.316846592, "energy"),
    ],
)
async def test_gas(home: Home, unit: str, amount: float, device_class: str) -> None:
    """It is shown in the unit that was chosen: 100 cubic feet are 1 CCF."""
    home.server.add_sensor(METER, "gas", "m³", "PT1H")
    measure(home, METER, 2.8316846592 / 100, unit="m³")
    measure(home, TARIFF, 0.2, unit="EUR/kWh")
    await home.set_up(
        meter(commodity="gas", gas_unit=unit, calorific_value=10, cost_sensor=TARIFF)
    )
    assert number(home, "usage_to_date") == pytest.approx(amount * SO_FAR / 100)
    attributes = state(home, "usage_to_date").attributes
    assert attributes["unit_of_measurement"] == unit
    assert attributes["device_class"] == device_class
    assert attributes["friendly_name"] == "Home Current bill gas usage to date"
    assert number(home, "cost_to_date") == pytest.approx(
        28.316846592 * 0.2 * SO_FAR / 100
    )
    assert (
        state(home, "typical_cost").attributes["friendly_name"]
        == "Home Typical monthly gas cost"
    )


async def test_another_unit(home: Home) -> None:
    """When another unit is chosen, all is shown in that."""
    home.server.add_sensor(METER, "gas", "m³", "PT1H")
    measure(home, METER, 2.8316846592 / 100, unit="m³")
    await home.set_up(meter(commodity="gas", gas_unit="CCF"))
    assert number(home, "usage_to_date") == pytest.approx(SO_FAR / 100)
    home.change_device(METER, gas_unit="ft³")
    await home.settle()
    assert state(home, "usage_to_date").attributes["unit_of_measurement"] == "ft³"
    assert number(home, "usage_to_date") == pytest.approx(SO_FAR)


async def test_forecast(home: Home) -> None:
    """Its sensors come once there is a forecast, and say what they are made of."""
    measure(home, METER, 0.5)
    measure(home, TARIFF, 0.2, unit="EUR/kWh")
    await home.set_up(meter(cost_sensor=TARIFF, standing_charge=6))
    assert keys(home) == ALWAYS | MONEY

    forecast(home, 1.0, hours=48)
    await home.go_to(NOW + HOUR)

    assert keys(home) == ALWAYS | MONEY | {"forecasted_usage", "forecasted_cost"}
    rest = TYPICAL / 2 * (REST - 48) / (30 * 24)
    assert number(home, "forecasted_usage") == pytest.approx(SO_FAR / 2 + 48 + rest)
    usage = state(home, "forecasted_usage").attributes
    assert usage["friendly_name"] == "Home Current bill electric forecasted usage"
    assert usage["measured"] == SO_FAR / 2
    assert usage["forecast"] == 48
    assert usage["typical"] == pytest.approx(rest)
    cost = state(home, "forecasted_cost").attributes
    assert cost["friendly_name"] == "Home Current bill electric forecasted cost"
    assert cost["standing_charge"] == 6
    assert number(home, "forecasted_cost") == pytest.approx(
        (SO_FAR / 2 + 48 + rest) * 0.2 + 6
    )
    # They stay, though nothing is known until the server has answered.
    home.server.fail(ClientConnectionError())
    await home.reload()
    assert state(home, "forecasted_usage").state == "unknown"


async def test_no_price(home: Home) -> None:
    """Without one there are no costs."""
    measure(home, METER, 0.5)
    forecast(home, 1.0)
    await home.set_up(meter())
    assert keys(home) == ALWAYS | {"forecasted_usage"}
    assert number(home, "forecasted_usage") == pytest.approx(SO_FAR / 2 + REST)


async def test_server_away_at_the_start(home: Home) -> None:
    """What was known is shown, and goes on when the server is back."""
    measure(home, METER, 0.5)
    await home.set_up(meter())
    home.server.fail(ClientConnectionError())
    await home.reload()
    assert home.entry.state is ConfigEntryState.LOADED
    assert number(home, "usage_to_date") == SO_FAR / 2
    assert number(home, "typical_usage") == TYPICAL / 2

    home.server.recover()
    measure(home, METER, 0.5, end=SLOT + HOUR)
    await home.go_to(NOW + HOUR)
    assert number(home, "usage_to_date") == (SO_FAR + 1) / 2


async def test_changed(home: Home) -> None:
    """Other bills are made of the same days; another price of the costs anew."""
    measure(home, METER, 0.5)
    measure(home, TARIFF, 0.2, unit="EUR/kWh")
    await home.set_up(meter())
    home.change_device(METER, bill_start="2026-01-20")
    await home.settle()
    assert number(home, "usage_to_date") == (2 * 24 + 11) / 2
    home.change_device(METER, cost_sensor=TARIFF)
    await home.settle()
    assert number(home, "cost_to_date") == pytest.approx((2 * 24 + 11) * 0.1)


async def test_another_one_goes_on(home: Home) -> None:
    """What changes, goes or comes is one meter's alone: of the other nothing is asked."""
    measure(home, METER, 0.5)
    measure(home, FEED, 2.0)
    await home.set_up(meter(), meter(FEED))
    home.server.requests.clear()
    home.change_device(METER, bill_start="2026-01-20")
    await home.settle()
    home.remove_device(METER)
    await home.settle()
    home.add_device(meter())
    await home.settle()
    assert number(home, "usage_to_date") == SO_FAR / 2
    assert home.value("sensor", "usage_to_date", FEED) == str(SO_FAR * 2.0)
    assert home.server.requests_to("GET", f"/api/v3_0/sensors/{METER}/data")
    assert not home.server.requests_to("GET", f"/api/v3_0/sensors/{FEED}/data")


async def test_daily_values(home: Home) -> None:
    """A day's value is there when the day is over, also the one of 25 hours."""
    home.server.add_sensor(METER, "daily", "kWh", "P1D")
    home.server.data[METER] = StoredSchedule(
        FIRST, timedelta(days=1), [12.0] * (30 + 31 + 21), "kWh"
    )
    await home.set_up(meter())
    assert number(home, "usage_to_date") == 12 * 21
    assert number(home, "typical_usage") == 12 * (30 + 31) / 2
    assert number(home, "completeness") == 100
    assert (
        state(home, "completeness").attributes["measured_until"]
        == "2026-11-22T00:00:00+01:00"
    )


async def test_renamed(home: Home) -> None:
    """Its sensors have the new name."""
    measure(home, METER, 0.5)
    await home.set_up(meter())
    home.change_device(METER, title="Cabin")
    await home.settle()
    assert state(home, "completeness").attributes["friendly_name"] == (
        "Cabin Completeness"
    )
    assert number(home, "usage_to_date") == SO_FAR / 2


async def test_removed(home: Home) -> None:
    """Its sensors go; a device of the account goes on."""
    measure(home, METER, 0.5)
    home.has_planned(1.0, 2.0)
    await home.set_up(meter(), device())
    home.remove_device(METER)
    await home.settle()
    assert keys(home).isdisjoint(ALWAYS)
    assert home.state().state == "1.0"


async def test_disabled(home: Home) -> None:
    """It asks nothing while it is disabled, and is back when it is not."""
    measure(home, METER, 0.5)
    await home.set_up(meter())
    home.disable_device(METER)
    await home.settle()
    home.server.requests.clear()
    await home.go_to(NOW + 2 * HOUR)
    assert not home.server.requests_to("GET", f"/api/v3_0/sensors/{METER}/data")
    home.disable_device(METER, is_disabled=False)
    await home.settle()
    assert number(home, "usage_to_date") == SO_FAR / 2


async def test_next_bill(home: Home) -> None:
    """At midnight it begins, without a question; the last one is typical then."""
    measure(home, METER, 0.5, end=BILL + timedelta(days=30))
    await home.set_up(meter())
    await home.go_to(BILL + timedelta(days=30) - HOUR / 2)
    assert state(home, "usage_to_date").attributes["bill_start"] == "2026-11-01"
    await home.go_to(BILL + timedelta(days=30))
    attributes = state(home, "usage_to_date").attributes
    assert attributes["bill_start"] == "2026-12-01"
    assert attributes["last_reset"] == "2026-12-01T00:00:00+01:00"
    assert state(home, "usage_to_date").state == "unknown"
    assert number(home, "typical_usage") == pytest.approx(
        (30 * 24 + 31 * 24 + 1 + 30 * 24) / 3 / 2
    )


async def test_weeks(home: Home) -> None:
    """Values of weeks lie on no grid but their own."""
    home.server.add_sensor(METER, "weeks", "kWh", "P7D")
    home.server.data[METER] = StoredSchedule(
        FIRST + timedelta(days=3), timedelta(days=7), [7.0] * 11, "kWh"
    )
    await home.set_up(meter(bill_start="2026-09-01", bill_months=3))
    assert number(home, "usage_to_date") == 77


async def test_meter_that_is_read_now_and_then(home: Home) -> None:
    """What was counted since the last reading counts when it is read, half a year later."""
    home.server.add_sensor(METER, "by hand", "kWh", "PT0M")
    step = timedelta(minutes=5)
    readings: list[float | None] = [None] * ((SLOT - FIRST) // step)
    readings[0] = 1000.0
    home.server.data[METER] = StoredSchedule(FIRST, step, readings, "kWh")
    await home.set_up(meter())
    assert state(home, "usage_to_date").state == "unknown"

    readings[-1] = 1500.0
    await home.go_to(NOW + HOUR)
    assert number(home, "usage_to_date") == 500
    await home.go_to(NOW + timedelta(days=3))
    assert number(home, "usage_to_date") == 500
    await home.go_to(NOW + timedelta(days=3) + HOUR)
    assert number(home, "usage_to_date") == 500
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert number(home, "usage_to_date") == 500


async def test_removed_while_it_is_read(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody looks any more, so nothing is wrong."""
    measure(home, METER, 0.5)
    await home.set_up(meter())
    hanging, asked = home.server.hang(), len(home.server.requests)
    await home.go_to(NOW + HOUR + timedelta(minutes=1), is_settled=False)
    await home.until(lambda: len(home.server.requests) > asked)
    home.change_device(METER, title="Cellar")
    await home.hass.async_block_till_done()
    home.server.recover()
    hanging.set()
    await home.settle()
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
    assert number(home, "usage_to_date") == SO_FAR / 2


async def test_costs_of_the_server(home: Home) -> None:
    """They are on the bill once their time is over, and not before."""
    home.server.add_sensor(TARIFF, "costs", "EUR", "PT1H")
    measure(home, METER, 0.5)
    measure(home, TARIFF, 0.1, unit="EUR", end=SLOT + 10 * HOUR)
    await home.set_up(meter(cost_sensor=TARIFF))
    assert number(home, "cost_to_date") == pytest.approx(SO_FAR * 0.1)


async def test_source_that_the_server_does_not_tell(home: Home) -> None:
    """What somebody of another account has measured is asked for by who it is."""
    measure(home, METER, 0.5)
    home.server.answer("GET", "/api/v3_0/sources", json={"sources": []})
    await home.set_up(meter())
    assert number(home, "usage_to_date") == SO_FAR / 2
    asked = home.server.requests_to("GET", f"/api/v3_0/sensors/{METER}/data")
    assert "4" in {request.query.get("source") for request in asked}
