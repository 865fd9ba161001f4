"""A small client for Home Assistant's REST and websocket APIs."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from ..errors import SandboxError

FLOWS = "config/config_entries/flow"
OPTIONS_FLOWS = "config/config_entries/options/flow"
SUBENTRY_FLOWS = "config/config_entries/subentries/flow"


class HomeAssistantError(SandboxError):
    """Home Assistant refused a request; the message has its own words."""


class HomeAssistantClient:
    """What the demo and the tests ask of Home Assistant, as its frontend would."""

    def __init__(self, url: str, token: str) -> None:
        """Prepare a client; use it as a context manager."""
        self._url = url
        self._token = token
        self._last_id = 0

    async def __aenter__(self) -> Self:
        """Connect."""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._token}"}
        )
        try:
            await self._connect()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def _connect(self) -> None:
        url = f"{self._url}/api/websocket"
        # A big answer, such as all states, is no reason to close the connection.
        self._websocket = await self._session.ws_connect(url, max_msg_size=0)
        await self._websocket.receive_json()
        await self._websocket.send_json({"type": "auth", "access_token": self._token})
        answer = await self._websocket.receive_json()
        if answer["type"] != "auth_ok":
            raise HomeAssistantError(answer["message"])

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._websocket.close()
        await self._session.close()

    # --- REST

    async def get(self, path: str) -> Any:
        """Return the answer to GET /api/<path>."""
        return await self._request("GET", path)

    async def post(self, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to POST /api/<path>."""
        return await self._request("POST", path, data)

    async def delete(self, path: str) -> Any:
        """Return the answer to DELETE /api/<path>."""
        return await self._request("DELETE", path)

    async def _request(
        self, method: str, path: str, data: Mapping[str, Any] | None = None
    ) -> Any:
        async with self._session.request(
            method, f"{self._url}/api/{path}", json=data
        ) as response:
            if not response.ok:
                raise HomeAssistantError(
                    f"{method} {path}: {response.status} {await response.text()}"
                )
            return await response.json()

    async def state(self, entity_id: str) -> dict[str, Any]:
        """Return the state of an entity, with its attributes."""
        state: dict[str, Any] = await self.get(f"states/{entity_id}")
        return state

    # --- Websocket

    async def command(self, type: str, **message: Any) -> Any:  # noqa: A002
        """Return the result of a websocket command; one at a time."""
        self._last_id += 1
        order = {"id": self._last_id, "type": type} | message
        try:
            await self._websocket.send_json(order)
        except aiohttp.ClientConnectionResetError:
            # Nobody answers Home Assistant's pings while no command is waited for.
            await self._connect()
            await self._websocket.send_json(order)
        while True:
            answer = await self._websocket.receive_json()
            if answer.get("id") == self._last_id and answer["type"] == "result":
                break
        if not answer["success"]:
            raise HomeAssistantError(f"{type}: {answer['error']['message']}")
        return answer["result"]

    async def call_service(
        self,
        domain: str,
        service: str,
        data: Mapping[str, Any] | None = None,
        *,
        return_response: bool = False,
    ) -> Any:
        """Call an action and wait for its end; return its response if asked to."""
        result = await self.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data or {},
            return_response=return_response,
        )
        return result["response"] if return_response else None

    # --- Config flows: each step returns what Home Assistant answers: a form, with its errors, or the end of the flow.

    async def start_flow(self, handler: str, **context: Any) -> dict[str, Any]:
        """Start the flow that adds an integration; with entry_id, the one that reconfigures its entry."""
        return await self._step(FLOWS, {"handler": handler, **context})

    async def submit_flow(
        self, flow_id: str, data: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Submit a step of a flow of an integration."""
        return await self._step(f"{FLOWS}/{flow_id}", data)

    async def start_options_flow(self, entry_id: str) -> dict[str, Any]:
        """Start the flow that changes an entry's options."""
        return await self._step(OPTIONS_FLOWS, {"handler": entry_id})

    async def submit_options_flow(
        self, flow_id: str, data: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Submit a step of a flow of options."""
        return await self._step(f"{OPTIONS_FLOWS}/{flow_id}", data)

    async def start_subentry_flow(
        self, entry_id: str, subentry_type: str, **context: Any
    ) -> dict[str, Any]:
        """Start the flow that adds a subentry; with subentry_id, the one that reconfigures it."""
        return await self._step(
            SUBENTRY_FLOWS, {"handler": [entry_id, subentry_type], **context}
        )

    async def subentry_flow(self, flow_id: str) -> dict[str, Any]:
        """Return where a flow of a subentry is that another flow has led into."""
        step: dict[str, Any] = await self.get(f"{SUBENTRY_FLOWS}/{flow_id}")
        return step

    async def submit_subentry_flow(
        self, flow_id: str, data: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Submit a step of a flow of a subentry."""
        return await self._step(f"{SUBENTRY_FLOWS}/{flow_id}", data)

    async def _step(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self.post(path, data)
        return answer
