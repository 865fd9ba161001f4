"""What comes of a meter's data on the real server: statistics and bills."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .metered_home import (
    AMSTERDAM,
    DAY,
    HOUR,
    Owner,
    add_meter,
    made_up,
    prices,
    running_sums,
    stored,
    summed,
)


async def test_three_years_of_hours(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """Hours with gaps are the statistic's, and its sum; those with a price have a cost."""
    start = datetime(2023, 11, 1, tzinfo=UTC)
    count = 3 * 365 * 24
    values, tariff = made_up(count), prices(1000)
    consumption = await owner.sensor("kWh")
    price = await owner.sensor("EUR/kWh")
    await owner.post(consumption, start, values, "kWh")
    await owner.post(price, start, tariff, "EUR/kWh")

    _, meter = await add_meter(
        hass, server, consumption_sensor=consumption, cost_sensor=price
    )

    hours = summed(start, HOUR, values)
    assert await stored(hass, meter, "consumption") == running_sums(hours)
    costs = {
        hour: value * tariff[index]
        for hour, value in hours.items()
        if (index := (hour - start) // HOUR) < len(tariff)
    }
    assert await stored(hass, meter, "cost") == running_sums(costs)


@pytest.mark.parametrize(("minutes", "unit"), [(5, "kW"), (15, "kWh"), (60, "kW")])
@pytest.mark.parametrize(
    "night",
    [datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)],
)
async def test_nights_of_a_change_of_the_clocks(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    owner: Owner,
    minutes: int,
    unit: str,
    night: datetime,
) -> None:
    """No hour is lost or counted twice, whatever the resolution; so with quarters' prices."""
    step = timedelta(minutes=minutes)
    values = made_up(2 * DAY // step)
    quarters = timedelta(minutes=15)
    tariff = prices(2 * DAY // quarters)
    consumption = await owner.sensor(
        unit, f"PT{minutes}M", consumption_is_positive=True
    )
    price = await owner.sensor("EUR/MWh", "PT15M")
    await owner.post(consumption, night, values, unit, step)
    await owner.post(
        price, night, [each * 1000 for each in tariff], "EUR/MWh", quarters
    )

    _, meter = await add_meter(
        hass, server, consumption_sensor=consumption, cost_sensor=price
    )

    share = step / HOUR if unit == "kW" else 1.0
    amounts = [None if value is None else value * share for value in values]

    def mean_price(moment: datetime) -> float:
        first = (moment - night) // quarters
        count = max(step // quarters, 1)
        return sum(tariff[first : first + count]) / count

    costs = [
        None if amount is None else amount * mean_price(night + index * step)
        for index, amount in enumerate(amounts)
    ]
    assert await stored(hass, meter, "consumption") == running_sums(
        summed(night, step, amounts)
    )
    assert await stored(hass, meter, "cost") == running_sums(summed(night, step, costs))


async def test_daily_values(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """Days are stored at their start in local time, also those of 23 and 25 hours."""
    consumption = await owner.sensor("kWh", "P1D")
    cost = await owner.sensor("EUR", "P1D")
    days = [date(2025, 10, 1) + index * DAY for index in range(200)]
    starts = [datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM) for day in days]
    for first, last in ((0, 26), (26, 180), (180, 200)):
        # One request can only be about days of the same offset.
        values = [index * 1.5 for index in range(first, last)]
        await owner.post(consumption, starts[first], values, "kWh", DAY)
        await owner.post(cost, starts[first], [each / 4 for each in values], "EUR", DAY)

    _, meter = await add_meter(
        hass, server, consumption_sensor=consumption, cost_sensor=cost
    )

    expected = {
        start.astimezone(UTC): index * 1.5 for index, start in enumerate(starts)
    }
    assert await stored(hass, meter, "consumption") == running_sums(expected)
    assert await stored(hass, meter, "cost") == running_sums(
        {hour: value / 4 for hour, value in expected.items()}
    )


async def test_half_an_hour_off(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """Hours of a zone that is half an hour off are counted once."""
    start = datetime(2026, 3, 1, tzinfo=ZoneInfo("Asia/Kolkata"))
    consumption = await owner.sensor("kWh", time_zone="Asia/Kolkata")
    values = made_up(100)
    await owner.post(consumption, start, values, "kWh")

    _, meter = await add_meter(hass, server, consumption_sensor=consumption)

    rows = await stored(hass, meter, "consumption")
    total = sum(value for value in values if value is not None)
    assert max(total for _, total in rows.values() if total) == pytest.approx(total)
    assert sum(value for value, _ in rows.values() if value) == pytest.approx(total)


@pytest.mark.parametrize("resolution", ["PT1H", "PT0M"])
async def test_meter_readings(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner, resolution: str
) -> None:
    """What a meter shows is the state; the sum goes on from the first one."""
    start = datetime(2026, 3, 27, tzinfo=UTC)
    reading, shown = 12_345.678, []
    for index, value in enumerate(made_up(100)):
        reading += value or 0.0
        shown.append(None if index % 7 == 3 else round(reading, 3))
    first = shown[0] or 0.0
    consumption = await owner.sensor("kWh", resolution)
    await owner.post(consumption, start, shown, "kWh")

    _, meter = await add_meter(
        hass, server, consumption_sensor=consumption, cumulative=True
    )

    # One at an instant is of the hour that has just ended.
    shift = HOUR if resolution == "PT0M" else timedelta()
    assert await stored(hass, meter, "consumption") == {
        start + index * HOUR - shift: pytest.approx((value, value - first))
        for index, value in enumerate(shown)
        if value is not None
    }


async def test_both_directions(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """One sensor of the net power is what is consumed and what is produced."""
    start = datetime(2026, 3, 27, tzinfo=UTC)
    net = [index * 7919 % 3001 / 1000 - 1.5 for index in range(96)]
    quarter = timedelta(minutes=15)
    sensor = await owner.sensor("kW", "PT15M", consumption_is_positive=True)
    price = await owner.sensor("EUR/kWh")
    feed_in = await owner.sensor("EUR/kWh")
    await owner.post(sensor, start, net, "kW", quarter)
    await owner.post(price, start, [0.3] * 24, "EUR/kWh")
    await owner.post(feed_in, start, [0.1, -0.1] * 12, "EUR/kWh")

    _, meter = await add_meter(
        hass,
        server,
        consumption_sensor=sensor,
        production_sensor=sensor,
        cost_sensor=price,
        compensation_sensor=feed_in,
    )

    consumed = [max(each, 0) / 4 for each in net]
    produced = [max(-each, 0) / 4 for each in net]
    earned = [
        each * (0.1 if index // 4 % 2 == 0 else -0.1)
        for index, each in enumerate(produced)
    ]
    for kind, values in (
        ("consumption", consumed),
        ("production", produced),
        ("cost", [each * 0.3 for each in consumed]),
        ("compensation", earned),
    ):
        assert await stored(hass, meter, kind) == running_sums(
            summed(start, quarter, values)
        )


async def test_daily_forecast(
    hass: HomeAssistant, server: FlexMeasuresServer, owner: Owner
) -> None:
    """The server forecasts what a meter counts, of which the bill is expected to be."""
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    sensor = await owner.sensor("kWh")
    await owner.post(sensor, now - 70 * DAY, [1.5] * (70 * 24), "kWh")

    await add_meter(
        hass,
        server,
        consumption_sensor=sensor,
        bill_start=(now - 3 * DAY).date().isoformat(),
        daily_forecast=True,
    )

    state = hass.states.get("sensor.home_current_bill_electric_forecasted_usage")
    assert state
    parts = [state.attributes[key] for key in ("measured", "forecast", "typical")]
    assert float(state.state) == pytest.approx(sum(parts))
    # The server looks two days ahead.
    assert parts[1] == pytest.approx(48 * 1.5, rel=0.1)
    assert float(state.state) == pytest.approx(30 * 24 * 1.5, rel=0.1)
