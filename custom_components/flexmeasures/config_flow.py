"""The flows that set up accounts and their devices."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import logging
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
    ConfigSubentryFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .account import async_account_api
from .address import ServerAddress
from .api import FlexMeasuresApi
from .api.errors import (
    CannotConnectError,
    FlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    ServerTooOldError,
    UnknownUserError,
    WrongPasswordError,
)
from .const import CONF_POWER_SENSOR, DOMAIN, SUBENTRY_DEVICE
from .coordinator import FlexMeasuresConfigEntry
from .device_form import DeviceForm

_LOGGER = logging.getLogger(__name__)

ADDRESS_EXAMPLES = (
    "flexmeasures.io, https://flexmeasures.example.com:8443, http://localhost:5000"
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


class _ReportingFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """A flow that shows what went wrong with the server at the field that it is about."""

    def __init__(self) -> None:
        """Start without errors."""
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn an exception into an error of the form."""
        self._errors, self._placeholders = {}, {}
        try:
            yield
        except FlexMeasuresError as err:
            self._errors[_field(err)] = err.translation_key
            self._placeholders = err.placeholders
        except Exception:
            _LOGGER.exception("Unexpected exception")
            self._errors["base"] = "unknown"

    def _show(
        self,
        step_id: str,
        schema: vol.Schema,
        values: Mapping[str, Any] | None,
        **placeholders: str,
    ) -> ResultT:
        """Show a form with what was entered, or known, and what is wrong with it."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            # An error at a field that this form does not have would not be seen.
            errors={
                field if field in schema.schema else "base": error
                for field, error in self._errors.items()
            },
            description_placeholders={**placeholders, **self._placeholders},
        )


class _DeviceFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    _ReportingFlow[ContextT, ResultT, HandlerT]
):
    """The two steps that set up a device."""

    _form: DeviceForm

    async def async_step_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ResultT:
        """Ask for the power sensor."""
        if user_input is not None:
            with self._reported():
                self._errors = await self._form.async_read_device(user_input)
            if not self._errors:
                return await self.async_step_settings()
        return self._show(
            "device",
            self._form.device_schema(),
            user_input or self._form.device_values(),
        )

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ResultT:
        """Ask for the settings."""
        if user_input is not None:
            with self._reported():
                self._errors = await self._form.async_read_settings(user_input)
            if not self._errors:
                return self._finish_device()
        return self._show(
            "settings",
            self._form.settings_schema(),
            user_input or self._form.settings_values(),
            server_settings=self._form.server_settings(),
        )

    @abstractmethod
    def _finish_device(self) -> ResultT:
        """Keep what the form made."""


class FlexMeasuresConfigFlow(
    _DeviceFlow[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow, domain=DOMAIN
):
    """Set up an account, its first device, and later changes of the login."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._account: dict[str, Any] = {}
        self._api: FlexMeasuresApi

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Devices can be added to an account."""
        return {SUBENTRY_DEVICE: DeviceSubentryFlow}

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the server and the login, and go on to the first device."""
        if user_input is not None and await self._async_log_in(user_input):
            self._abort_if_unique_id_configured()
            with self._reported():
                self._form = DeviceForm(self._api, await self._api.get_catalogue())
            if not self._errors:
                if not self._form.has_choice:
                    return self.async_abort(reason="no_power_sensors")
                return await self.async_step_device()
        return self._show_account("user", ACCOUNT_SCHEMA, user_input)

    @override
    def _finish_device(self) -> ConfigFlowResult:
        # Another flow may have been faster.
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=self._account[CONF_USERNAME],
            data=self._account,
            subentries=[
                ConfigSubentryData(
                    subentry_type=SUBENTRY_DEVICE,
                    title=self._form.title(),
                    unique_id=str(self._form.sensor.id),
                    data=self._form.data,
                )
            ],
        )

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
            with self._reported():
                if not await self._async_sees_devices(entry):
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
            CONF_HOST: str(address),
            CONF_USERNAME: account[CONF_USERNAME].strip(),
            CONF_PASSWORD: account[CONF_PASSWORD],
        }
        self._api = async_account_api(self.hass, self._account)
        with self._reported():
            await self._api.get_version()
            user_id = await self._api.log_in()
        if self._errors:
            return False
        # A flow that was left open in a closed browser is no reason to wait for it.
        await self.async_set_unique_id(f"{address}#{user_id}", raise_on_progress=False)
        return True

    async def _async_sees_devices(self, entry: ConfigEntry) -> bool:
        """Whether the login is for the account that the devices belong to."""
        try:
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE):
                await self._api.get_sensor(device.data[CONF_POWER_SENSOR])
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
            http="http://",
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


class DeviceSubentryFlow(
    _DeviceFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]],
    ConfigSubentryFlow,
):
    """Add a device to an account, or change one."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Start to add a device."""
        entry = self._get_entry()
        present = self._present()
        others = [
            device
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
            if present is None or device.subentry_id != present.subentry_id
        ]
        # Not the loaded account's, which starts over with each device that is added.
        api = async_account_api(self.hass, entry.data)
        with self._reported():
            self._form = DeviceForm(
                api,
                await api.get_catalogue(),
                taken=[device.data[CONF_POWER_SENSOR] for device in others],
                settings=present.data if present else None,
            )
        if self._errors:
            return self.async_abort(
                reason=next(iter(self._errors.values())),
                description_placeholders=self._placeholders,
            )
        if not self._form.has_choice:
            return self.async_abort(reason="no_power_sensors")
        return await self.async_step_device()

    async_step_reconfigure = async_step_user

    @override
    def _finish_device(self) -> SubentryFlowResult:
        unique_id = str(self._form.sensor.id)
        present = self._present()
        title = self._form.title(
            [
                device.title
                for device in self._get_entry().subentries.values()
                if device is not present
            ]
        )
        if present is None:
            return self.async_create_entry(
                title=title, data=self._form.data, unique_id=unique_id
            )
        return self.async_update_and_abort(
            self._get_entry(),
            present,
            data=self._form.data,
            unique_id=unique_id,
            # The former name may be the user's own, but it is that of another device.
            title=present.title if unique_id == present.unique_id else title,
        )

    def _present(self) -> ConfigSubentry | None:
        """The device that is being changed."""
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_subentry()
        return None


def _field(err: FlexMeasuresError) -> str:
    """The field of the account's form that an error is about."""
    match err:
        case UnknownUserError():
            return CONF_USERNAME
        case WrongPasswordError():
            return CONF_PASSWORD
        case CannotConnectError() | ServerTooOldError():
            return CONF_HOST
        case _:
            return "base"
