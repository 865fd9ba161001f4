"""Imports what ``configuration.yaml`` says, once Home Assistant has started."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain, repeat
import logging
from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_IMPORT,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from ...const import DOMAIN
from ..reporting import SCHEMES
from .devices import is_imported
from .issues import async_report, async_report_removed, async_withdraw
from .settings import YamlAccount, read_yaml

_LOGGER = logging.getLogger(__name__)

_MINUTES_TO_WAIT = (1, 2, 5, 10, 15)

# How an import ends that has done all.
_DONE = ("already_configured", "reauth_successful")
# The keys that other ends are about, as far as someone can do something about them.
_WRONG_KEYS = {
    "unknown_user": CONF_USERNAME,
    "wrong_password": CONF_PASSWORD,
    "certificate_not_trusted": CONF_HOST,
    "address_not_accepted": CONF_HOST,
    "no_encryption": CONF_HOST,
    "encryption_required": CONF_HOST,
    "not_flexmeasures": CONF_HOST,
    "server_too_old": CONF_HOST,
}


@callback
def async_setup_yaml(hass: HomeAssistant, mappings: Iterable[Any]) -> None:
    """Report what is wrong with the YAML, and import the rest once HA has started."""
    yaml = read_yaml(mappings, hass.config.config_dir)
    async_report(hass, yaml.problems)
    for account in yaml.accounts:
        async_at_started(hass, _AccountImport(hass, account).async_start)

    if (devices := yaml.devices) is None:
        return

    @callback
    def report_removed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            async_report_removed(hass, devices)

    async_report_removed(hass, devices)
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, report_removed)


class _AccountImport:
    """Imports one account, again and again until its server answers."""

    def __init__(self, hass: HomeAssistant, account: YamlAccount) -> None:
        """Wait to be started."""
        self._hass = hass
        self._account = account
        self._waits = chain(_MINUTES_TO_WAIT, repeat(_MINUTES_TO_WAIT[-1]))
        self._is_retried = False

    @callback
    def async_start(self, _: HomeAssistant | datetime) -> None:
        """Begin, unless all is as the YAML says."""
        entries = self._hass.config_entries.async_entries(DOMAIN)
        if not any(is_imported(entry, self._account) for entry in entries):
            self._hass.async_create_background_task(
                self._async_import(), f"{DOMAIN} import of {self._account.host}"
            )

    async def _async_import(self) -> None:
        account = self._account
        result = await self._hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_IMPORT}, data=account
        )
        # An account that was set up has no reason.
        reason = result.get("reason", "already_configured")
        details = result.get("description_placeholders") or {}
        mapping = account.devices[0].mapping
        key = _WRONG_KEYS.get(reason)
        if key != CONF_HOST:
            async_withdraw(self._hass, mapping.number, CONF_HOST)
        if key is not None:
            problem = mapping.problem(
                key,
                reason,
                host=account.host,
                username=account.username,
                **SCHEMES,
                **details,
            )
            async_report(self._hass, [problem])
        if reason in _DONE or key in (CONF_USERNAME, CONF_PASSWORD):
            return
        _LOGGER.log(
            logging.DEBUG if self._is_retried else logging.WARNING,
            "The settings for %s in configuration.yaml cannot be used yet: %s %s",
            account.host,
            reason,
            details,
        )
        self._is_retried = True
        async_call_later(
            self._hass,
            timedelta(minutes=next(self._waits)),
            HassJob(self.async_start, cancel_on_shutdown=True),
        )
