"""From *Add integration* to the first plan of a home that the server knows nothing of."""

from collections.abc import Mapping

import pytest

from sandbox.browser.owner import DESKTOP, PHONE, Owner, Value
from sandbox.flexmeasures.home import User
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.registry import DOMAIN

from .conftest import Have, Visit, away

_LEVEL = "Powerwall level"
_TANK = "Tank temperature"
_PANELS = "Roof power"
_PRICE = "NL transmission zone: day-ahead prices"

type _Choices = tuple[str, ...]
type _Fields = Mapping[str, Value]


@pytest.fixture(autouse=True)
async def entities(have: Have) -> None:
    """Let Home Assistant have what devices are measured by."""
    await have(
        "sensor.powerwall_level",
        "52",
        unit_of_measurement="%",
        device_class="battery",
        friendly_name=_LEVEL,
    )
    await have(
        "sensor.tank",
        "50",
        unit_of_measurement="°C",
        device_class="temperature",
        friendly_name=_TANK,
    )
    await have(
        "sensor.roof",
        "2400",
        unit_of_measurement="W",
        device_class="power",
        state_class="measurement",
        friendly_name=_PANELS,
    )


async def log_in(owner: Owner, server: FlexMeasuresServer, user: User) -> None:
    """Add the account: what there is to schedule is asked next."""
    await owner.add_integration()
    await owner.fill(
        {"Server": server.url, "Email": user.email, "Password": user.password}
    )
    await owner.submit()
    await owner.at("What do you have?")


async def choose_all(owner: Owner, choices: _Choices) -> None:
    """Choose from one menu after the other."""
    for choice in choices:
        await owner.check()
        await owner.choose(choice)


@pytest.mark.parametrize(
    ("choices", "fields", "size", "is_dark"),
    [
        (
            ("Battery",),
            {"How full it is": _LEVEL, "What it holds": 13.5, "Power": 5},
            PHONE,
            True,
        ),
        (
            ("Electric car",),
            {
                "How full it is": _LEVEL,
                "What its battery holds": 60,
                "Charging power": 11,
            },
            DESKTOP,
            False,
        ),
        (
            ("Heat pump or hot water", "A heat pump"),
            {"Temperature": _TANK, "Water": 200, "Power": 2},
            PHONE,
            False,
        ),
        (
            ("Solar panels",),
            {"What they produce": _PANELS, "Peak power": 6},
            DESKTOP,
            True,
        ),
        (
            ("Something else",),
            {
                "Name": "Cellar",
                "How full it is": _LEVEL,
                "What it holds": 4,
                "Power": 1,
            },
            PHONE,
            True,
        ),
    ],
    ids=["battery", "car", "heat", "solar", "other"],
)
async def test_first_plan(
    visit: Visit,
    server: FlexMeasuresServer,
    newcomer: User,
    choices: _Choices,
    fields: _Fields,
    size: tuple[int, int],
    *,
    is_dark: bool,
) -> None:
    """A dozen decisions, and less than a minute of waiting."""
    owner = await visit(size, is_dark=is_dark)
    await log_in(owner, server, newcomer)
    await choose_all(owner, choices)
    await owner.check()
    await owner.fill(fields)
    await owner.submit()
    await owner.at("What does power cost?")
    await owner.check()
    assert await owner.value("What you pay") == _PRICE
    await owner.submit()
    await owner.at("This will be set up")
    await owner.check()
    await owner.submit()

    await owner.read("has its first plan")
    await owner.check()
    assert owner.decisions.total <= 12
    assert owner.machine_seconds < 60
    await owner.finish()


async def test_own_prices_and_a_device_that_speaks_s2(
    visit: Visit, server: FlexMeasuresServer, newcomer: User
) -> None:
    """What only the owner knows is asked; the token is shown once, in the end."""
    owner = await visit(PHONE)
    await log_in(owner, server, newcomer)
    await owner.choose("A device that speaks S2")
    await owner.fill({"Name": "Charger"})
    await owner.submit()
    await owner.fill(
        {"What you pay": "Always the same price", "Your connection": "a lot"}
    )
    await owner.submit()
    assert await owner.errors() == ["Write it like 3 x 25 A or 17 kW."]
    await owner.fill({"Your connection": "3 x 25 A"})
    await owner.submit()
    await owner.at("Your prices")
    await owner.check()
    await owner.submit()
    assert await owner.errors() == ["Enter a price, like 0.25. It may be 0."]
    await owner.fill({"Price": 0.31})
    await owner.submit()
    assert "17.25 kW" in await owner.text()
    await owner.submit()

    await owner.at("Connect the device")
    await owner.check()
    await owner.submit()
    assert "Automatic scheduling" in await owner.text()
    await owner.finish()


async def test_closed_at_each_step(
    visit: Visit,
    server: FlexMeasuresServer,
    newcomer: User,
    client: HomeAssistantClient,
) -> None:
    """Nobody has to log in again, and what was made is not made twice."""
    owner = await visit()
    await log_in(owner, server, newcomer)
    await owner.close()
    fields: _Fields = {"How full it is": _LEVEL, "What it holds": 13.5, "Power": 5}
    for steps in range(1, 5):
        await owner.go_to_integration()
        await owner.add("Add device")
        await owner.choose("Battery")
        if steps > 1:
            await owner.fill(fields)
            await owner.submit()
        if steps > 2:
            await owner.fill({"What you pay": "Always the same price"})
            await owner.submit()
            await owner.at("Your prices")
        if steps > 3:
            await owner.fill({"Price": 0.3})
            await owner.submit()
            await owner.at("This will be set up")
        await owner.close()
    await owner.go_to_integration()
    await owner.add("Add device")
    await owner.choose("Battery")
    await owner.fill(fields)
    await owner.submit()
    await owner.submit()
    with away(server):
        await owner.submit()
        await owner.at("This will be set up")
        (error,) = await owner.errors()
        assert error.startswith("The server does not answer")
    await owner.submit()

    # What has begun is done, whether anybody looks at it or not.
    await owner.close()
    await owner.go_to_device("Battery")
    await owner.expect_state("Scheduling status", "OK")
    (entry,) = await client.command("config_entries/get", domain=DOMAIN)
    assert entry["num_subentries"] == 2


async def test_member_without_a_home(
    visit: Visit,
    server: FlexMeasuresServer,
    newcomer: User,
    client: HomeAssistantClient,
) -> None:
    """Whom to ask and what for is there to be copied; the login stays."""
    owner = await visit(PHONE, is_dark=True)
    await log_in(owner, server, server.home.user("newcomer_member"))
    await owner.choose("Battery")

    await owner.check()
    assert "Please add an asset of the type" in await owner.text()
    await owner.finish()
    (entry,) = await client.command("config_entries/get", domain=DOMAIN)
    assert entry["state"] == "loaded"


async def test_what_the_server_has(
    visit: Visit, server: FlexMeasuresServer, user: User
) -> None:
    """An asset that says all of itself takes one tap and the entity of its level."""
    owner = await visit(PHONE)
    await log_in(owner, server, user)
    assert (await owner.choices())[:4] == [
        "EV charger",
        "Garage battery",
        "Heat pump",
        "Home battery",
    ]
    text = (await owner.text()).replace("\N{NO-BREAK SPACE}", " ")
    assert "Battery, 10 kWh, 5 kW" in text
    assert "Battery, 5 kWh, 2.5 kW" in text
    await owner.choose("Home battery")
    await owner.at("Home battery")
    await owner.check()
    await owner.fill({"How full it is": _LEVEL})
    await owner.submit()

    await owner.read("has its first plan")
    assert owner.decisions.total == 7
    await owner.finish()


async def test_keyboard(
    visit: Visit, server: FlexMeasuresServer, newcomer: User
) -> None:
    """All forms can be gone through without a mouse; Home Assistant's menus cannot."""
    owner = await visit(by_keyboard=True)
    await log_in(owner, server, newcomer)
    await owner.choose("Battery")
    await owner.fill({"How full it is": _LEVEL, "What it holds": 13.5, "Power": 5})
    await owner.submit()
    await owner.at("What does power cost?")
    await owner.fill({"What you get for feeding in": "Nothing"})
    await owner.submit()
    await owner.at("This will be set up")
    await owner.submit()

    await owner.read("has its first plan")
    await owner.finish()
