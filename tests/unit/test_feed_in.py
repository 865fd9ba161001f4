"""Feeding in that pays more than buying costs: the server could plan nothing with it."""

import logging
from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError

from .fake_server import DOLLAR_PRICE, FEED_IN, HTML, PRICE, StoredSchedule
from .home import HOUR, QUARTER, SLOT, Home, device

type Context = dict[str, Any]

SENT_AS_IT_IS = "as it is"


def segment(hour: int, hours: int, value: str) -> dict[str, str]:
    """Give a price that holds for some hours, as the server takes it."""
    start = SLOT + hour * HOUR
    return {
        "value": value,
        "start": start.isoformat(),
        "end": (start + hours * HOUR).isoformat(),
    }


async def production_price(home: Home, **context: Any) -> Any:
    """Have four hours planned; return what the server was told of feeding in."""
    await home.compute(duration="PT4H", flex_context=context)
    (wish,) = home.wishes
    return wish.get("flex-context", {}).get("production-price", SENT_AS_IT_IS)


@pytest.mark.parametrize(
    ("context", "told"),
    [
        pytest.param(
            {},
            [
                segment(0, 1, "0.07 EUR/kWh"),
                segment(1, 1, "-0.0055 EUR/kWh"),
                segment(2, 2, "0 EUR/kWh"),
            ],
            id="two sensors, the server's own",
        ),
        pytest.param(
            {"production-price": {"sensor": PRICE}, "consumption-price": "20 EUR/MWh"},
            [
                segment(0, 1, "0.02 EUR/kWh"),
                segment(1, 1, "-0.0055 EUR/kWh"),
                segment(2, 2, "0.02 EUR/kWh"),
            ],
            id="sensor above a fixed price",
        ),
        pytest.param(
            {"production-price": "30.5 EUR/MWh"},
            [
                segment(0, 1, "0.0305 EUR/kWh"),
                segment(1, 1, "-0.0055 EUR/kWh"),
                segment(2, 2, "0.0305 EUR/kWh"),
            ],
            id="fixed price above a sensor",
        ),
        pytest.param(
            {"production-price": "300 EUR/MWh", "consumption-price": "0.1 EUR/kWh"},
            [segment(0, 4, "0.1 EUR/kWh")],
            id="two fixed prices in two units",
        ),
    ],
)
async def test_no_more_than_buying_costs(
    home: Home, context: Context, told: list[dict[str, str]]
) -> None:
    """It counts for what buying costs then; where prices end, the last one holds."""
    home.has_prices(80, -5.5, 40, sensor=PRICE)
    home.has_prices(70, 0, sensor=FEED_IN)
    await home.set_up()

    assert await production_price(home, **context) == told


async def test_prices_of_the_settings(home: Home) -> None:
    home.has_prices(80, 80, sensor=PRICE)
    home.has_prices(70, 90, sensor=FEED_IN)
    await home.set_up(
        device(consumption_price_sensor=FEED_IN, production_price_sensor=PRICE)
    )

    assert await production_price(home) == [
        segment(0, 1, "0.07 EUR/kWh"),
        segment(1, 3, "0.08 EUR/kWh"),
    ]


async def test_first_price_comes_later(home: Home) -> None:
    """Until then it is taken for the price, as on the server."""
    home.has_prices(None, 20, sensor=PRICE)
    home.has_prices(30, 10, sensor=FEED_IN)
    await home.set_up()

    assert await production_price(home) == [
        segment(0, 1, "0.02 EUR/kWh"),
        segment(1, 3, "0.01 EUR/kWh"),
    ]


@pytest.mark.parametrize(
    "context",
    [
        pytest.param({}, id="prices are as they should be"),
        pytest.param({"production-price": {"sensor": PRICE}}, id="one sensor for both"),
        pytest.param(
            {"production-price": "20 EUR/MWh", "consumption-price": "0.02 EUR/kWh"},
            id="the same price",
        ),
        pytest.param({"production-price": None}, id="no production price"),
        pytest.param(
            {"consumption-price": [{"value": "1 EUR/kWh"}]}, id="prices in a list"
        ),
        pytest.param({"consumption-price": "cheap"}, id="no price"),
        pytest.param({"consumption-price": "0.1 EUR/m"}, id="no price of energy"),
        pytest.param({"consumption-price": "0.01 USD/kWh"}, id="two currencies"),
        pytest.param({"production-price": {"sensor": 9999}}, id="no such sensor"),
        pytest.param({"production-price": {"sensor": DOLLAR_PRICE}}, id="no values"),
    ],
)
async def test_left_as_it_is(home: Home, context: Context) -> None:
    home.has_prices(80, 70, sensor=PRICE)
    home.has_prices(80, 70, sensor=FEED_IN)
    await home.set_up()

    told = await production_price(home, **context)

    assert told == context.get("production-price", SENT_AS_IT_IS)


async def test_hours_without_a_price_in_between(home: Home) -> None:
    home.has_prices(80, None, 70, sensor=PRICE)
    home.has_prices(75, None, 70, sensor=FEED_IN)
    await home.set_up()

    assert await production_price(home) == SENT_AS_IT_IS


async def test_prices_of_less_than_a_slot(home: Home) -> None:
    """Their mean counts, if all of it is known."""
    home.server.sensors[PRICE]["event_resolution"] = "PT5M"
    five_minutes = QUARTER / 3
    home.server.data[PRICE] = StoredSchedule(
        SLOT, five_minutes, [10, 20, 30, 40, 40, None], "EUR/MWh"
    )
    await home.set_up()

    told = await production_price(home, **{"production-price": "30 EUR/MWh"})

    assert [each["value"] for each in told] == ["0.02 EUR/kWh"]


async def test_price_of_a_part_of_a_slot(home: Home) -> None:
    home.server.sensors[PRICE]["event_resolution"] = "PT5M"
    home.server.data[PRICE] = StoredSchedule(SLOT, QUARTER / 3, [10, 20], "EUR/MWh")
    await home.set_up()

    context = {"production-price": "30 EUR/MWh"}
    assert await production_price(home, **context) == "30 EUR/MWh"


async def test_prices_that_cannot_be_read(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The plan is asked for all the same; only what it costs cannot be told then."""
    caplog.set_level(logging.DEBUG, "custom_components.flexmeasures")
    await home.set_up()
    home.server.answer("GET", f"/api/v3_0/sensors/{PRICE}/data", status=502, text=HTML)

    with pytest.raises(HomeAssistantError):
        await home.compute(duration="PT4H")

    (wish,) = home.wishes
    assert "flex-context" not in wish
    assert "Prices could not be compared" in caplog.text
