"""Someone who looks at plans on a dashboard."""

from typing import Any

from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket

from ..home import Json

UNLOADED: Json = {"unloaded": True}


class Viewer:
    """Asks what the card asks, over a real connection."""

    def __init__(self, client: MockHAClientWebSocket) -> None:
        """Use a connection of some user."""
        self._client = client
        self._last_id = 0

    async def ask(self, kind: str, **more: Any) -> Json:
        """Send a command and give the answer to it."""
        self._last_id += 1
        await self._client.send_json(
            {"id": self._last_id, "type": f"flexmeasures/{kind}", **more}
        )
        answer: Json = await self._client.receive_json()
        assert answer["id"] == self._last_id
        return answer

    async def refusal(self, kind: str, **more: Any) -> str:
        """Send a command that is refused; give why."""
        answer = await self.ask(kind, **more)
        assert not answer["success"]
        code: str = answer["error"]["code"]
        return code

    async def look_at(self, device_id: str, **more: Any) -> Json:
        """Subscribe to a device's plan; give what is shown at once."""
        answer = await self.ask("plan/subscribe", device_id=device_id, **more)
        assert answer["success"]
        assert answer["result"] is None
        (picture,) = await self.news()
        return picture

    async def stop(self, subscription: int) -> None:
        """End a subscription, as a card does that is not on the screen any more."""
        self._last_id += 1
        await self._client.send_json(
            {
                "id": self._last_id,
                "type": "unsubscribe_events",
                "subscription": subscription,
            }
        )
        assert (await self._client.receive_json())["success"]

    async def news(self) -> list[Json]:
        """Give all that was pushed since the last look, whichever subscription it is of."""
        self._last_id += 1
        await self._client.send_json({"id": self._last_id, "type": "ping"})
        pushed: list[Json] = []
        while (message := await self._client.receive_json())["type"] != "pong":
            assert message["type"] == "event"
            pushed.append(message["event"])
        return pushed
