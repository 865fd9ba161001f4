"""What handles each control type under which a resource is controlled."""

from .control_types.base import ControlTypeHandler
from .control_types.ddbc import DdbcHandler
from .control_types.frbc import FrbcHandler
from .control_types.ombc import OmbcHandler
from .control_types.pebc import PebcHandler
from .control_types.ppbc import PpbcHandler
from .messages import ControlType

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
