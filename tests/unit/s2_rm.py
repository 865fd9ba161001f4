"""RMs at the other end of real connections with Home Assistant, which stands still in time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
import json
from typing import Any, Self

from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient

from custom_components.flexmeasures.cem.resource import ManagedResource
from custom_components.flexmeasures.cem.server.pairing import hash_token
from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.s2.messages.message import ControlType
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.util import dt as dt_util

from .fake_server import BATTERY_POWER
from .home import NOW, Home, Json, device
from .s2 import devices
from .s2.devices import L1
from .s2.wire import wire

FRBC = "FILL_RATE_BASED_CONTROL"
PEBC = "POWER_ENVELOPE_BASED_CONTROL"
OMBC = "OPERATION_MODE_BASED_CONTROL"
DDBC = "DEMAND_DRIVEN_BASED_CONTROL"
PPBC = "POWER_PROFILE_BASED_CONTROL"
NOT_CONTROLABLE = "NOT_CONTROLABLE"

BATTERY: Json = devices.BATTERY | {"valid_from": NOW}
"""The body of an FRBC.SystemDescription that holds from the start."""
EV: Json = devices.EV | {"valid_from": NOW}


def route_of(power_sensor: int) -> str:
    """The end of the address that the RM of a device connects to."""
    return f"route-{power_sensor}"


def token_of(power_sensor: int) -> str:
    """The token that the RM of a device has."""
    return f"the-token-of-{power_sensor}"


def paired(
    power_sensor: int = BATTERY_POWER, **settings: Any
) -> ConfigSubentryDataWithId:
    """Make a device that has S2 on."""
    pairing = {
        "id": route_of(power_sensor),
        "token_hash": hash_token(token_of(power_sensor)),
    }
    return device(power_sensor, s2=pairing, **settings)


def connections() -> int:
    """How many connections Home Assistant still serves."""
    return sum(task.get_name().startswith("S2 to ") for task in asyncio.all_tasks())


class FakeRM:
    """An RM that reads all the time and answers OK, unless told otherwise.

    Time stands still, so whatever has to come is waited for by letting things go on;
    what is due later needs `pass_to`. Do not use `Home.settle` while it is connected:
    a connection never comes to its end.
    """

    def __init__(
        self,
        home: Home,
        client: Callable[[], Awaitable[TestClient[Any, Any]]],
        power_sensor: int = BATTERY_POWER,
    ) -> None:
        """Be the RM of a device; not connected yet."""
        self.home = home
        self.power_sensor = power_sensor
        self.token = token_of(power_sensor)
        self.answers: dict[str, str | None] = {}
        """How messages of a type are answered other than OK; None leaves them open."""
        self.received: list[Json] = []
        """All messages but for ReceptionStatus, whole."""
        self._client = client
        self._unread: list[Json] = []
        self._statuses: dict[str, str] = {}
        self._socket: ClientWebSocketResponse
        self._reading: asyncio.Task[None] | None = None
        self._numbers = count()

    # --- connections

    async def connect(self) -> Self:
        """Open a connection, and say nothing yet; raises WSServerHandshakeError."""
        await self.close()
        client = await self._client()
        self._socket = await client.ws_connect(
            f"/api/flexmeasures/s2/{route_of(self.power_sensor)}",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def shake_hands(self, *versions: str) -> None:
        """Agree on a version."""
        await self.expect("Handshake")
        versions = versions or ("0.0.2-beta",)
        await self.tell("Handshake", role="RM", supported_protocol_versions=versions)
        await self.expect("HandshakeResponse")

    async def introduce(self, *control_types: str, **changes: Any) -> None:
        """Say what it is: by default a battery that can be controlled by FRBC and PEBC."""
        if control_types:
            changes["available_control_types"] = control_types
        await self.tell("ResourceManagerDetails", **changes)

    async def start(self, *control_types: str, **changes: Any) -> Self:
        """Connect, shake hands, introduce itself and take up what is asked for then."""
        await self.connect()
        await self.shake_hands()
        await self.introduce(*control_types, **changes)
        resource = self.resource
        wanted = resource.memory.control_type or ControlType.NOT_CONTROLABLE
        if (
            "SelectControlType" not in self.answers
            and resource.details
            and resource.details.offers(wanted)
        ):
            await self.home.until(lambda: resource.control_type is wanted)
        return self

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._reading is None:
            return
        reading, self._reading = self._reading, None
        await self._socket.close()
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading

    async def leave(self) -> None:
        """Close the connection, and see that this is noticed."""
        await self.close()
        await self.home.until(lambda: not self.resource.is_connected)

    @property
    def is_open(self) -> bool:
        """Whether the connection is there."""
        return self._reading is not None and not self._reading.done()

    @property
    def close_code(self) -> int | None:
        """With which code the connection was closed."""
        return self._socket.close_code

    # --- messages

    async def send(self, message: Mapping[str, Any] | str) -> None:
        """Send a message, or any text, without waiting for what comes of it."""
        text = (
            message if isinstance(message, str) else json.dumps(message, default=_wire)
        )
        await self._socket.send_str(text)

    async def tell(self, message_type: str, **body: Any) -> str:
        """Send a message and give the status with which it is answered.

        What is not given is as in `wire`; times and durations are written as S2 does.
        """
        message_id = f"from-rm-{next(self._numbers)}"
        await self.send(wire(message_type, message_id, **body))
        await self.home.until(lambda: message_id in self._statuses)
        return self._statuses[message_id]

    async def expect(self, message_type: str, **fields: Any) -> Json:
        """Wait for the next message that has this type and fields; drop those before it."""
        wanted = {"message_type": message_type, **fields}.items()
        await self.home.until(
            lambda: any(wanted <= each.items() for each in self._unread)
        )
        while not wanted <= (message := self._unread.pop(0)).items():
            pass
        return message

    async def select(self, control_type: str) -> None:
        """Let the user choose a control type."""
        await self.home.hass.services.async_call(
            DOMAIN,
            "change_control_type",
            {
                "device_id": self.home.device_id(self.power_sensor),
                "control_type": control_type,
            },
            blocking=True,
        )

    async def measure(self, power: float, quantity: str = L1) -> None:
        """Say what it consumes, in W."""
        status = await self.tell(
            "PowerMeasurement",
            measurement_timestamp=dt_util.utcnow(),
            values=[{"commodity_quantity": quantity, "value": power}],
        )
        assert status == "OK"

    async def update(self, instruction: Mapping[str, Any], status: str) -> None:
        """Say what becomes of an instruction."""
        await self.tell(
            "InstructionStatusUpdate",
            instruction_id=instruction["id"],
            status_type=status,
            timestamp=dt_util.utcnow(),
        )

    async def _read(self) -> None:
        async for frame in self._socket:
            assert frame.type is WSMsgType.TEXT
            message = json.loads(frame.data)
            if message["message_type"] == "ReceptionStatus":
                self._statuses[message["subject_message_id"]] = message["status"]
                continue
            self.received.append(message)
            self._unread.append(message)
            status = self.answers.get(message["message_type"], "OK")
            if status:
                await self.send(
                    {
                        "message_type": "ReceptionStatus",
                        "subject_message_id": message["message_id"],
                        "status": status,
                    }
                )

    # --- Home Assistant's side

    @property
    def resource(self) -> ManagedResource:
        """What Home Assistant holds of it."""
        resources = self.home.entry.runtime_data.resources
        found: ManagedResource = resources[str(self.power_sensor)]
        return found

    async def pass_to(self, moment: datetime) -> None:
        """Let the time be another, and let what is due begin."""
        await self.home.go_to(moment, is_settled=False)


def _wire(value: Any) -> Any:
    """Write what JSON has no type for."""
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    assert isinstance(value, datetime)
    return value.isoformat()
