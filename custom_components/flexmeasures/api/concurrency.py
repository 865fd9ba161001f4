"""What several ask at the same time, asked once; what belongs together, given up together."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Question[Answer]:
    task: asyncio.Task[Answer]
    waiting: int = 0


class Shared[Key: Hashable, Answer]:
    """Asks each question once at a time; who asks meanwhile shares the answer or failure."""

    def __init__(self) -> None:
        """Start with nothing asked."""
        self._questions: dict[Key, _Question[Answer]] = {}

    async def async_get(
        self, key: Key, ask: Callable[[], Coroutine[Any, Any, Answer]]
    ) -> Answer:
        """Return the answer to a question; one that nobody waits for any more is given up.

        Raises what `ask` raises.
        """
        question = self._questions.get(key)
        if question is None:
            question = _Question(asyncio.create_task(ask()))
            self._questions[key] = question
            question.task.add_done_callback(lambda _: self._forget(key, question))
        question.waiting += 1
        try:
            return await asyncio.shield(question.task)
        finally:
            question.waiting -= 1
            if not question.waiting:
                question.task.cancel()
                self._forget(key, question)

    def _forget(self, key: Key, question: _Question[Answer]) -> None:
        if self._questions.get(key) is question:
            del self._questions[key]


async def together(*questions: Coroutine[Any, Any, Any]) -> list[Any]:
    """Return the answers to several questions; if one fails, the others are given up.

    Raises what the first one that failed raised.
    """
    tasks = [asyncio.create_task(question) for question in questions]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if failure := task.exception():
                raise failure
        return [task.result() for task in tasks]
    finally:
        # Not a TaskGroup: it cancels the task that waits for it as well for a moment,
        # and Home Assistant then takes that for one that is to end.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
