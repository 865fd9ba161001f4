"""Devices and entities of the demo, as Home Assistant has registered them."""

from typing import Protocol

from .client import HomeAssistantClient

DOMAIN = "flexmeasures"


class Named(Protocol):
    """A device or a meter of the demo."""

    @property
    def name(self) -> str:
        """Its name."""


async def device_id(client: HomeAssistantClient, named: Named) -> str:
    """Return the id of a device in Home Assistant."""
    (entry,) = [
        entry
        for entry in await client.command("config/device_registry/list")
        if entry["name"] == named.name
    ]
    found: str = entry["id"]
    return found


async def entities_of(client: HomeAssistantClient, named: Named) -> dict[str, str]:
    """Return the ids of a device's entities, by what they are."""
    wanted = [
        entry["id"]
        for entry in await client.command("config/device_registry/list")
        if entry["name"] == named.name
    ]
    return {
        entity["unique_id"].removeprefix(f"{entity['config_subentry_id']}_"): entity[
            "entity_id"
        ]
        for entity in await client.command("config/entity_registry/list")
        if entity["device_id"] in wanted
    }


async def subentry_id(client: HomeAssistantClient, entry_id: str, named: Named) -> str:
    """Return the id of an account's device or meter in Home Assistant's configuration."""
    (found,) = [
        subentry["subentry_id"]
        for subentry in await client.command(
            "config_entries/subentries/list", entry_id=entry_id
        )
        if subentry["title"] == named.name
    ]
    subentry: str = found
    return subentry
