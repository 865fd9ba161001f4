"""What handles each control type under which a resource is controlled."""

from .ddbc.handler import DdbcHandler
from .frbc.handler import FrbcHandler
from .handler import ControlTypeHandler
from .messages.message import ControlType
from .ombc.handler import OmbcHandler
from .pebc.handler import PebcHandler
from .ppbc.handler import PpbcHandler

_HANDLERS: dict[ControlType, type[ControlTypeHandler]] = {
    ControlType.DEMAND_DRIVEN: DdbcHandler,
    ControlType.FILL_RATE: FrbcHandler,
    ControlType.OPERATION_MODE: OmbcHandler,
    ControlType.POWER_ENVELOPE: PebcHandler,
    ControlType.POWER_PROFILE: PpbcHandler,
}


def make_handler(control_type: ControlType) -> ControlTypeHandler:
    """A handler that knows nothing yet; there is none for types that control nothing."""
    return _HANDLERS[control_type]()
