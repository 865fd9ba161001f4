"""From *Add integration* to the page of a device."""

from sandbox.flexmeasures.home import User
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.registry import DOMAIN

from .conftest import Visit, away


async def test_mistakes(visit: Visit, server: FlexMeasuresServer, user: User) -> None:
    """They are said where they can be mended, and what was right need not be entered again."""
    owner = await visit()
    await owner.add_integration()
    await owner.at("Connect to a FlexMeasures server")

    await owner.submit()
    assert await owner.errors() == ["Not all required fields are filled in."]
    await owner.fill(
        {"Server": "not an address", "Email": user.email, "Password": "wrong"}
    )
    await owner.submit()
    (error,) = await owner.errors()
    assert error.startswith("This is not a server address.")
    await owner.fill({"Server": server.url})
    await owner.submit()
    (error,) = await owner.errors()
    assert error.startswith("This is not the right password.")
    assert await owner.value("Email") == user.email
    await owner.fill({"Password": user.password})
    await owner.submit()

    await owner.at("What do you have?")


async def test_server_is_away(
    visit: Visit, server: FlexMeasuresServer, user: User
) -> None:
    """It is said, and the same form goes on once the server is back."""
    owner = await visit()
    await owner.add_integration()
    await owner.fill(
        {"Server": server.url, "Email": user.email, "Password": user.password}
    )

    with away(server):
        await owner.submit()
        await owner.at("Connect to a FlexMeasures server")
        (error,) = await owner.errors()
        assert error.startswith("The server does not answer")
    await owner.submit()

    await owner.at("What do you have?")


async def test_to_the_device(
    visit: Visit, server: FlexMeasuresServer, user: User, client: HomeAssistantClient
) -> None:
    """A handful of decisions leads to a device with its plan."""
    owner = await visit()

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
    await owner.submit()
    await owner.finish()
    await owner.go_to_device("Home battery")
    await owner.expect_state("Scheduling status", "OK")

    (entry,) = await client.command("config_entries/get", domain=DOMAIN)
    assert (entry["title"], entry["state"]) == (user.email, "loaded")
    assert owner.decisions.total == 8
    assert owner.machine_seconds < 60


async def test_nothing_there(
    visit: Visit, server: FlexMeasuresServer, newcomer: User
) -> None:
    """Whoever has nothing on the server is asked what to make there."""
    owner = await visit()
    await owner.add_integration()
    await owner.fill(
        {"Server": server.url, "Email": newcomer.email, "Password": newcomer.password}
    )

    await owner.submit()

    await owner.at("What do you have?")
    assert await owner.choices() == [
        "Battery",
        "Electric car",
        "Heat pump or hot water",
        "Solar panels",
        "Something else",
        "A device that speaks S2",
        "A FlexMeasures sensor",
    ]
