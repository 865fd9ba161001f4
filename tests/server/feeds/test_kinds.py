"""Each kind of value arrives as the server is to have it."""

from datetime import timedelta
from typing import Any

from .sending_home import (
    DAY,
    FIVE,
    HOUR,
    KWH,
    MINUTE,
    NOON,
    QUARTER,
    SECOND,
    SendingHome,
    W,
    beliefs,
    check,
    feed,
    feed_of,
    levels,
    means,
    slots,
)

POWER = "sensor.power"
FIRST = NOON - 2 * MINUTE
"""When Home Assistant starts."""


async def test_mean_power(sending: SendingHome) -> None:
    """In the unit and the sign of the sensor."""
    new = sending.owner.sensor
    positive: Any = {"consumption_is_positive": True}
    # How the watts of the entity, counted as consumption, are stored.
    factors = {
        await new("kW", "PT15M", **positive): 1 / 1e3,
        await new("kW", "PT15M"): -1 / 1e3,
        await new("MW", "PT15M", consumption_is_positive=False): -1 / 1e6,
        await new("W", "PT15M", **positive): 1.0,
        await new("kWh", "PT15M", **positive): 0.25 / 1e3,
    }
    inverted = {
        await new("kW", "PT15M", **positive): -1 / 1e3,
        await new("kW", "PT15M"): 1 / 1e3,
    }
    sending.feeds = [
        *(feed(sensor, POWER) for sensor in factors),
        *(feed(sensor, POWER, invert=True) for sensor in inverted),
    ]
    sending.shown[POWER] = (1200, W)
    sending.freezer.move_to(FIRST)
    await sending.start()
    for minute, value in ((7, 3000), (13, -600), (34, 0), (41.5, 5000)):
        sending.at(NOON + timedelta(minutes=minute), POWER, value)
    await sending.pass_time(NOON + HOUR + FIVE)

    expected = means(sending.history[POWER], slots(NOON, NOON + HOUR, QUARTER), QUARTER)
    assert len(expected) == 4
    for sensor, factor in (factors | inverted).items():
        check(
            sending.server,
            sensor,
            {slot: factor * value for slot, value in expected.items()},
        )


async def test_unit_that_changes(sending: SendingHome) -> None:
    """An entity that shows W, then kW, is one power."""
    sensor = await sending.owner.sensor("kW", "PT15M", consumption_is_positive=True)
    sending.feeds = [feed(sensor, POWER)]
    sending.shown[POWER] = (1200, W)
    sending.freezer.move_to(FIRST)
    await sending.start()
    sending.at(NOON + 5 * MINUTE, POWER, 2.7, **{**W, "unit_of_measurement": "kW"})
    await sending.pass_time(NOON + HOUR + FIVE)

    check(
        sending.server,
        sensor,
        {NOON: 0.4 + 1.8, **{NOON + index * QUARTER: 2.7 for index in (1, 2, 3)}},
    )


async def test_temperature_attribute_and_share(sending: SendingHome) -> None:
    """Degrees Fahrenheit in Celsius, an attribute's, and for how long it was on."""
    new = sending.owner.sensor
    outside, inside, share = (
        await new("°C", "PT15M"),
        await new("°C", "PT5M"),
        await new("%", "PT15M"),
    )
    sending.feeds = [
        feed(outside, "sensor.outside", unit="°F"),
        feed(inside, "climate.home", attribute="current_temperature", unit="°C"),
        feed(share, "binary_sensor.boiler", method="share", unit=None),
    ]
    sending.shown = {
        "sensor.outside": (
            50,
            {"unit_of_measurement": "°F", "device_class": "temperature"},
        ),
        "climate.home": ("heat", {"current_temperature": 20.0}),
        "binary_sensor.boiler": ("off", {}),
    }
    sending.freezer.move_to(FIRST)
    await sending.start()
    sending.at(NOON + 1 * MINUTE, "climate.home", "heat", current_temperature=21.0)
    sending.at(NOON + 3 * MINUTE, "binary_sensor.boiler", "on")
    sending.at(NOON + 5 * MINUTE, "sensor.outside", 59)
    sending.at(NOON + 8 * MINUTE, "climate.home", "off", current_temperature=21.0)
    sending.at(NOON + 9 * MINUTE, "binary_sensor.boiler", "off")
    sending.at(NOON + 12 * MINUTE, "climate.home", "off", current_temperature=None)
    sending.at(NOON + 14 * MINUTE, "climate.home", "off", current_temperature=18.5)
    await sending.pass_time(NOON + 2 * QUARTER + MINUTE)

    check(sending.server, outside, {NOON: (10 + 15 * 2) / 3, NOON + QUARTER: 15})
    check(
        sending.server,
        inside,
        {
            NOON: 20.8,
            NOON + FIVE: 21.0,
            # 12:10 to 12:15 was observed for 3 of 5 minutes.
            **{NOON + FIVE * index: 18.5 for index in (3, 4, 5)},
        },
    )
    check(sending.server, share, {NOON: 40.0, NOON + QUARTER: 0.0})


async def test_counters(sending: SendingHome) -> None:
    """Resets, glitches, cycles and what runs backwards."""
    new = sending.owner.sensor
    rising, cyclic, net, inverted = [await new("kWh", "PT15M") for _ in range(4)]
    settings: dict[str, Any] = {"method": "difference", "unit": "kWh"}
    sending.feeds = [
        feed(rising, "sensor.rising", **settings),
        feed(cyclic, "sensor.cyclic", **settings),
        feed(net, "sensor.net", **settings),
        feed(inverted, "sensor.rising", **settings, invert=True),
    ]
    total = {**KWH, "state_class": "total"}

    def since(hour: int) -> dict[str, Any]:
        return {**total, "last_reset": (NOON + hour * HOUR).isoformat()}

    sending.shown = {
        "sensor.rising": (1000.0, KWH),
        "sensor.cyclic": (5.0, since(-12)),
        "sensor.net": (100.0, total),
    }
    sending.freezer.move_to(FIRST)
    await sending.start()
    for minute, entity, value, more in (
        (7, "rising", 1000.4, KWH),
        (8, "net", 99.5, total),
        (9, "cyclic", 5.5, since(-12)),
        (20, "rising", 1000.9, KWH),
        # It warms up.
        (33, "rising", 0, KWH),
        (34, "net", 99.75, total),
        (35, "rising", 1001.2, KWH),
        # A new cycle.
        (47, "cyclic", 0.2, since(0)),
        # A new meter.
        (50, "rising", 0, KWH),
        (58, "rising", 0.3, KWH),
        (59, "cyclic", 0.7, since(0)),
        (70, "rising", 0.8, KWH),
        (71, "net", "unavailable", total),
        (80, "net", 98.0, total),
        (95, "rising", 1.0, KWH),
    ):
        sending.at(NOON + minute * MINUTE, f"sensor.{entity}", value, **more)
    await sending.pass_time(NOON + 3 * HOUR + MINUTE)

    def quarters(*values: float | None) -> dict[Any, float]:
        return {
            NOON + index * QUARTER: value
            for index, value in enumerate(values)
            if value is not None
        } | {NOON + index * QUARTER: 0.0 for index in range(len(values), 12)}

    risen = quarters(0.4, 0.5, 0.3, 0.3, 0.5, 0, 0.2)
    check(sending.server, rising, risen)
    check(sending.server, cyclic, quarters(0.5, 0, 0, 0.7))
    # It was not known where it stood at 13:15.
    check(sending.server, net, quarters(-0.5, 0, 0.25, 0, None, None))
    check(sending.server, inverted, {slot: -value for slot, value in risen.items()})


async def test_levels(sending: SendingHome) -> None:
    """What is shown at the moments at which the server reads an instantaneous sensor."""
    new = sending.owner.sensor
    energy, percent = await new("kWh", "PT0M"), await new("%", "PT0M")
    settings: dict[str, Any] = {"method": "level", "unit": "%"}
    sending.feeds = [
        feed(energy, "sensor.soc", **settings, capacity=12.5),
        feed(percent, "sensor.soc", **settings),
    ]
    sending.shown["sensor.soc"] = (
        40,
        {"unit_of_measurement": "%", "device_class": "battery"},
    )
    sending.freezer.move_to(FIRST)
    await sending.start()
    for minute, value in (
        (3, 50),
        (5, 51),
        (9.99, 52),
        (14, "unavailable"),
        (16, "unknown"),
        (24, 70),
        (26, 0),
    ):
        sending.at(NOON + timedelta(minutes=minute), "sensor.soc", value)
    await sending.pass_time(NOON + 2 * QUARTER + MINUTE)

    moments = slots(NOON, NOON + 2 * QUARTER + FIVE, FIVE)
    expected = levels(sending.history["sensor.soc"], moments)
    assert list(expected.values()) == [40, 51, 52, 70, 0]
    check(sending.server, percent, expected)
    check(
        sending.server,
        energy,
        {moment: value / 8 for moment, value in expected.items()},
    )
    # The API gives them back.
    data = await sending.owner.request(
        "GET",
        f"sensors/{energy}/data",
        params={
            "start": NOON.isoformat(),
            "duration": "PT35M",
            "unit": "kWh",
            "source-type": "user",
        },
    )
    assert data["values"] == [5.0, 6.375, 6.5, None, None, 8.75, 0.0]


async def test_temperatures_of_tanks(sending: SendingHome) -> None:
    """What was recorded of them before, and then goes on, is what they hold."""
    new = sending.owner.sensor
    energy, percent, warm = (
        await new("kWh", "PT0M"),
        await new("%", "PT5M"),
        await new("Wh", "PT0M"),
    )
    tank = {"method": "level", "empty_temperature": 40, "full_temperature": 60}
    sending.feeds = [
        feed(energy, "sensor.tank", **tank, unit="°C", capacity=8),
        feed(percent, "sensor.tank", **tank, unit="°F"),
        feed(
            warm,
            "water_heater.boiler",
            **tank,
            unit="°C",
            capacity=5,
            attribute="current_temperature",
        ),
    ]
    sending.shown = {
        "sensor.tank": (
            50,
            {"unit_of_measurement": "°C", "device_class": "temperature"},
        ),
        "water_heater.boiler": ("eco", {"current_temperature": 45.5}),
    }
    sending.freezer.move_to(FIRST)
    await sending.start(with_account=False)
    for minute, value in (
        (4, 55),
        (9, 63),
        (14, -127),
        (17, "unavailable"),
        (22, 12),
        (27, 41),
    ):
        sending.at(NOON + minute * MINUTE, "sensor.tank", value)
    for minute, temperature in ((28, 60), (33, None), (38, 59)):
        sending.at(
            NOON + minute * MINUTE,
            "water_heater.boiler",
            "off",
            current_temperature=temperature,
        )
    await sending.add_account()
    await sending.pass_time(NOON + HOUR + MINUTE)

    # Above empty, of 20 degrees; what no tank has, and what is unavailable, is not known.
    degrees = [10, 15, 20, None, None, 0, *[1] * 7]
    shares = {
        NOON + index * FIVE: value / 20
        for index, value in enumerate(degrees)
        if value is not None
    }
    check(sending.server, energy, {at: 8 * share for at, share in shares.items()})
    check(sending.server, percent, {at: 100 * share for at, share in shares.items()})
    boiler = dict.fromkeys(slots(NOON, NOON + 2 * QUARTER, FIVE), 5000 * 5.5 / 20)
    boiler[NOON + 2 * QUARTER] = 5000.0
    boiler |= dict.fromkeys(
        slots(NOON + 40 * MINUTE, NOON + HOUR + FIVE, FIVE), 5000 * 19 / 20
    )
    check(sending.server, warm, boiler)


async def test_unknown_is_never_zero(sending: SendingHome) -> None:
    """And what was seen for less than the share that is asked for is not sent."""
    eighty, half = [
        await sending.owner.sensor("kW", "PT15M", consumption_is_positive=True)
        for _ in range(2)
    ]
    sending.feeds = [feed(eighty, POWER), feed(half, POWER, least_share=50)]
    sending.shown[POWER] = (1000, W)
    sending.freezer.move_to(FIRST)
    await sending.start()
    for minute, value in (
        # For 12 of 15 minutes, 11:59, 8, and then none.
        (5, "unavailable"),
        (8, 2000),
        (20, "unknown"),
        (20 + 181 / 60, 4000),
        (33, "nonsense"),
        (40, 5000),
        (45, "unavailable"),
        (60, "nan"),
        (62, "inf"),
        (90, 3000),
    ):
        sending.at(NOON + timedelta(minutes=minute), POWER, value)
    await sending.pass_time(NOON + 2 * HOUR + MINUTE)

    most = {
        NOON: (5 + 7 * 2) / 12,
        NOON + 6 * QUARTER: 3.0,
        NOON + 7 * QUARTER: 3.0,
    }
    check(sending.server, eighty, most)
    check(
        sending.server,
        half,
        {
            **most,
            NOON + QUARTER: (300 * 2 + 419 * 4) / 719,
            NOON + 2 * QUARTER: (3 * 4 + 5 * 5) / 8,
        },
    )


async def test_prices_of_an_attribute(sending: SendingHome) -> None:
    """Tomorrow's are there a minute after they came, with when that was."""
    new = sending.owner.sensor
    hourly, quarterly = await new("EUR/MWh", "PT1H"), await new("EUR/kWh", "PT15M")
    sending.feeds = [
        feed_of(
            sensor,
            {
                "kind": "foreseen",
                "provider": "attribute",
                "entity": "sensor.prices",
                "attribute": "raw_today",
                "unit": "EUR/kWh",
            },
        )
        for sensor in (hourly, quarterly)
    ]
    midnight = NOON - 13 * HOUR

    def raw(first: Any, count: int, base: float) -> list[dict[str, Any]]:
        return [
            {
                "start": (first + index * HOUR).isoformat(),
                "end": (first + (index + 1) * HOUR).isoformat(),
                "value": base + index / 100,
            }
            for index in range(count)
        ]

    today = raw(midnight, 24, 0.1)
    unit = {"unit_of_measurement": "EUR/kWh"}
    sending.shown["sensor.prices"] = (
        0.22,
        {**unit, "raw_today": today, "raw_tomorrow": []},
    )
    sending.freezer.move_to(NOON + 3 * MINUTE)
    await sending.start()
    known = sending.now
    prices = {midnight + index * HOUR: 0.1 + index / 100 for index in range(24)}
    check(sending.server, hourly, {hour: 1000 * p for hour, p in prices.items()})

    await sending.pass_time(NOON + 67 * MINUTE)
    tomorrow = raw(midnight + DAY, 24, -0.05)
    sending.say("sensor.prices", 0.23, **unit, raw_today=today, raw_tomorrow=tomorrow)
    then = sending.now
    await sending.go_to(then + 30 * SECOND)
    await sending.go_to(then + 60 * SECOND)

    prices |= {
        midnight + DAY + index * HOUR: -0.05 + index / 100 for index in range(24)
    }
    check(sending.server, hourly, {hour: 1000 * p for hour, p in prices.items()})
    check(
        sending.server,
        quarterly,
        {
            hour + index * QUARTER: price
            for hour, price in prices.items()
            for index in range(4)
        },
    )
    for start, [belief] in beliefs(sending.server, hourly).items():
        came = then if start >= midnight + DAY else known
        assert abs(start + HOUR - belief.horizon - came) <= MINUTE, start

    # A day passes, and Home Assistant is started anew: nothing comes twice.
    await sending.stop()
    sending.freezer.tick(HOUR)
    await sending.start()
    await sending.pass_time(NOON + 13 * HOUR, HOUR)
    sending.say("sensor.prices", 0.1, **unit, raw_today=tomorrow, raw_tomorrow=[])
    await sending.pass_time(NOON + 15 * HOUR, HOUR)
    check(sending.server, hourly, {hour: 1000 * p for hour, p in prices.items()})


async def test_tariff(sending: SendingHome) -> None:
    """Hours and weekdays, over a night with an hour more."""
    sensor = await sending.owner.sensor("EUR/MWh", "PT1H")
    sending.feeds = [
        feed_of(
            sensor,
            {
                "kind": "tariff",
                "price": 0.3,
                "unit": "EUR/kWh",
                "rules": [
                    {"price": 0.1, "from": "23:00", "until": "07:00"},
                    {"price": 0.2, "weekdays": ["sat", "sun"]},
                ],
            },
        )
    ]
    # On Thursday, 22 October 2026; the clocks change on Sunday.
    thursday = NOON - 19 * DAY
    sending.freezer.move_to(thursday)
    await sending.start()
    await sending.pass_time(thursday + 2 * DAY, HOUR)

    found = beliefs(sending.server, sensor)
    first = thursday - 14 * HOUR
    assert min(found) == first
    assert max(found) >= thursday + 7 * DAY

    def price(moment: Any) -> float:
        # Amsterdam's clock is two hours ahead until Sunday at 01:00 UTC.
        local = moment + (2 if moment < first + 75 * HOUR else 1) * HOUR
        if local.hour >= 23 or local.hour < 7:
            return 100.0
        return 200.0 if local.weekday() >= 5 else 300.0

    check(
        sending.server,
        sensor,
        {slot: price(slot) for slot in slots(first, max(found) + HOUR, HOUR)},
    )
