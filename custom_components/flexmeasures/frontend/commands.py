"""The websocket command that gives the plan of a device."""

from functools import partial
from typing import Any

import voluptuous as vol

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_NOT_FOUND
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import device_registry as dr

from ..account import FlexMeasuresConfigEntry
from ..const import DOMAIN, SUBENTRY_DEVICE
from .known_entities import SETPOINT, async_registered
from .subscription import PlanSubscription


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Let the frontend ask, whether or not an account is loaded."""
    async_register_command(hass, subscribe)


@websocket_command(
    {
        vol.Required("type"): "flexmeasures/plan/subscribe",
        vol.Required(ATTR_DEVICE_ID): str,
        # They are many, and seldom looked at.
        vol.Optional("decisions", default=False): bool,
    }
)
@callback
def subscribe(
    hass: HomeAssistant,
    connection: ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Send the plan of a device, and again whenever it or what belongs to it changes."""
    device_id: str = msg[ATTR_DEVICE_ID]
    found = _find(hass, device_id)
    if found is None:
        connection.send_error(msg["id"], ERR_NOT_FOUND, "No such device with a plan")
        return
    entry, subentry_id = found
    entity_id = async_registered(hass, subentry_id, *SETPOINT)
    if not _may_read(connection.user, entity_id):
        raise Unauthorized(entity_id=entity_id, permission=POLICY_READ)

    @callback
    def send(event: dict[str, Any]) -> None:
        connection.send_event(msg["id"], event)

    connection.send_result(msg["id"])
    subscription = PlanSubscription(
        hass,
        entry,
        subentry_id,
        device_id,
        send,
        may_read=partial(_may_read, connection.user),
        with_decisions=msg["decisions"],
    )
    connection.subscriptions[msg["id"]] = subscription.async_stop
    subscription.async_start()


def _find(
    hass: HomeAssistant, device_id: str
) -> tuple[FlexMeasuresConfigEntry, str] | None:
    """Return the account and the subentry of a device; None if it is none with a plan."""
    device = dr.async_get(hass).async_get(device_id)
    if device is None:
        return None
    entry = hass.config_entries.async_get_entry(device.config_entry_id)
    if entry is None or entry.domain != DOMAIN:
        return None
    subentry = entry.subentries.get(device.config_subentry_id or "")
    if subentry is None or subentry.subentry_type != SUBENTRY_DEVICE:
        return None
    return entry, subentry.subentry_id


def _may_read(user: User, entity_id: str | None) -> bool:
    """Return whether a user may see an entity; of one that is gone, whether they see all."""
    if entity_id is None:
        return user.permissions.access_all_entities(POLICY_READ)
    return user.permissions.check_entity(entity_id, POLICY_READ)
