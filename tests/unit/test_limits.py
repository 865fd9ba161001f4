"""A state of charge beyond the limits: planned from where it is, not from somewhere else."""

from typing import Any

import pytest

from .fake_server import BATTERY
from .home import Home, automatic, device

SOC = "sensor.battery_soc"
WINDOW = {"start": "2026-11-22T10:00:00+00:00", "end": "2026-11-22T12:00:00+00:00"}


def report(home: Home, percent: float) -> None:
    """Let the battery's own entity say how full it is."""
    home.hass.states.async_set(SOC, str(percent), {"unit_of_measurement": "%"})


def sent(home: Home) -> dict[str, Any]:
    """Give the flex-model that was last sent, without its sensor."""
    (model,) = home.wishes[-1]["flex-model"]
    return {key: value for key, value in model.items() if key != "sensor"}


LIMITS: dict[str, Any] = {"soc_unit": "%", "capacity": 60, "soc_min": 20, "soc_max": 90}


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        pytest.param(
            5,
            {
                "soc-at-start": "3.0 kWh",
                "soc-min": "3.0 kWh",
                "soc-max": "54.0 kWh",
                "soc-minima": [{**WINDOW, "value": "12.0 kWh"}],
            },
            id="below",
        ),
        pytest.param(
            95,
            {
                "soc-at-start": "57.0 kWh",
                "soc-min": "12.0 kWh",
                "soc-max": "57.0 kWh",
                "soc-maxima": [{**WINDOW, "value": "54.0 kWh"}],
            },
            id="above",
        ),
        *(
            pytest.param(
                percent,
                {
                    "soc-at-start": f"{percent * 0.6} kWh",
                    "soc-min": "12.0 kWh",
                    "soc-max": "54.0 kWh",
                },
                id=f"{percent} % is within",
            )
            for percent in (20, 50, 90)
        ),
    ],
)
async def test_the_users_limits(
    home: Home, percent: float, expected: dict[str, Any]
) -> None:
    """They are what the device comes back to."""
    report(home, percent)

    await home.set_up(automatic(soc_entity=SOC, **LIMITS))

    assert sent(home) == expected


async def test_the_servers_limits(home: Home) -> None:
    """What the asset itself wants is kept beside them."""
    own = {"datetime": "2026-11-22T11:00:00+00:00", "value": "6 kWh"}
    home.server.set_flex_model(
        BATTERY, soc_min="1 kWh", soc_max="10 kWh", soc_minima=[own]
    )
    report(home, 0)

    await home.set_up(automatic(soc_entity=SOC, capacity=10))

    assert sent(home) == {
        "soc-at-start": "0.0 kWh",
        "soc-min": "0.0 kWh",
        "soc-minima": [own, {**WINDOW, "value": "1.0 kWh"}],
    }


async def test_very_little(home: Home) -> None:
    """An amount is written so that it can be read."""
    home.hass.states.async_set(SOC, "0.05", {"unit_of_measurement": "Wh"})

    await home.set_up(automatic(soc_entity=SOC, soc_unit="MWh", soc_min=0.00008))

    assert sent(home) == {
        "soc-at-start": "0.00005 kWh",
        "soc-min": "0.00005 kWh",
        "soc-minima": [{**WINDOW, "value": "0.08 kWh"}],
    }


async def test_minima_in_a_sensor(home: Home) -> None:
    """They are not replaced."""
    home.server.set_flex_model(
        BATTERY, soc_min="1 kWh", soc_max="10 kWh", soc_minima={"sensor": 3}
    )
    report(home, 5)

    await home.set_up(automatic(soc_entity=SOC, capacity=10))

    assert sent(home) == {"soc-at-start": "0.5 kWh", "soc-min": "0.5 kWh"}


async def test_state_of_charge_of_an_action(home: Home) -> None:
    """It is a level as good as a measured one."""
    await home.set_up(device(soc_min=2, soc_max=8))

    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=1)
    assert sent(home)["soc-min"] == "1.0 kWh"
    assert sent(home)["soc-minima"] == [{**WINDOW, "value": "2.0 kWh"}]
