"""Going through flows as a user does: which step comes, and what its form has filled in."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import SandboxError


async def submit_step(
    submit: Any, step: Mapping[str, Any], step_id: str, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Submit a step of a flow, which has to be the expected one and without errors."""
    if step.get("step_id") != step_id or step.get("errors"):
        raise SandboxError(
            f"The flow does not get to its step {step_id}: {shown(step)}"
        )
    answer: dict[str, Any] = await submit(step["flow_id"], data)
    return answer


def require_entry(step: Mapping[str, Any], what: str) -> None:
    """Check that a flow has ended with what it was for."""
    if step["type"] != "create_entry":
        raise SandboxError(f"The flow did not accept {what}: {shown(step)}")


def shown(step: Mapping[str, Any]) -> dict[str, Any]:
    """What can be said of a step: its texts may have a token in them."""
    keys = ("type", "step_id", "errors", "reason")
    return {key: step[key] for key in keys if key in step}


def filled_in(
    fields: Iterable[Mapping[str, Any]], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """What a form shows, but for some changes; in sections, if it has any."""
    values: dict[str, Any] = {}
    for field in fields:
        name = field["name"]
        if "schema" in field:
            values[name] = filled_in(field["schema"], changes)
        elif name in changes:
            values[name] = changes[name]
        elif (value := field.get("description", {}).get("suggested_value")) is not None:
            values[name] = value
    return values
