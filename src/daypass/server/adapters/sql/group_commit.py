"""Group commit: calls that arrive together share one transaction, and each gets its own answer after it.

The first call of an idle group waits one turn of the event loop for its neighbours. While `in_flight`
batches are being committed, arrivals form the next one, so batches grow exactly as fast as the database
falls behind. A batch that fails is repeated one operation at a time: a bad operation fails alone. The
operations must therefore be safe to repeat when a commit's answer was lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["GroupCommit"]

Operation = TypeVar("Operation")
Result = TypeVar("Result")

LARGEST_BATCH = 256
"""Bounds how long one transaction can hold its locks."""


class GroupCommit(Generic[Operation, Result]):
    """One kind of operation. `commit` runs a batch in one transaction and returns the results in its order."""

    def __init__(
        self, commit: Callable[[Sequence[Operation]], Awaitable[Sequence[Result]]], *, in_flight: int
    ) -> None:
        self._commit = commit
        self._in_flight = in_flight
        self._waiting: list[tuple[Operation, asyncio.Future[Result]]] = []
        self._batches: set[asyncio.Task[None]] = set()

    def submit(self, operation: Operation) -> "asyncio.Future[Result]":
        """The result of the operation, committed; or the failure of this operation alone."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, future))
        if len(self._waiting) == 1:
            self._start_batch()
        return future

    async def drain(self) -> None:
        """Wait until everything submitted so far is answered."""
        while self._batches:
            await asyncio.wait(self._batches)

    def _start_batch(self) -> None:
        if len(self._batches) < self._in_flight:
            # A task starts in the next turn of the loop: by then the neighbours have arrived.
            batch = asyncio.get_running_loop().create_task(self._run_batch())
            self._batches.add(batch)
            batch.add_done_callback(self._end_batch)

    def _end_batch(self, batch: asyncio.Task[None]) -> None:
        self._batches.discard(batch)
        if self._waiting:
            self._start_batch()

    async def _run_batch(self) -> None:
        batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
        if self._waiting:
            self._start_batch()
        if not batch:
            return  # a batch that started at the same moment took them
        try:
            await self._answer(batch)
        finally:
            for _, future in batch:
                future.cancel()  # only those without an answer: this batch was cancelled itself

    async def _answer(self, batch: Sequence[tuple[Operation, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._commit([operation for operation, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
            if len(batch) > 1:
                for entry in batch:
                    await self._answer([entry])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
