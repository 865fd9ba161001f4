"""RMs made of the classes of s2-python, which others wrote, at real connections.

Time stands still, so a timeout of theirs never comes: what has to come is waited for by
letting things go on, and what is due later needs `Peer.pass_to`.
"""

# The models of s2-python give defaults in a way that only pydantic's plugin understands.
# mypy: disable-error-code="arg-type, call-arg"

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import datetime, timedelta
import json
from typing import Any, ClassVar, Self, override
import uuid

from aiohttp.test_utils import TestClient
from s2python.common import (
    Commodity,
    CommodityQuantity,
    Duration,
    InstructionStatus,
    InstructionStatusUpdate,
    NumberRange,
    PowerForecastValue,
    PowerMeasurement,
    PowerRange,
    PowerValue,
    ReceptionStatus,
    Role,
    RoleType,
)
from s2python.connection import AssetDetails
from s2python.connection.async_ import S2AsyncConnection
from s2python.connection.async_.control_type.class_based import (
    DDBCControlType,
    FRBCControlType,
    NoControlControlType,
    OMBCControlType,
    PEBCControlType,
    PPBCControlType,
    ResourceManagerHandler,
)
from s2python.connection.async_.medium.websocket import WebsocketClientMedium
from s2python.ddbc import (
    DDBCActuatorDescription,
    DDBCActuatorStatus,
    DDBCOperationMode,
    DDBCSystemDescription,
)
from s2python.frbc import (
    FRBCActuatorDescription,
    FRBCActuatorStatus,
    FRBCOperationMode,
    FRBCOperationModeElement,
    FRBCStorageDescription,
    FRBCStorageStatus,
    FRBCSystemDescription,
)
from s2python.ombc import OMBCOperationMode, OMBCStatus, OMBCSystemDescription
from s2python.pebc import (
    PEBCAllowedLimitRange,
    PEBCPowerConstraints,
    PEBCPowerEnvelopeConsequenceType,
    PEBCPowerEnvelopeLimitType,
)
from s2python.ppbc import (
    PPBCPowerProfileDefinition,
    PPBCPowerSequence,
    PPBCPowerSequenceContainer,
    PPBCPowerSequenceElement,
)

from custom_components.flexmeasures.cem.resource import ManagedResource
from custom_components.flexmeasures.s2.messages.message import ControlType
from homeassistant.util import dt as dt_util

from .fake_server import BATTERY_POWER
from .home import HOUR, NOW, QUARTER, Home, Json
from .s2_rm import route_of, token_of

SYMMETRIC = CommodityQuantity.ELECTRIC_POWER_3_PHASE_SYMMETRIC
GAS = CommodityQuantity.NATURAL_GAS_FLOW_RATE

type Make = Callable[[], Any]
"""Makes a message, each time with another id."""


def _id(name: str) -> Any:
    """An id, as s2-python knows only UUIDs; the same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


CHARGE, DISCHARGE, OFF, ON = map(_id, ("charge", "discharge", "off", "on"))
INVERTER, HEAT_PUMP, BOILER = map(_id, ("inverter", "heat pump", "boiler"))
LIMITS, WASH, WASHING, ECO = map(_id, ("limits", "wash", "washing", "eco"))
STRONG = _id("strong")


def _range(start: float, end: float) -> NumberRange:
    return NumberRange(start_of_range=start, end_of_range=end)


def _power(
    start: float, end: float, quantity: CommodityQuantity = SYMMETRIC
) -> PowerRange:
    return PowerRange(
        start_of_range=start, end_of_range=end, commodity_quantity=quantity
    )


async def until(condition: Callable[[], object]) -> None:
    """Let things go on until something is so; gives up earlier than `Home.until`."""
    for _ in range(600_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")


# --- what they tell


def storage_description() -> FRBCSystemDescription:
    """A battery of 10 kWh, in percent, that charges and discharges with up to 5 kW."""

    def mode(mode_id: str, rate: NumberRange, power: PowerRange) -> FRBCOperationMode:
        element = FRBCOperationModeElement(
            fill_level_range=_range(0, 100), fill_rate=rate, power_ranges=[power]
        )
        return FRBCOperationMode(
            id=mode_id, elements=[element], abnormal_condition_only=False
        )

    return FRBCSystemDescription(
        message_id=uuid.uuid4(),
        valid_from=NOW - HOUR,
        actuators=[
            FRBCActuatorDescription(
                id=INVERTER,
                supported_commodities=[Commodity.ELECTRICITY],
                operation_modes=[
                    mode(CHARGE, _range(0, 4750 / 3.6e5), _power(0, 5000)),
                    mode(DISCHARGE, _range(-5250 / 3.6e5, 0), _power(-5000, 0)),
                ],
                transitions=[],
                timers=[],
            )
        ],
        storage=FRBCStorageDescription(
            fill_level_label="%",
            provides_leakage_behaviour=False,
            provides_fill_level_target_profile=False,
            provides_usage_forecast=False,
            fill_level_range=_range(0, 100),
        ),
    )


def storage_status(level: float = 50.0) -> FRBCStorageStatus:
    """How full the battery is, in percent."""
    return FRBCStorageStatus(message_id=uuid.uuid4(), present_fill_level=level)


def actuator_status() -> FRBCActuatorStatus:
    """The battery neither charges nor discharges."""
    return FRBCActuatorStatus(
        message_id=uuid.uuid4(),
        actuator_id=INVERTER,
        active_operation_mode_id=CHARGE,
        operation_mode_factor=0.0,
    )


def power_constraints() -> PEBCPowerConstraints:
    """A device that can be limited to anything between -5 and 5 kW."""

    def limit(kind: PEBCPowerEnvelopeLimitType, limits: NumberRange) -> Any:
        return PEBCAllowedLimitRange(
            commodity_quantity=SYMMETRIC,
            limit_type=kind,
            range_boundary=limits,
            abnormal_condition_only=False,
        )

    return PEBCPowerConstraints(
        message_id=uuid.uuid4(),
        id=LIMITS,
        valid_from=NOW - HOUR,
        consequence_type=PEBCPowerEnvelopeConsequenceType.DEFER,
        allowed_limit_ranges=[
            limit(PEBCPowerEnvelopeLimitType.UPPER_LIMIT, _range(0, 5000)),
            limit(PEBCPowerEnvelopeLimitType.LOWER_LIMIT, _range(-5000, 0)),
        ],
    )


def mode_description() -> OMBCSystemDescription:
    """A device that is off or takes 2 kW."""

    def mode(mode_id: str, power: float) -> OMBCOperationMode:
        return OMBCOperationMode(
            id=mode_id,
            power_ranges=[_power(power, power)],
            abnormal_condition_only=False,
        )

    return OMBCSystemDescription(
        message_id=uuid.uuid4(),
        valid_from=NOW - HOUR,
        operation_modes=[mode(OFF, 0), mode(ON, 2000)],
        transitions=[],
        timers=[],
    )


def mode_status() -> OMBCStatus:
    """The device is off."""
    return OMBCStatus(
        message_id=uuid.uuid4(),
        active_operation_mode_id=OFF,
        operation_mode_factor=0.0,
    )


def demand_description() -> DDBCSystemDescription:
    """A heat pump of up to 2 kW and a gas boiler, of which 4 kW of heat are demanded."""

    def actuator(
        actuator_id: str, commodity: Commodity, power: PowerRange, supply: float
    ) -> DDBCActuatorDescription:
        mode_id = _id(f"on of {actuator_id}")
        mode = DDBCOperationMode(
            # It wants both spellings.
            Id=mode_id,
            id=mode_id,
            power_ranges=[power],
            supply_range=[_range(0, supply)],
            abnormal_condition_only=False,
        )
        return DDBCActuatorDescription(
            id=actuator_id,
            supported_commodites=[commodity],
            operation_modes=[mode],
            transitions=[],
            timers=[],
        )

    return DDBCSystemDescription(
        message_id=uuid.uuid4(),
        valid_from=NOW - HOUR,
        actuators=[
            actuator(HEAT_PUMP, Commodity.ELECTRICITY, _power(0, 2000), 8000),
            actuator(BOILER, Commodity.GAS, _power(0, 0.5, GAS), 16000),
        ],
        present_demand_rate=_range(4000, 4000),
        provides_average_demand_rate_forecast=False,
    )


class _ByTheSchema:
    """A message that is written as the specification has it, where s2-python is wrong."""

    def __init__(self, message: DDBCSystemDescription) -> None:
        self.message_id = message.message_id
        self._message = message

    def to_json(self) -> str:
        data = json.loads(self._message.to_json())
        for actuator in data["actuators"]:
            for mode in actuator["operation_modes"]:
                del mode["id"]
                (mode["supply_range"],) = mode["supply_range"]
        return json.dumps(data)


def right_demand_description() -> _ByTheSchema:
    """The same, with a supply range that is none in a list."""
    return _ByTheSchema(demand_description())


def demand_status() -> DDBCActuatorStatus:
    """The heat pump rests."""
    return DDBCActuatorStatus(
        message_id=uuid.uuid4(),
        actuator_id=HEAT_PUMP,
        active_operation_mode_id=_id(f"on of {HEAT_PUMP}"),
        operation_mode_factor=0.0,
    )


def power_profile() -> PPBCPowerProfileDefinition:
    """A wash of an hour with 2 kW that has to be done in three hours."""
    value = PowerForecastValue(value_expected=2000, commodity_quantity=SYMMETRIC)
    element = PPBCPowerSequenceElement(
        duration=Duration.from_timedelta(HOUR), power_values=[value]
    )
    sequence = PPBCPowerSequence(
        id=ECO,
        elements=[element],
        is_interruptible=False,
        max_pause_before=Duration.from_timedelta(timedelta(0)),
        abnormal_condition_only=False,
    )
    return PPBCPowerProfileDefinition(
        message_id=uuid.uuid4(),
        id=WASH,
        start_time=NOW,
        end_time=NOW + 3 * HOUR,
        power_sequences_containers=[
            PPBCPowerSequenceContainer(id=WASHING, power_sequences=[sequence])
        ],
    )


def measurement(power: float) -> PowerMeasurement:
    """What it consumes now, in W."""
    return PowerMeasurement(
        message_id=uuid.uuid4(),
        measurement_timestamp=dt_util.utcnow(),
        values=[PowerValue(commodity_quantity=SYMMETRIC, value=power)],
    )


# --- how they are controlled


class _Told:
    """Tells what it is when it is selected, and keeps what it is told to do."""

    # What s2-python's example of it tells.
    usual: ClassVar[tuple[Make, ...]] = ()

    def __init__(self, *messages: Make) -> None:
        """Tell these messages, else the usual ones, in their order."""
        self._messages = messages or self.usual
        self.is_active = False
        """Whether it was selected, and has told everything."""
        self.answers: list[str] = []
        """The statuses with which what it told was answered."""
        self.instructions: list[Json] = []

    async def activate(self, connection: S2AsyncConnection) -> None:
        for make in self._messages:
            answer = await connection.send_msg_and_await_reception_status(
                make(), raise_on_error=False
            )
            self.answers.append(answer.status.value)
        self.is_active = True

    async def deactivate(self, _: S2AsyncConnection) -> None:
        self.is_active = False

    async def handle_instruction(
        self,
        connection: S2AsyncConnection,
        msg: Any,
        send_okay: Callable[[], Coroutine[Any, Any, None]] | None,
    ) -> None:
        assert send_okay
        await send_okay()
        instruction = json.loads(msg.to_json())
        update = InstructionStatusUpdate(
            message_id=uuid.uuid4(),
            instruction_id=instruction["id"],
            status_type=InstructionStatus.STARTED,
            timestamp=dt_util.utcnow(),
        )
        await connection.send_msg_and_await_reception_status(update)
        self.instructions.append(instruction)


class FillRate(_Told, FRBCControlType):
    """A battery that begins with its description."""

    usual = (storage_description, actuator_status, storage_status)


class PowerEnvelope(_Told, PEBCControlType):
    """A device that keeps to limits."""

    usual = (power_constraints,)


class OperationMode(_Told, OMBCControlType):
    """A device that is on or off."""

    usual = (mode_description, mode_status)


class DemandDriven(_Told, DDBCControlType):
    """A hybrid heat pump."""

    usual = (right_demand_description, demand_status)


class PowerProfile(_Told, PPBCControlType):
    """A washing machine."""

    usual = (power_profile,)


class NotControllable(_Told, NoControlControlType):
    """A device that only measures."""


# --- the RM


class _Medium(WebsocketClientMedium):
    """A connection that keeps what was said on it."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, bearer_token=token)
        self.said: list[Json] = []
        self.heard: list[Json] = []

    @override
    async def send(self, message: str) -> None:
        self.said.append(json.loads(message))
        await super().send(message)

    @override
    async def messages(self) -> AsyncGenerator[str | bytes]:
        async for message in super().messages():
            self.heard.append(json.loads(message))
            yield message

    @property
    def close_code(self) -> int | None:
        return self._ws.close_code if self._ws else None

    async def ping(self) -> None:
        assert self._ws
        await (await self._ws.ping())


class _Connection(S2AsyncConnection):
    """A connection that knows for how many answers it waits."""

    def __init__(self, medium: _Medium) -> None:
        super().__init__(medium)
        self.awaited = 0

    @override
    async def send_msg_and_await_reception_status(
        self, *args: Any, **kwargs: Any
    ) -> ReceptionStatus:
        self.awaited += 1
        try:
            return await super().send_msg_and_await_reception_status(*args, **kwargs)
        finally:
            self.awaited -= 1


class Peer:
    """An RM of s2-python, with the token of a device."""

    def __init__(
        self,
        home: Home,
        client: TestClient[Any, Any],
        *control_types: Any,
        power_sensor: int = BATTERY_POWER,
        delay: timedelta = timedelta(0),
    ) -> None:
        """Offer these control types; not connected yet."""
        self.home = home
        self.control_types = control_types
        self.token = token_of(power_sensor)
        self._power_sensor = power_sensor
        address = client.make_url(f"/api/flexmeasures/s2/{route_of(power_sensor)}")
        self._url = str(address.with_scheme("ws"))
        self._details = AssetDetails(
            resource_id=uuid.uuid5(uuid.NAMESPACE_OID, str(power_sensor)),
            name=f"Device {power_sensor}",
            roles=[Role(role=RoleType.ENERGY_STORAGE, commodity=Commodity.ELECTRICITY)],
            instruction_processing_delay=Duration.from_timedelta(delay),
            provides_forecast=False,
            provides_power_measurements=[SYMMETRIC],
        )
        self._medium: _Medium
        self._connection: _Connection
        self._running: asyncio.Task[None] | None = None

    async def connect(self) -> Self:
        """Open a connection and begin to speak; raises MediumCouldNotConnectError."""
        self._medium = _Medium(self._url, self.token)
        await self._medium.connect()
        self._connection = _Connection(self._medium)
        handler = ResourceManagerHandler(list(self.control_types), self._details)
        handler.register_handlers(self._connection)
        self._running = asyncio.create_task(self._connection.run())
        return self

    async def start(self) -> Self:
        """Connect, and go on until Home Assistant knows what it is."""
        await self.connect()
        await until(lambda: self.resource.is_connected)
        return self

    async def select(self, control_type: str) -> None:
        """Let the user choose a control type, and go on until all is told under it."""
        chosen = ControlType(control_type)
        changing = asyncio.create_task(self.resource.async_change_control_type(chosen))
        await until(changing.done)
        await changing
        active = self.control_type(control_type)
        await until(lambda: active.is_active)
        # Instructions are made once a second at most.
        await self.pass_time(timedelta(seconds=1))

    async def select_nothing(self) -> None:
        """Let the user give the control back, and go on until it is taken back."""
        before = [each for each in self.control_types if each.is_active]
        changing = asyncio.create_task(
            self.resource.async_change_control_type(ControlType.NO_SELECTION)
        )
        await until(changing.done)
        await changing
        await until(lambda: not any(each.is_active for each in before))

    def control_type(self, control_type: str) -> Any:
        """The one of its control types with this name."""
        return next(
            each
            for each in self.control_types
            if each.get_protocol_control_type().value == control_type
        )

    async def send(self, message: Any) -> str:
        """Send a message and give the status with which it is answered."""
        sending = asyncio.create_task(
            self._connection.send_msg_and_await_reception_status(
                message, raise_on_error=False
            )
        )
        await until(sending.done)
        return (await sending).status.value

    async def send_text(self, text: str) -> None:
        """Send what s2-python would never send."""
        await self._medium.send(text)

    async def disconnect(self) -> None:
        """Close the connection, if there still is one, and stop."""
        if self._running is None:
            return
        running, self._running = self._running, None
        await self._connection.stop()
        await self._medium.disconnect()
        # What it misses then is no matter.
        await asyncio.gather(running, return_exceptions=True)

    async def vanish(self) -> None:
        """Be gone, without a word."""
        assert self._medium._ws
        self._medium._ws.transport.abort()
        await self.disconnect()
        await until(lambda: not self.resource.is_connected)

    async def pass_to(self, moment: datetime) -> None:
        """Let the time be another, what is due begin, and what it leads to arrive."""
        # An RM that waits for an answer would find that it took too long, also for
        # one that has arrived and that it has not looked at yet.
        await until(lambda: self.is_stopped or not self._connection.awaited)
        await self.home.go_to(moment, is_settled=False)
        # When the second one is answered, Home Assistant has the answer to its own
        # ping, which the time that has passed made it send.
        await self._medium.ping()
        await self._medium.ping()

    async def pass_time(self, time: timedelta = QUARTER) -> None:
        """Let the time be later, as `pass_to` does."""
        await self.pass_to(dt_util.utcnow() + time)

    @property
    def is_stopped(self) -> bool:
        """Whether s2-python has given the connection up."""
        return self._running is None or self._running.done()

    @property
    def close_code(self) -> int | None:
        """With which code the connection was closed."""
        return self._medium.close_code

    @property
    def said(self) -> list[Json]:
        """What it has said on its present connection."""
        return self._medium.said

    @property
    def heard(self) -> list[Json]:
        """What it was told on its present connection."""
        return self._medium.heard

    def heard_of(self, message_type: str) -> list[Json]:
        """What it was told of one type."""
        return [each for each in self.heard if each["message_type"] == message_type]

    @property
    def refusals(self) -> list[Json]:
        """The answers that it got other than OK."""
        return [
            each for each in self.heard_of("ReceptionStatus") if each["status"] != "OK"
        ]

    @property
    def resource(self) -> ManagedResource:
        """What Home Assistant holds of it."""
        resources = self.home.entry.runtime_data.resources
        found: ManagedResource = resources[str(self._power_sensor)]
        return found
