"""Dialogs on a phone in the dark, as a screen reader tells them, and with the keyboard alone."""

from datetime import timedelta

from sandbox.browser.owner import DESKTOP, PHONE
from sandbox.flexmeasures.home import User
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import Visit


async def test_phone(visit: Visit, server: FlexMeasuresServer, user: User) -> None:
    """All that sets up a device fits the screen, and has names."""
    owner = await visit(PHONE, is_dark=True)
    await owner.add_integration()
    await owner.check()
    await owner.fill(
        {"Server": server.url, "Email": user.email, "Password": user.password}
    )
    await owner.submit()
    await owner.at("What do you have?")
    await owner.check()
    await owner.choose("A FlexMeasures sensor")
    await owner.at("Add a device")
    await owner.check()
    await owner.fill({"Power sensor": "Home battery: battery power"})
    await owner.submit()
    await owner.at("Home battery")
    await owner.check()
    await owner.submit()
    await owner.check()
    await owner.finish()


async def test_dialogs(visit: Visit, battery: str) -> None:
    """All that is asked later does so, too."""
    owner = await visit(DESKTOP)
    await owner.go_to_integration()
    assert not await owner.overflowing()

    for item in ("An entity", "Prices or a forecast", "A tariff of my own"):
        await owner.add("Add feed")
        await owner.check()
        await owner.choose(item)
        await owner.check()
        await owner.close()
    for kind in ("Electricity", "Gas"):
        await owner.add("Add meter")
        await owner.fill({"What is metered": kind})
        await owner.check()
        await owner.submit()
        await owner.check()
        await owner.close()
    await owner.add("Configure")
    await owner.check()
    await owner.close()
    for topic in (
        "State of charge",
        "Ready by",
        "Limits",
        "Prices",
        "When to reschedule",
        "Update intervals",
        "S2",
        "Another FlexMeasures sensor",
    ):
        await owner.open_settings(battery)
        await owner.check()
        await owner.choose(topic)
        await owner.check()
        await owner.close()


async def test_keyboard(visit: Visit, server: FlexMeasuresServer, user: User) -> None:
    """Nobody needs a mouse for the forms."""
    owner = await visit(by_keyboard=True)
    await owner.add_integration()
    await owner.fill(
        {"Server": server.url, "Email": user.email, "Password": user.password}
    )
    await owner.submit()
    await owner.choose("A FlexMeasures sensor")
    await owner.at("Add a device")
    await owner.fill({"Power sensor": "Home battery: battery power"})
    await owner.submit()
    await owner.at("Home battery")
    await owner.fill({"Maximum state of charge": 9, "Automatic scheduling": False})
    await owner.submit()
    assert not await owner.errors()
    await owner.finish()

    await owner.go_to_integration()
    await owner.open_settings("Home battery")
    await owner.choose("When to reschedule")
    await owner.fill({"Plan ahead": timedelta(hours=36)})
    await owner.submit()
    assert not await owner.errors()
    await owner.finish()
    await owner.open_settings("Home battery")
    await owner.choose("State of charge")
    await owner.fill({"Unit": "Wh"})
    assert await owner.value("Unit") == "Wh"
    await owner.close()
