"""Makes a Home Assistant configuration folder ready to use: runs in the homeassistant environment.

It writes, with Home Assistant's own classes and without starting it, what the onboarding would: an owner, and "all steps done". The owner's
long-lived token is printed. Onboarding through the API would add integrations that go online.
"""

import asyncio
from datetime import timedelta
import json
from pathlib import Path
import sys

from homeassistant.auth import auth_manager_from_config
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN
from homeassistant.auth.providers.homeassistant import HassAuthProvider
from homeassistant.components.http.config import HTTP_STORAGE_SCHEMA, HTTPConfigStore
from homeassistant.components.onboarding import (
    STORAGE_KEY,
    STORAGE_VERSION,
    OnboardingStorage,
)
from homeassistant.components.onboarding.const import STEPS
from homeassistant.config_entries import ConfigEntries
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.runner import create_event_loop

from .history import write


async def seed(folder: str, username: str, password: str, port: int) -> str:
    """Write the configuration and return the owner's token."""
    hass = HomeAssistant(folder)
    hass.config_entries = ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    dr.async_setup(hass)
    await asyncio.gather(dr.async_load(hass), er.async_load(hass))
    token = await create_owner(hass, username, password)
    await OnboardingStorage(
        hass, STORAGE_VERSION, STORAGE_KEY, private=True
    ).async_save({"done": list(STEPS)})
    await bind_to_loopback(hass, port)
    # The users are saved with a delay, and stopping is not for one that was never started.
    hass.bus.async_fire_internal(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    return token


async def create_owner(hass: HomeAssistant, username: str, password: str) -> str:
    """Create the first user, who thus owns the installation, and return a long-lived token."""
    hass.auth = await auth_manager_from_config(hass, [{"type": "homeassistant"}], [])
    (provider,) = hass.auth.auth_providers
    assert isinstance(provider, HassAuthProvider)
    await provider.async_initialize()
    await provider.async_add_auth(username, password)
    credentials = await provider.async_get_or_create_credentials({"username": username})
    owner = await hass.auth.async_create_user(
        username.title(), group_ids=[GROUP_ID_ADMIN]
    )
    await hass.auth.async_link_user(owner, credentials)
    refresh_token = await hass.auth.async_create_refresh_token(
        owner,
        client_name="Sandbox",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=3650),
    )
    return hass.auth.async_create_access_token(refresh_token)


async def bind_to_loopback(hass: HomeAssistant, port: int) -> None:
    """Write the stable network settings; those in YAML are taken back, with a restart, after five minutes."""
    store = HTTPConfigStore(hass)
    await store.async_load()
    await store.async_set_pending(
        HTTP_STORAGE_SCHEMA({"server_host": ["127.0.0.1"], "server_port": port})
    )
    await store.async_promote_pending()
    await store.async_mark_yaml_migration_done()


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    # A file with what entities have shown, if they have.
    if history := order.pop("history"):
        write(order["folder"], json.loads(Path(history).read_text()))
    print(asyncio.run(seed(**order), loop_factory=create_event_loop))
