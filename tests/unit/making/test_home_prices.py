"""Where prices come from when a home is made, and what its connection carries."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.flows.home.prices_form import connection_kw

from ..fake_server import FEED_IN, PRICE, PRICE_15MIN
from ..flows import open_screen, said, suggested
from ..home import NOW, Home
from .home_flow import (
    BATTERY,
    FIXED,
    devices,
    feeds,
    have,
    have_level,
    made,
    option,
    sensor_of,
    start,
    walk,
)

type Result = Any
type Json = dict[str, Any]

PRICES = "sensor.prices"
PAYS_MORE = "feeding in pays more than buying costs"


async def prices(home: Home) -> Result:
    """Go to the form that asks where prices come from."""
    have_level(home.hass)
    flow = await walk(home, await start(home, "battery"), BATTERY)
    assert flow["step_id"] == "prices"
    return flow


def have_prices(home: Home, unit: str = "EUR/kWh", **attributes: Any) -> None:
    """Let Home Assistant have prices of the coming hours."""
    start = NOW.replace(minute=0)
    hours = [
        {
            "start": (start + timedelta(hours=hour)).isoformat(),
            "value": 0.2 + hour / 100,
        }
        for hour in range(24)
    ]
    have(
        home.hass,
        PRICES,
        0.2,
        friendly_name="Dynamic price",
        unit_of_measurement=unit,
        prices=hours,
        **attributes,
    )


async def test_prices_of_home_assistant(home: Home) -> None:
    """They come first, and a feed sends them."""
    have_prices(home)
    flow = await prices(home)
    assert suggested(flow)["consumption_price"] == "found 0"
    assert option(flow, "consumption_price", "found 0") == "Dynamic price: prices"
    flow = await walk(home, flow, suggested(flow))

    assert flow["step_id"] == "summary"
    assert (
        "What you pay: Dynamic price: prices"
        in flow["description_placeholders"]["summary"]
    )
    flow = await walk(home, flow, {})
    assert flow["reason"] == "first_plan"
    sent = feeds(home)["consumption price"]
    assert sent["kind"] == "foreseen"
    site = made(home, "building")
    price = sensor_of(home, site, "consumption price")
    (posted,) = home.server.requests_to("POST", f"/api/v3_0/sensors/{price}/data")
    assert posted.json["values"][-1] == 0.43


async def test_prices_in_another_currency(home: Home) -> None:
    """They are not offered."""
    have_prices(home, "SEK/kWh")
    flow = await prices(home)

    with pytest.raises(KeyError):
        option(flow, "consumption_price", "found 0")


async def test_prices_that_are_gone(home: Home) -> None:
    """What cannot be read is said at the field, and something else can be chosen."""
    have_prices(home)
    flow = await prices(home)
    home.hass.states.async_remove(PRICES)
    flow = await walk(
        home, flow, {"consumption_price": "found 0", "production_price": "found 0"}
    )

    assert flow["errors"] == {
        "consumption_price": "prices_not_readable",
        "production_price": "prices_not_readable",
    }
    flow = await walk(home, flow, FIXED)
    assert flow["step_id"] == "own_prices"


async def test_prices_without_a_unit(home: Home) -> None:
    """Nobody would know what they are."""
    have_prices(home)
    flow = await prices(home)
    have_prices(home, "")
    flow = await walk(
        home, flow, {"consumption_price": "found 0", "production_price": "same"}
    )

    assert flow["errors"] == {"consumption_price": "prices_not_readable"}


async def test_prices_of_the_server(home: Home) -> None:
    """The home refers to them; nothing is sent."""
    home.hass.config.country = "NL"
    flow = await prices(home)
    assert suggested(flow)["consumption_price"] == f"sensor {PRICE}"
    values = {
        "consumption_price": f"sensor {PRICE}",
        "production_price": f"sensor {FEED_IN}",
    }
    flow = await walk(home, flow, values)
    assert flow["step_id"] == "summary"
    summary = flow["description_placeholders"]["summary"]
    assert "NL transmission zone: day-ahead prices" in summary
    assert PAYS_MORE in summary
    flow = await walk(home, flow, {})

    assert flow["reason"] == "first_plan"
    assert made(home, "building")["flex_context"] == {
        "consumption-price": {"sensor": PRICE},
        "production-price": {"sensor": FEED_IN},
    }
    assert feeds(home).keys() == {"level"}


@pytest.mark.parametrize(
    ("country", "names", "shown"),
    [
        pytest.param("NL", {PRICE: "day-ahead prices"}, PRICE, id="of the country"),
        pytest.param("DE", {PRICE: "day-ahead prices"}, None, id="of another country"),
        pytest.param("NL", {PRICE: "intraday prices"}, None, id="of another market"),
        pytest.param(
            "NL",
            {PRICE: "day-ahead prices, floored", PRICE_15MIN: "day-ahead prices"},
            PRICE_15MIN,
            id="the plain one",
        ),
    ],
)
async def test_price_that_is_shown_at_first(
    home: Home, country: str, names: dict[int, str], shown: int | None
) -> None:
    """Only a public one that is clearly that of where the home is."""
    home.hass.config.country = country
    for sensor in (PRICE, PRICE_15MIN):
        home.server.sensors[sensor]["name"] = names.get(sensor, "something else")
    flow = await prices(home)

    expected = f"sensor {shown}" if shown else None
    assert suggested(flow).get("consumption_price") == expected


async def test_public_price_of_no_country(home: Home) -> None:
    """It is for all."""
    asset = home.server.sensors[PRICE]["generic_asset_id"]
    home.server.assets[asset]["name"] = "Spot market"
    flow = await prices(home)

    assert suggested(flow)["consumption_price"] == f"sensor {PRICE}"


async def test_server_without_prices(home: Home) -> None:
    """Most have one price then."""
    for sensor in home.server.sensors.values():
        sensor["unit"] = "kWh" if "/" in sensor["unit"] else sensor["unit"]
    flow = await prices(home)

    assert suggested(flow)["consumption_price"] == "fixed"


async def test_price_for_feeding_in(home: Home) -> None:
    """It is not offered as what is paid."""
    flow = await prices(home)

    assert "feed-in" in option(flow, "production_price", f"sensor {FEED_IN}")
    with pytest.raises(KeyError):
        option(flow, "consumption_price", f"sensor {FEED_IN}")


async def test_numbers_in_another_language(home: Home) -> None:
    home.hass.config.language = "de"
    flow = await prices(home)
    flow = await walk(home, flow, {**FIXED, "connection": "3 x 25 A"}, {"price": 0.305})

    summary = flow["description_placeholders"]["summary"]
    assert "Was du zahlst: 0,305 EUR/kWh" in summary
    assert "Dein Anschluss hält 17,25 kW aus" in summary


async def test_prices_at_times(home: Home) -> None:
    """A price that mostly holds, and others."""
    flow = await prices(home)
    flow = await walk(
        home, flow, {"consumption_price": "time_of_use", "production_price": "fixed"}
    )
    assert flow["step_id"] == "own_prices"
    flow = await walk(home, flow, {})
    assert flow["errors"] == {
        "price": "price_missing",
        "feed_in_price": "price_missing",
    }

    values: Json = {"price": 0.3, "feed_in_price": 0.2, "rules": [{"from": "22:00:00"}]}
    flow = await walk(home, flow, values)
    assert flow["errors"] == {"rules": "feed_rule_without_price"}
    values["rules"] = [{"price": 0.15, "from": "22:00:00", "until": "06:00:00"}]
    flow = await walk(home, flow, {**values, "feed_in_price": 0.1})

    assert flow["step_id"] == "summary"
    summary = flow["description_placeholders"]["summary"]
    assert "0.3 EUR/kWh, and others at some times" in summary
    assert "What you get for feeding in: 0.1 EUR/kWh" in summary
    assert PAYS_MORE not in summary
    flow = await walk(home, flow, {})
    assert feeds(home)["consumption price"]["rules"] == values["rules"]
    assert feeds(home)["production price"]["price"] == 0.1


async def test_prices_in_cents(home: Home) -> None:
    """They are asked back one after the other; whoever submits them again means them."""
    flow = await prices(home)
    flow = await walk(
        home, flow, {"consumption_price": "time_of_use", "production_price": "fixed"}
    )
    night = {"price": 25.0, "from": "22:00:00", "until": "06:00:00"}
    day = {"price": 0.25, "from": "06:00:00", "until": "22:00:00"}
    values: Json = {"price": 31.0, "feed_in_price": -8.2, "rules": [day, night]}
    for field, error, typed, meant in (
        ("price", "price_in_cents", "31 EUR/kWh", "0.31 EUR/kWh"),
        ("feed_in_price", "price_in_cents", "-8.2 EUR/kWh", "-0.082 EUR/kWh"),
        ("rules", "rule_in_cents", "25 EUR/kWh", "0.25 EUR/kWh"),
    ):
        flow = await walk(home, flow, values)
        assert flow["errors"] == {field: error}
        assert said(flow)["price"] == typed
        assert said(flow)["meant_price"] == meant
        assert suggested(flow) == values
    assert said(flow)["rule"] == "2"

    flow = await walk(home, flow, values)
    assert flow["step_id"] == "summary"


@pytest.mark.parametrize(
    ("currency", "price"), [("HUF", 70), ("CZK", 31), ("JPY", 31), ("SEK", 2.5)]
)
async def test_prices_that_may_be(home: Home, currency: str, price: float) -> None:
    """What a kWh costs depends on the currency."""
    home.hass.config.currency = currency
    flow = await walk(home, await prices(home), FIXED, {"price": price})

    assert flow["step_id"] == "summary"


@pytest.mark.parametrize(
    ("connection", "power"),
    [("17000 kW", "17000 kW"), ("3 x 2500 A", "1725 kW")],
)
async def test_connection_that_no_home_has(
    home: Home, connection: str, power: str
) -> None:
    """It is asked back; a large site submits it again."""
    values = {**FIXED, "connection": connection}
    flow = await walk(home, await prices(home), values)
    assert flow["errors"] == {"connection": "larger_than_a_home"}
    assert said(flow)["amount"] == power
    assert suggested(flow) == values

    flow = await walk(home, flow, values)
    assert flow["step_id"] == "own_prices"


async def test_feeding_in_that_pays_more_at_times(home: Home) -> None:
    """So it is with some contracts; what follows is said."""
    flow = await prices(home)
    flow = await walk(
        home, flow, {"consumption_price": "time_of_use", "production_price": "fixed"}
    )
    night = {"price": 0.15, "from": "22:00:00", "until": "06:00:00"}
    flow = await walk(
        home, flow, {"price": 0.3, "feed_in_price": 0.2, "rules": [night]}
    )

    assert PAYS_MORE in flow["description_placeholders"]["summary"]
    await walk(home, flow, {})
    assert feeds(home)["production price"]["price"] == 0.2


@pytest.mark.parametrize(
    ("consumption", "may_contradict"), [("fixed", False), (f"sensor {PRICE}", True)]
)
async def test_nothing_for_feeding_in(
    home: Home, consumption: str, *, may_contradict: bool
) -> None:
    """Prices below nothing are another matter, and said."""
    flow = await prices(home)
    flow = await walk(
        home, flow, {"consumption_price": consumption, "production_price": "nothing"}
    )
    if flow["step_id"] == "own_prices":
        flow = await walk(home, flow, {"price": 0.3})

    summary = flow["description_placeholders"]["summary"]
    assert "What you get for feeding in: Nothing" in summary
    assert (PAYS_MORE in summary) is may_contradict
    await walk(home, flow, {})
    assert feeds(home)["production price"]["price"] == 0


async def test_connection_that_is_not_understood(home: Home) -> None:
    """It is said how to write it."""
    flow = await prices(home)
    flow = await walk(home, flow, {**FIXED, "connection": "a lot"})
    assert flow["errors"] == {"connection": "connection_not_understood"}

    flow = await walk(home, flow, {**FIXED, "connection": " "})
    assert flow["step_id"] == "own_prices"


@pytest.mark.parametrize(
    ("text", "kilowatts"),
    [
        ("17 kW", 17),
        ("17,5kva", 17.5),
        ("25 A", 5.75),
        ("1x35A", 8.05),
        ("3 x 25 A", 17.25),
        ("3*16", 11.04),
        ("3 \u00d7 25A", 17.25),
        # Amperes or kilowatts?
        ("25", None),
        ("0 kW", None),
        ("2 x 25 A", None),
        ("-5 kW", None),
        ("25 B", None),
    ],
)
def test_connections(text: str, kilowatts: float | None) -> None:
    """Fuses and powers, as people write them."""
    assert connection_kw(text) == kilowatts


async def test_where_a_price_is_changed_later(home: Home) -> None:
    """The gear of the device says which feed sends it."""
    flow = await prices(home)
    await walk(home, flow, FIXED, {"price": 0.3}, {})
    (device,) = devices(home)
    form = await open_screen(home.hass, home.entry, device, "price_sensors")

    assert (
        "come from Electricity price:"
        in form["description_placeholders"]["price_feeds"]
    )
