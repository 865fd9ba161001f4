"""The rules of S2 that a CEM can be held to, each with where it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether the CEM does what a rule says."""

    KEPT = "kept"
    DEVIATES = "deviates"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the standard, in words of our own."""

    id: str
    """Its topic, a dot and a name; the tests that show it are marked with it."""
    text: str
    source: str
    """Where it is written: see `SOURCES`."""
    state: State = State.KEPT
    reason: str = ""
    """Why the CEM deviates, or why the rule does not apply."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Rules that belong together."""

    title: str
    rules: tuple[Rule, ...]


def deviates(rule_id: str, text: str, source: str, reason: str) -> Rule:
    """Return a rule that the CEM does not keep, or not wholly."""
    return Rule(rule_id, text, source, State.DEVIATES, reason)


def not_applicable(rule_id: str, text: str, source: str, reason: str) -> Rule:
    """Return a rule about something that the CEM does not do."""
    return Rule(rule_id, text, source, State.NOT_APPLICABLE, reason)


SOURCES = {
    "schema": (
        "[S2 JSON](https://github.com/flexiblepower/s2-json), versions 0.0.2-beta and"
        " 1.0.0: the schemas, and what is written beside their fields"
    ),
    "docs": "[The documentation of S2](https://docs.s2standard.org), by page",
    "Connect": (
        "[S2 Connect](https://github.com/flexiblepower/s2-connect) 1.0.0, as far as it"
        " concerns a WebSocket"
    ),
    "tool": (
        "[The certification tool](https://github.com/flexiblepower/s2-certification-tool):"
        " what it expects of a CEM"
    ),
    "issue": (
        "[Issues of S2 JSON](https://github.com/flexiblepower/s2-ws-json/issues):"
        " what is not written anywhere yet"
    ),
}
"""What the sources of rules begin with."""

_NO_CONNECT = "S2 Connect is not spoken: an owner enters an address and a token"
_TOLERANT = "Resource managers in the field do so, and what they mean is clear"

TOPICS = (
    Topic(
        "The connection",
        (
            Rule(
                "connection.bearer",
                "An RM shows a bearer token in the request that opens the WebSocket, and"
                " nobody is let in without.",
                "Connect, Authentication",
            ),
            not_applicable(
                "connection.one_use_token",
                "A token opens one connection only; for the next one there is another.",
                "Connect, Authentication",
                f"{_NO_CONNECT}, which holds until it is replaced",
            ),
            deviates(
                "connection.encrypted",
                "S2 is never spoken without encryption (`wss`).",
                "Connect, Encrypted connection",
                "Home Assistant decides how it is reached; `ws` is accepted as well,"
                " since most homes have no certificate",
            ),
            Rule(
                "connection.compression",
                "Messages are compressed (permessage-deflate) where both sides can.",
                "Connect, Compression",
            ),
            Rule(
                "connection.keepalive",
                "A connection on which nothing is said is kept alive, and looked after,"
                " by pings at least once a minute.",
                "Connect, Keepalive",
            ),
            Rule(
                "connection.session",
                "A session is one WebSocket: it ends with it, nothing of it is resumed,"
                " and the next one begins from scratch.",
                "Connect, Reconnection strategy; docs, SessionRequestType",
            ),
            Rule(
                "connection.server",
                "In the same network the CEM is the server that RMs connect to.",
                "Connect, Mapping of CEM and RM",
            ),
            not_applicable(
                "connection.client",
                "A CEM in the home connects, as a client, to RMs that are in a cloud.",
                "Connect, Mapping of CEM and RM",
                _NO_CONNECT,
            ),
            Rule(
                "connection.many",
                "A CEM speaks with many RMs, and each RM with this one CEM.",
                "docs, Architecture",
            ),
            not_applicable(
                "connection.discovery",
                "A CEM in the home is found by DNS-SD (`_s2connect._tcp`).",
                "Connect, Discovery",
                _NO_CONNECT,
            ),
            not_applicable(
                "connection.pairing",
                "CEM and RM are paired by a short code and a challenge.",
                "Connect, Pairing",
                _NO_CONNECT,
            ),
            not_applicable(
                "connection.initiation",
                "Each session is prepared over HTTPS, where versions are agreed on and"
                " tokens renewed.",
                "Connect, Session initiation",
                _NO_CONNECT,
            ),
            not_applicable(
                "connection.unpairing",
                "Either side can end a pairing, and the other one is told.",
                "Connect, Unpairing",
                f"{_NO_CONNECT}; a device that is removed gets a SessionRequest",
            ),
        ),
    ),
    Topic(
        "Messages",
        (
            Rule(
                "message.json",
                "Each message is one JSON object in a text frame, with a `message_type`,"
                " and a `message_id` unless it is a ReceptionStatus.",
                "schema, all messages",
            ),
            Rule(
                "message.types",
                "All message types of both versions are understood.",
                "schema, all messages",
            ),
            Rule(
                "message.schema",
                "What the CEM sends is right by its schema.",
                "schema, all messages",
            ),
            Rule(
                "message.id",
                "An id is 2 to 64 letters, digits, `-`, `_` or `:`; it need not be a UUID.",
                "schema, ID; issue 20",
            ),
            Rule(
                "message.unique",
                "Ids that the CEM makes are never used twice.",
                "schema, *.Instruction.id",
            ),
            Rule(
                "message.time",
                "Times are written with their offset from UTC.",
                "schema, all times",
            ),
            Rule(
                "message.duration",
                "Durations are whole milliseconds, none below 0.",
                "schema, Duration",
            ),
            Rule(
                "message.number",
                "Numbers are finite: JSON has no others.",
                "schema, all numbers",
            ),
            deviates(
                "message.properties",
                "A message has no properties that its schema does not name.",
                "schema, additionalProperties",
                f"{_TOLERANT}: what is unknown is left out, instead of INVALID_MESSAGE",
            ),
            deviates(
                "message.null",
                "A property without a value is left out, not null.",
                "schema, types of optional properties",
                f"{_TOLERANT}: null is taken for absent",
            ),
            deviates(
                "message.lengths",
                "Lists have at least and at most as many items as their schema says.",
                "schema, minItems and maxItems",
                f"{_TOLERANT}: twice as many are taken; control types, roles and"
                " measured quantities may be none, which is how some pause",
            ),
            deviates(
                "message.version",
                "The version that was agreed on says which fields there are.",
                "schema, DDBC.SystemDescription; Connect, Versioning",
                "What is another in 1.0.0, the present demand, is taken as both versions"
                " have it under either",
            ),
            deviates(
                "message.currency",
                "A currency is one of a list.",
                "schema, Currency",
                "The list lacks many: three capital letters are taken",
            ),
            deviates(
                "message.labels",
                "Labels for diagnosis are not for user interfaces.",
                "schema, *.diagnostic_label, fill_level_label",
                "Operation modes have no other names, and owners read *Charge 42 %*"
                " more easily than an id",
            ),
        ),
    ),
    Topic(
        "The handshake",
        (
            Rule(
                "handshake.cem",
                "The CEM sends a Handshake as the CEM, with the versions that it speaks.",
                "schema, Handshake",
            ),
            Rule(
                "handshake.rm",
                "The other side has to be an RM.",
                "schema, Handshake.role",
            ),
            Rule(
                "handshake.versions",
                "An RM has to name the versions that it speaks.",
                "schema, Handshake.supported_protocol_versions",
            ),
            Rule(
                "handshake.response",
                "The CEM answers with a HandshakeResponse that names a version which both"
                " speak.",
                "schema, HandshakeResponse.selected_protocol_version",
            ),
            Rule(
                "handshake.no_version",
                "Without a common version there is no session.",
                "schema, HandshakeResponse; Connect, Session initiation",
            ),
            Rule(
                "handshake.first",
                "Before the handshake nothing else is said.",
                "docs, State of communication",
            ),
            not_applicable(
                "handshake.connect",
                "Under S2 Connect there are no Handshake and no HandshakeResponse.",
                "Connect, JSON messages",
                _NO_CONNECT,
            ),
        ),
    ),
    Topic(
        "What may be said when",
        (
            Rule(
                "state.details",
                "An RM tells its details first, and again whenever they change: they"
                " replace the former ones.",
                "docs, State of communication; schema, ResourceManagerDetails",
            ),
            Rule(
                "state.measurements",
                "Measurements and forecasts may come under every control type, and under"
                " none.",
                "docs, State of communication; docs, Control types",
            ),
            Rule(
                "state.control_type",
                "Messages of a control type may come only while it is activated.",
                "docs, State of communication",
            ),
            Rule(
                "state.instructions",
                "The CEM sends only instructions of the control type that is activated.",
                "docs, State of communication",
            ),
            Rule(
                "state.sides",
                "What only a CEM says is not taken from an RM.",
                "docs, State of communication",
            ),
            deviates(
                "state.updates",
                "InstructionStatusUpdate may come only while a control type is activated.",
                "docs, State of communication",
                "What became of an instruction may be told after control was handed back",
            ),
            deviates(
                "state.revoke",
                "RevokeObject is listed for RMs only.",
                "docs, State of communication",
                "Instructions are among the RevokableObjects, and only a CEM has those to"
                " take back: the list is taken for incomplete",
            ),
            Rule(
                "state.end",
                "Either side may ask for the end of the session at any time.",
                "docs, State of communication",
            ),
        ),
    ),
    Topic(
        "How messages are answered (ReceptionStatus)",
        (
            Rule(
                "status.one",
                "Each message is answered by one ReceptionStatus with its `message_id`.",
                "schema, ReceptionStatus",
            ),
            Rule(
                "status.none",
                "A ReceptionStatus is not answered.",
                "schema, ReceptionStatus",
            ),
            Rule(
                "status.at_once",
                "It is answered at once, whatever the CEM itself waits for.",
                "issue 22",
            ),
            Rule(
                "status.ok",
                "OK: it was taken over.",
                "schema, ReceptionStatusValues",
            ),
            Rule(
                "status.invalid_data",
                "INVALID_DATA: it is no JSON object, or has no `message_id`.",
                "schema, ReceptionStatusValues",
            ),
            Rule(
                "status.nil",
                "The answer to what has no `message_id` names the nil UUID.",
                "issue 21",
            ),
            Rule(
                "status.invalid_message",
                "INVALID_MESSAGE: it is wrong by its schema, or of an unknown type.",
                "schema, ReceptionStatusValues",
            ),
            Rule(
                "status.invalid_content",
                "INVALID_CONTENT: it is right by its schema but cannot be, as with an id"
                " that does not exist.",
                "schema, ReceptionStatusValues",
            ),
            Rule(
                "status.ignored",
                "What was not answered OK has no effect, and the session goes on.",
                "schema, ReceptionStatusValues",
            ),
            Rule(
                "status.temporary",
                "TEMPORARY_ERROR asks for the message once more; it is only said to who"
                " sends too much.",
                "schema, ReceptionStatusValues",
            ),
            Rule(
                "status.again",
                "An instruction, or the control type that is to be in force, is told again"
                " after a TEMPORARY_ERROR of the RM.",
                "schema, ReceptionStatusValues",
            ),
            deviates(
                "status.again_rest",
                "So is everything else that the RM answers with TEMPORARY_ERROR.",
                "schema, ReceptionStatusValues",
                "A choice of the owner is refused instead, who then knows; what is taken"
                " back is not said twice",
            ),
            Rule(
                "status.permanent",
                "After a PERMANENT_ERROR of the RM the connection is closed.",
                "schema, ReceptionStatusValues",
            ),
        ),
    ),
    Topic(
        "The RM and its control type",
        (
            Rule(
                "select.offered",
                "Only a control type that the RM offers is selected, or NO_SELECTION.",
                "schema, SelectControlType.control_type",
            ),
            Rule(
                "select.give_back",
                "NO_SELECTION gives the control back.",
                "schema, ControlType; docs, State of communication",
            ),
            Rule(
                "select.measure",
                "NOT_CONTROLABLE means that the RM is only measured.",
                "schema, ControlType",
            ),
            Rule(
                "select.in_force",
                "A control type is in force once the RM has answered OK.",
                "docs, Control types; schema, ReceptionStatusValues",
            ),
            Rule(
                "select.in_time",
                "The control type that is wanted is selected within 5 seconds.",
                "tool, all control types",
            ),
            Rule(
                "select.several",
                "There may be several control types in a session, one after the other;"
                " what was said under one does not count under the next.",
                "tool, all control types; docs, State of communication",
            ),
            Rule(
                "select.withdrawn",
                "A control type that the RM does not offer any more is given up.",
                "schema, ResourceManagerDetails.available_control_types",
            ),
            Rule(
                "select.all",
                "A CEM knows all five control types.",
                "docs, Control types",
            ),
            Rule(
                "select.resource",
                "A `resource_id` belongs to one RM.",
                "schema, ResourceManagerDetails.resource_id",
            ),
            deviates(
                "select.currency",
                "An RM that tells costs names their currency.",
                "schema, ResourceManagerDetails.currency",
                "Costs count without it, too: they are taken for what the prices on the server are in",
            ),
            Rule(
                "select.delay",
                "Instructions come as early as the RM needs them.",
                "schema, ResourceManagerDetails.instruction_processing_delay",
            ),
        ),
    ),
    Topic(
        "Measurements and forecasts of power",
        (
            Rule(
                "power.sign",
                "Consumption is positive, production negative.",
                "docs, Common concepts",
            ),
            Rule(
                "power.watts",
                "Electric power is in W.",
                "schema, CommodityQuantity",
            ),
            Rule(
                "power.phases",
                "Powers of phases add up; the symmetric one is that of all three.",
                "schema, CommodityQuantity",
            ),
            Rule(
                "power.announced",
                "A quantity that the RM did not announce is answered INVALID_CONTENT.",
                "schema, ResourceManagerDetails.provides_power_measurement_types; tool,"
                " not controllable",
            ),
            Rule(
                "power.time",
                "A measurement belongs to the time at which it was made.",
                "schema, PowerMeasurement.measurement_timestamp",
            ),
            Rule(
                "power.commodities",
                "Other commodities have units of their own, and are no electric power.",
                "schema, CommodityQuantity",
            ),
            Rule(
                "power.one_value",
                "There is one value at most for each quantity; two are INVALID_CONTENT.",
                "schema, PowerMeasurement.values, PowerForecastElement.power_values,"
                " PPBC.PowerSequenceElement.power_values",
            ),
            Rule(
                "power.forecast",
                "The elements of a forecast follow each other from its start.",
                "schema, PowerForecast",
            ),
            deviates(
                "power.forecast_announced",
                "Only an RM that says so has forecasts.",
                "schema, ResourceManagerDetails.provides_forecast",
                "A forecast is used, whoever sends it",
            ),
        ),
    ),
    Topic(
        "Instructions of every control type",
        (
            Rule(
                "instruction.id",
                "Each has an id of its own.",
                "schema, *.Instruction.id",
            ),
            Rule(
                "instruction.time",
                "It says when it is to be executed.",
                "schema, *.Instruction.execution_time",
            ),
            Rule(
                "instruction.normal",
                "What is only for abnormal conditions is not used under normal ones.",
                "schema, *.abnormal_condition_only",
            ),
            Rule(
                "instruction.abnormal",
                "An instruction for abnormal conditions says so.",
                "schema, *.Instruction.abnormal_condition; docs, Common concepts",
            ),
            deviates(
                "instruction.emergency",
                "A CEM brings about abnormal conditions as the law of the country wants"
                " it.",
                "docs, Common concepts",
                "Only by hand, with the action `flexmeasures.send_instruction`: no"
                " operator of a grid is connected",
            ),
            Rule(
                "instruction.status",
                "What the RM makes of it is taken in any order.",
                "schema, InstructionStatusUpdate; issue 26",
            ),
            Rule(
                "instruction.rejected",
                "An RM may reject it, or stop: then it is not as was planned.",
                "docs, Architecture",
            ),
            Rule(
                "instruction.tool",
                "A status that names the `message_id` of an instruction means that"
                " instruction.",
                "tool, FRBC and PEBC",
            ),
            deviates(
                "instruction.unknown",
                "A status of an instruction that does not exist is INVALID_CONTENT.",
                "schema, InstructionStatusUpdate.instruction_id",
                "It is answered OK: RMs also tell of instructions from before they"
                " connected again, and nothing follows from it",
            ),
            Rule(
                "instruction.revoke",
                "What was sent ahead and is not wanted any more is taken back, by its"
                " type and id.",
                "schema, RevokeObject",
            ),
            Rule(
                "instruction.revoked",
                "The RM may take back an instruction, too.",
                "schema, RevokableObjects",
            ),
        ),
    ),
    Topic(
        "What the RM takes back (RevokeObject)",
        (
            Rule(
                "revoke.id",
                "An object is named by its id.",
                "schema, RevokeObject.object_id",
            ),
            Rule(
                "revoke.message_id",
                "A description without an id is named by the `message_id` that it came"
                " with.",
                "schema, RevokeObject.object_id, *.SystemDescription",
            ),
            Rule(
                "revoke.unknown",
                "What does not exist, or is of another control type, is INVALID_CONTENT.",
                "schema, ReceptionStatusValues",
            ),
            Rule(
                "revoke.effect",
                "What is taken back does not count any more.",
                "schema, RevokeObject",
            ),
            Rule(
                "revoke.forecasts",
                "Leakage, forecasts and targets can be taken back as well.",
                "docs, RevokableObjects",
            ),
        ),
    ),
    Topic(
        "Operation modes, transitions and timers (OMBC, FRBC, DDBC)",
        (
            Rule(
                "modes.known",
                "Only operation modes of the actuator are instructed.",
                "schema, *.Instruction.operation_mode",
            ),
            Rule(
                "modes.factor",
                "A factor is from 0 to 1.",
                "schema, *.Instruction.operation_mode_factor",
            ),
            Rule(
                "modes.linear",
                "Between both ends of a range power and rate follow the factor in a"
                " straight line: 0 is the start, 1 the end, also where that is lower.",
                "docs, Operation modes; schema, *.power_ranges",
            ),
            Rule(
                "modes.same",
                "The active operation mode may be instructed with another factor, without"
                " a transition.",
                "docs, Operation modes",
            ),
            Rule(
                "modes.transition",
                "From one operation mode to another there has to be a transition.",
                "docs, Operation modes",
            ),
            deviates(
                "modes.no_transitions",
                "Without transitions no other operation mode can be reached.",
                "docs, Operation modes",
                "RMs without any transition mean that all are allowed: otherwise their"
                " operation modes had no use",
            ),
            Rule(
                "modes.blocked",
                "A transition waits until all timers that block it are finished.",
                "schema, Transition.blocking_timers",
            ),
            Rule(
                "modes.started",
                "A transition starts its timers anew.",
                "schema, Transition.start_timers, Timer.duration",
            ),
            Rule(
                "modes.timer_status",
                "What an RM tells of a timer counts: it is over when its time has passed.",
                "schema, *.TimerStatus.finished_at",
            ),
            Rule(
                "modes.duration",
                "A transition takes its time, until which the device is in neither mode.",
                "schema, Transition.transition_duration",
            ),
            Rule(
                "modes.abnormal_transition",
                "Transitions for abnormal conditions are not used under normal ones.",
                "schema, Transition.abnormal_condition_only",
            ),
            Rule(
                "modes.rm_decides",
                "The RM decides what is active, and may do so without a transition.",
                "docs, Operation modes",
            ),
            Rule(
                "modes.phases",
                "Power ranges of phases add up; each quantity has one range.",
                "schema, *.power_ranges",
            ),
            Rule(
                "modes.costs",
                "Running costs are a range of what is not known exactly, which has"
                " nothing to do with the factor.",
                "schema, *.running_costs; docs, Operation modes",
            ),
            Rule(
                "modes.cheaper",
                "Of operation modes that do the same the cheaper one is taken.",
                "docs, Common concepts",
            ),
            Rule(
                "modes.transition_costs",
                "What a transition costs is weighed against what the other operation mode"
                " saves.",
                "schema, Transition.transition_costs; docs, Common concepts",
            ),
            Rule(
                "modes.valid_from",
                "A description holds from its time on, and the former one until then.",
                "schema, *.SystemDescription.valid_from",
            ),
            Rule(
                "modes.not_yet",
                "Nothing is instructed by a description that does not hold yet.",
                "schema, *.SystemDescription.valid_from",
            ),
            Rule(
                "modes.unique",
                "Two actuators, or two operation modes of one, have not the same id.",
                "schema, *.OperationMode.id, *.ActuatorDescription.id",
            ),
            Rule(
                "modes.references",
                "Transitions name operation modes and timers that there are.",
                "schema, Transition",
            ),
            Rule(
                "modes.status",
                "A status names an actuator, an operation mode and timers that there are.",
                "schema, *.ActuatorStatus, OMBC.Status, *.TimerStatus",
            ),
        ),
    ),
    Topic(
        "Fill rate (FRBC)",
        (
            Rule(
                "frbc.instruction",
                "An instruction names its actuator, and its operation mode as"
                " `operation_mode`.",
                "schema, FRBC.Instruction",
            ),
            Rule(
                "frbc.range",
                "The fill level is kept within its range.",
                "schema, FRBC.StorageDescription.fill_level_range",
            ),
            Rule(
                "frbc.outside",
                "A level outside of it is led back, and no further away.",
                "schema, FRBC.StorageDescription.fill_level_range",
            ),
            Rule(
                "frbc.elements",
                "What an operation mode does is told by the element for the fill level.",
                "schema, FRBC.OperationModeElement.fill_level_range",
            ),
            Rule(
                "frbc.no_element",
                "An operation mode without an element for a fill level is not used there.",
                "schema, FRBC.OperationModeElement.fill_level_range",
            ),
            deviates(
                "frbc.contiguous",
                "The fill levels of elements follow each other without gaps.",
                "schema, FRBC.OperationMode.elements, FRBC.LeakageBehaviour.elements",
                "Gaps are taken: an operation mode is not used in them, of leakage the"
                " nearest element counts. Only leakage that overlaps is INVALID_CONTENT",
            ),
            deviates(
                "frbc.range_order",
                "A range of fill levels begins with the lower one.",
                "schema, FRBC.OperationModeElement.fill_level_range,"
                " FRBC.FillLevelTargetProfileElement.fill_level_range",
                "It is taken either way: what is meant is clear",
            ),
            Rule(
                "frbc.rate",
                "A fill rate is the change per second.",
                "schema, FRBC.OperationModeElement.fill_rate",
            ),
            Rule(
                "frbc.level",
                "The fill level that was told last is the present one.",
                "schema, FRBC.StorageStatus.present_fill_level",
            ),
            Rule(
                "frbc.leakage",
                "Leakage lowers the level by its rate per second, which may depend on the"
                " level.",
                "schema, FRBC.LeakageBehaviourElement",
            ),
            Rule(
                "frbc.usage",
                "Usage that is positive lowers the level, per second.",
                "schema, FRBC.UsageForecastElement.usage_rate_expected",
            ),
            Rule(
                "frbc.target",
                "The CEM does its best to have the level within the targets in their time.",
                "schema, FRBC.FillLevelTargetProfileElement",
            ),
            Rule(
                "frbc.actuators",
                "Several actuators act on one storage, each with an operation mode of its"
                " own.",
                "schema, FRBC.SystemDescription.actuators; docs, Operation modes",
            ),
            deviates(
                "frbc.announced",
                "Leakage, usage and targets come only if the storage says that it has"
                " them.",
                "schema, FRBC.StorageDescription.provides_*",
                "They are used, whether announced or not",
            ),
        ),
    ),
    Topic(
        "Operation mode (OMBC)",
        (
            Rule(
                "ombc.instruction",
                "An instruction names its operation mode as `operation_mode_id`, and no"
                " actuator.",
                "schema, OMBC.Instruction",
            ),
            Rule(
                "ombc.power",
                "The power is that of the operation mode and its factor.",
                "schema, OMBC.OperationMode.power_ranges",
            ),
        ),
    ),
    Topic(
        "Demand driven (DDBC)",
        (
            Rule(
                "ddbc.instruction",
                "An instruction names its actuator, and its operation mode as"
                " `operation_mode_id`.",
                "schema, DDBC.Instruction",
            ),
            Rule(
                "ddbc.spelling",
                "An operation mode has an `Id`, an actuator `supported_commodites`:"
                " written so.",
                "schema, DDBC.OperationMode, DDBC.ActuatorDescription; issue 15",
            ),
            Rule(
                "ddbc.demand",
                "The demand is met whenever the actuators can.",
                "schema, DDBC.SystemDescription.present_demand_rate; docs, Control types",
            ),
            Rule(
                "ddbc.supply",
                "What an operation mode supplies follows the same factor as its power.",
                "schema, DDBC.OperationMode.supply_range",
            ),
            Rule(
                "ddbc.present",
                "The present demand comes with the description (0.0.2-beta) or by itself"
                " (1.0.0).",
                "schema, DDBC.SystemDescription.present_demand_rate,"
                " DDBC.PresentDemandStatus",
            ),
            Rule(
                "ddbc.forecast",
                "The forecast says what demand is expected when.",
                "schema, DDBC.AverageDemandRateForecast",
            ),
            deviates(
                "ddbc.announced",
                "A forecast comes only if the description says that there is one.",
                "schema, DDBC.SystemDescription.provides_average_demand_rate_forecast",
                "It is used, whether announced or not",
            ),
        ),
    ),
    Topic(
        "Power limits (PEBC)",
        (
            Rule(
                "pebc.one_envelope",
                "An instruction has one envelope at most for each quantity.",
                "schema, PEBC.Instruction.power_envelopes",
            ),
            Rule(
                "pebc.elements",
                "An envelope has 1 to 288 elements, in the order of time.",
                "schema, PEBC.PowerEnvelope.power_envelope_elements",
            ),
            Rule(
                "pebc.order",
                "The lower limit is never above the upper one.",
                "schema, PEBC.PowerEnvelopeElement",
            ),
            Rule(
                "pebc.allowed",
                "Each limit is within a range that the RM allows for it.",
                "schema, PEBC.PowerEnvelopeElement, PEBC.AllowedLimitRange",
            ),
            Rule(
                "pebc.normal",
                "Ranges for abnormal conditions are not used under normal ones.",
                "schema, PEBC.AllowedLimitRange.abnormal_condition_only",
            ),
            Rule(
                "pebc.constraints",
                "An instruction names the constraints that it keeps to.",
                "schema, PEBC.Instruction.power_constraints_id",
            ),
            Rule(
                "pebc.valid",
                "Constraints count from `valid_from` to `valid_until`, or for ever.",
                "schema, PEBC.PowerConstraints",
            ),
            Rule(
                "pebc.in_a_row",
                "Constraints for one time after the other all count, each in its own.",
                "schema, PEBC.PowerConstraints.valid_from",
            ),
            Rule(
                "pebc.replaced",
                "Constraints of the same id replace each other.",
                "schema, PEBC.PowerConstraints.id",
            ),
            Rule(
                "pebc.both_limits",
                "Without ranges for both the upper and the lower limit nothing can be"
                " told.",
                "schema, PEBC.PowerConstraints.allowed_limit_ranges",
            ),
            Rule(
                "pebc.contradiction",
                "Constraints that contradict themselves are INVALID_CONTENT: an end before"
                " the start, lower limits above all upper ones.",
                "schema, PEBC.PowerConstraints",
            ),
            deviates(
                "pebc.range_order",
                "An allowed range begins with the lower limit.",
                "schema, PEBC.AllowedLimitRange.range_boundary",
                "It is taken either way: what is meant is clear",
            ),
            Rule(
                "pebc.vanish",
                "What is limited is lost (VANISH), or only put off (DEFER).",
                "schema, PEBC.PowerEnvelopeConsequenceType",
            ),
            Rule(
                "pebc.energy",
                "Envelopes leave room for the most energy that may be consumed.",
                "schema, PEBC.EnergyConstraint.upper_average_power",
            ),
            Rule(
                "pebc.energy_least",
                "The least energy is planned.",
                "schema, PEBC.EnergyConstraint.lower_average_power",
            ),
            Rule(
                "pebc.energy_production",
                "Envelopes leave room for the most energy that may be produced.",
                "schema, PEBC.EnergyConstraint.lower_average_power",
            ),
            Rule(
                "pebc.energy_order",
                "The lower average power is not above the upper one.",
                "schema, PEBC.EnergyConstraint",
            ),
        ),
    ),
    Topic(
        "Power profiles (PPBC)",
        (
            Rule(
                "ppbc.ids",
                "An instruction names the profile, a container of it and a sequence of"
                " that.",
                "schema, PPBC.ScheduleInstruction",
            ),
            Rule(
                "ppbc.one",
                "One of the alternatives in each container is chosen.",
                "schema, PPBC.PowerSequenceContainer.power_sequences",
            ),
            Rule(
                "ppbc.order",
                "Containers run in their order.",
                "schema, PPBC.PowerProfileDefinition.power_sequences_containers",
            ),
            Rule(
                "ppbc.window",
                "Nothing starts before `start_time`, and all is finished by `end_time`.",
                "schema, PPBC.PowerProfileDefinition",
            ),
            Rule(
                "ppbc.pause",
                "The pause before a sequence is no longer than it allows.",
                "schema, PPBC.PowerSequence.max_pause_before",
            ),
            Rule(
                "ppbc.normal",
                "Sequences for abnormal conditions are not used under normal ones.",
                "schema, PPBC.PowerSequence.abnormal_condition_only",
            ),
            Rule(
                "ppbc.running",
                "What has begun is not scheduled again.",
                "schema, PPBC.PowerSequenceStatus",
            ),
            Rule(
                "ppbc.progress",
                "What an RM tells of its progress counts for what follows.",
                "schema, PPBC.PowerSequenceContainerStatus",
            ),
            Rule(
                "ppbc.contradiction",
                "Profiles that contradict themselves, and statuses of what there is not,"
                " are INVALID_CONTENT.",
                "schema, PPBC.PowerProfileDefinition, PPBC.PowerProfileStatus",
            ),
            deviates(
                "ppbc.coverage",
                "A status covers all containers of its profile.",
                "schema, PPBC.PowerProfileStatus.sequence_container_status",
                "One of some containers leaves the others as they were",
            ),
            not_applicable(
                "ppbc.interruption",
                "Only a sequence that can be interrupted is, by an instruction for the"
                " start and one for the end.",
                "schema, PPBC.StartInterruptionInstruction,"
                " PPBC.EndInterruptionInstruction",
                "Interruptions are not used",
            ),
        ),
    ),
    Topic(
        "The end of a session",
        (
            Rule(
                "end.request",
                "A SessionRequest of the RM is answered, and the connection closed.",
                "schema, SessionRequest",
            ),
            Rule(
                "end.reconnect",
                "RECONNECT asks the RM to come back, as when Home Assistant restarts.",
                "schema, SessionRequestType",
            ),
            Rule(
                "end.terminate",
                "TERMINATE tells it that the session is over, as for a device that is"
                " removed.",
                "schema, SessionRequestType; Connect, Termination",
            ),
            Rule(
                "end.silent",
                "An RM that does not answer any more is given up.",
                "Connect, Termination",
            ),
        ),
    ),
)


def all_rules() -> Iterator[Rule]:
    """Return the rules of all topics."""
    return (rule for topic in TOPICS for rule in topic.rules)
