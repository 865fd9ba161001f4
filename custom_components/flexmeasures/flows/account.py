"""Setting up an account, and changing its login."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..account import FlexMeasuresConfigEntry
from ..api.address import ServerAddress
from ..api.client import FlexMeasuresApi
from ..api.errors import (
    CannotConnectError,
    EncryptionRequiredError,
    FlexMeasuresError,
    NoEncryptionError,
    NotFoundError,
    NotPermittedError,
)
from ..const import (
    CONF_CONSUMPTION_SENSOR,
    CONF_POWER_SENSOR,
    SUBENTRY_DEVICE,
    SUBENTRY_METER,
)
from .hacs_defaults import async_former_account
from .reporting import ReportingFlow

ADDRESS_EXAMPLES = (
    "flexmeasures.io, https://example.com/flexmeasures, "
    "https://flexmeasures.example.com:8443, http://localhost:5000"
)

_PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_ADDRESS_AND_USER = {
    vol.Required(CONF_HOST): TextSelector(),
    vol.Required(CONF_USERNAME): TextSelector(
        TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
    ),
}
ACCOUNT_SCHEMA = vol.Schema(
    {**_ADDRESS_AND_USER, vol.Required(CONF_PASSWORD): _PASSWORD}
)
RECONFIGURE_SCHEMA = vol.Schema(
    {**_ADDRESS_AND_USER, vol.Optional(CONF_PASSWORD): _PASSWORD}
)
REAUTH_SCHEMA = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})

_MAIN_SENSORS = {
    SUBENTRY_DEVICE: CONF_POWER_SENSOR,
    SUBENTRY_METER: CONF_CONSUMPTION_SENSOR,
}


class AccountFlow(ReportingFlow[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow):
    """The steps that set up an account, and change the login."""

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._account: dict[str, Any] = {}
        self._api: FlexMeasuresApi

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the server and the login, and keep them."""
        if user_input is not None and await self._async_log_in(user_input):
            self._abort_if_unique_id_configured()
            return self.async_create_entry(
                title=self._account[CONF_USERNAME], data=self._account
            )
        former = async_former_account(self.hass)
        return self._show_account(
            "former_account" if former else "user",
            ACCOUNT_SCHEMA,
            user_input or former,
        )

    # The same, with a text about the values of the former integration.
    async_step_former_account = async_step_user

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the first device, for which the account is there to be come back to."""
        if self.source != SOURCE_USER:
            return result
        device = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_DEVICE),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        # One that could not even start would be none to go on with.
        if device["type"] is not FlowResultType.ABORT:
            result["next_flow"] = (
                FlowType.CONFIG_SUBENTRIES_FLOW,
                device["flow_id"],
            )
        return result

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Handle a login that the server refused."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the password."""
        entry = self._get_reauth_entry()
        if user_input is not None and await self._async_log_in(
            {**entry.data, **user_input}
        ):
            self._abort_if_unique_id_mismatch(reason="wrong_account")
            return self._update_and_abort(entry)
        return self._show_account(
            "reauth_confirm",
            REAUTH_SCHEMA,
            user_input,
            username=entry.data[CONF_USERNAME],
            host=entry.data[CONF_HOST],
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the server's address or the login; without a password, the known one."""
        entry = self._get_reconfigure_entry()
        if user_input is not None and await self._async_log_in(
            {
                **user_input,
                CONF_PASSWORD: user_input.get(CONF_PASSWORD)
                or entry.data[CONF_PASSWORD],
            }
        ):
            if self.unique_id == entry.unique_id:
                return self._update_and_abort(entry)
            self._abort_if_unique_id_configured()
            async with self._reported(goes_on=True):
                if not await self._async_sees_sensors(entry):
                    return self.async_abort(reason="wrong_account")
            if not self._errors:
                return self._update_and_abort(entry)
        known = {key: entry.data[key] for key in (CONF_HOST, CONF_USERNAME)}
        return self._show_account(
            "reconfigure", RECONFIGURE_SCHEMA, user_input or known
        )

    async def _async_log_in(self, account: Mapping[str, Any]) -> bool:
        """Ask the server whether it is one and accepts the login.

        Keeps the account, and its unique id if it does.
        """
        try:
            address = ServerAddress.parse(account[CONF_HOST])
        except ValueError:
            self._errors = {CONF_HOST: "invalid_address"}
            return False
        self._account = {
            CONF_USERNAME: account[CONF_USERNAME].strip(),
            CONF_PASSWORD: account[CONF_PASSWORD],
        }
        is_bare = "://" not in account[CONF_HOST]
        async with self._reported():
            address = await self._async_find_server(address, is_bare=is_bare)
            user_id = await self._api.log_in()
        if self._errors:
            return False
        self._account[CONF_USERNAME] = self._api.username
        # A flow that was left open in a closed browser is no reason to wait for it.
        await self.async_set_unique_id(f"{address}#{user_id}", raise_on_progress=False)
        return True

    async def _async_find_server(
        self, address: ServerAddress, *, is_bare: bool
    ) -> ServerAddress:
        """Return where the server is: as it was written, or else as it must have been meant.

        Encryption is added where the server asks for it. It is left out only within the
        home, and if nobody wrote that it is there (`is_bare`). Raises FlexMeasuresError.
        """
        try:
            return await self._async_meet(address)
        except EncryptionRequiredError as err:
            meant = address.spoken("https")
            problem: CannotConnectError = err
        except NoEncryptionError as err:
            if not is_bare or not address.is_in_home:
                raise
            meant, problem = address.spoken("http"), err
        try:
            return await self._async_meet(meant)
        except FlexMeasuresError:
            raise problem from None

    async def _async_meet(self, address: ServerAddress) -> ServerAddress:
        """Return an address if a FlexMeasures server answers there; raises FlexMeasuresError."""
        self._account[CONF_HOST] = str(address)
        self._api = FlexMeasuresApi.from_login(self.hass, self._account)
        await self._api.get_version()
        return address

    def _configured_entry(self) -> FlexMeasuresConfigEntry | None:
        """Return the account that was logged in to, if it is set up."""
        return next(
            (
                entry
                for entry in self._async_current_entries()
                if entry.unique_id == self.unique_id
            ),
            None,
        )

    async def _async_sees_sensors(self, entry: ConfigEntry) -> bool:
        """Return whether the login is for the account that devices and meters belong to."""
        try:
            for kind, key in _MAIN_SENSORS.items():
                for subentry in entry.get_subentries_of_type(kind):
                    await self._api.get_sensor(subentry.data[key])
        except NotFoundError, NotPermittedError:
            return False
        return True

    def _show_account(
        self,
        step_id: str,
        schema: vol.Schema,
        values: Mapping[str, Any] | None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form with a password; one that the server refused is asked for anew."""
        known = dict(values or {})
        if CONF_PASSWORD in self._errors:
            known.pop(CONF_PASSWORD, None)
        return self._show(
            step_id,
            schema,
            known,
            address_examples=ADDRESS_EXAMPLES,
            **placeholders,
        )

    def _update_and_abort(self, entry: FlexMeasuresConfigEntry) -> ConfigFlowResult:
        """Keep the account; its devices start over even if nothing has changed."""
        changed = self._account != entry.data or self.unique_id != entry.unique_id
        is_reloaded_by_listener = changed and bool(entry.update_listeners)
        is_renamed = entry.title != entry.data[CONF_USERNAME]
        result = self.async_update_and_abort(
            entry,
            unique_id=self.unique_id,
            title=entry.title if is_renamed else self._account[CONF_USERNAME],
            data=self._account,
        )
        # Only now: the reload starts at once, and must not read the former login.
        if not is_reloaded_by_listener:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result
