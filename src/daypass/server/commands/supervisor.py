"""The parent of `daypass serve`'s workers: it holds the sockets, starts workers, and never touches a request.

    SIGTERM, SIGINT   workers drain, then we end
    SIGHUP            a new generation with the settings and keys read again; the old one drains
    a worker dies     another takes its place, after a back-off that grows while deaths repeat

A generation accepts only when all of it is ready, and the one before has been told to stop: no request sealed under a
new key can reach a worker that does not have it. Connections made in between wait in the sockets' queues.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from daypass.errors import ConfigError
from daypass.server.commands.terminal import CANNOT_START

__all__ = ["Supervisor", "WorkerCommand"]

_READY_SECONDS = 60
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 30.0
_HANDOVER_SECONDS = 0.25
"""From telling a generation to stop until it takes no further request; twice the server's tick."""
_HEALTHY_AFTER = 60.0
"""Seconds a worker must have lived for its death to be no sign of a pattern."""

_log = logging.getLogger("daypass.server.supervisor")


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """How a worker is started."""

    arguments: tuple[str, ...]
    """Behind `python -m daypass.server worker`."""
    environment: Mapping[str, str]
    inherited: tuple[int, ...]
    """Descriptors of the sockets."""
    kill_after: int
    """Seconds from SIGTERM to SIGKILL: the workers' own grace and some more."""


class _Worker:
    """One child and the pipe that keeps it serving."""

    def __init__(self, process: asyncio.subprocess.Process, control: int) -> None:
        self.process = process
        self.began = time.monotonic()
        self._control = control

    def go(self) -> None:
        with suppress(BrokenPipeError):
            os.write(self._control, b"go\n")

    async def end(self, kill_after: float) -> None:
        """SIGTERM, and SIGKILL when it does not end in time."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), kill_after)
        except TimeoutError:
            _log.warning("a worker did not drain in time", extra={"pid": self.process.pid})
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        self.close()

    def close(self) -> None:
        if self._control >= 0:
            os.close(self._control)
            self._control = -1


class Supervisor:
    """Runs `count` workers until told to stop."""

    def __init__(self, command: WorkerCommand, count: int) -> None:
        self._command = command
        self._count = count
        self._stop = asyncio.Event()
        self._generation: list[_Worker] = []
        self._delay = _FIRST_DELAY
        self._reloads = asyncio.Event()

    async def run(self, *, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> int:
        """Serve until SIGTERM or SIGINT. Returns the exit code.

        `on_stop` closes our copies of the sockets, so that new connections are refused while workers drain.
        Raises ConfigError when the first generation cannot start.
        """
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reloads.set)
        try:
            self._generation = await self._start_generation()
            if not self._stop.is_set():
                on_ready()
            while not self._stop.is_set():
                await self._wait_for_something()
        finally:
            on_stop()
            await self._end(self._generation)
        return 0

    async def _wait_for_something(self) -> None:
        """Until a signal or a death, and then what it asks for."""
        exits = {asyncio.create_task(worker.process.wait()): worker for worker in self._generation}
        signals = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._reloads.wait())]
        await asyncio.wait([*exits, *signals], return_when=asyncio.FIRST_COMPLETED)
        died = [worker for task, worker in exits.items() if task.done()]
        for task in (*exits, *signals):
            task.cancel()
        if self._stop.is_set():
            return
        if self._reloads.is_set():
            self._reloads.clear()
            await self._reload()
        for worker in died:
            await self._replace(worker)

    async def _reload(self) -> None:
        """Replace the whole generation; keep the old one when the new cannot start."""
        try:
            successors = await self._start_generation()
        except ConfigError as refusal:
            _log.error(
                "nothing was reloaded: the new workers cannot start", extra={"reason": refusal.message}
            )
            return
        predecessors, self._generation = self._generation, successors
        ending = asyncio.create_task(self._end(predecessors))
        await asyncio.sleep(_HANDOVER_SECONDS)
        for worker in successors:
            worker.go()
        await ending
        _log.info("reloaded", extra={"workers": len(successors)})

    async def _replace(self, dead: _Worker) -> None:
        """Start another for one that died, after the back-off."""
        if dead not in self._generation:
            return
        dead.close()
        self._generation.remove(dead)
        if time.monotonic() - dead.began >= _HEALTHY_AFTER:
            self._delay = _FIRST_DELAY
        _log.error(
            "a worker died",
            extra={"pid": dead.process.pid, "code": dead.process.returncode, "delay": self._delay},
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), self._delay)
        self._delay = min(self._delay * 2, _LONGEST_DELAY)
        if self._stop.is_set():
            return
        worker, is_ready = await self._start_worker()
        if is_ready:
            worker.go()
        self._generation.append(worker)

    async def _start_generation(self) -> list[_Worker]:
        """All workers, ready and waiting for `go` (the first generation gets it here). Raises ConfigError."""
        started = await asyncio.gather(*(self._start_worker() for _ in range(self._count)))
        workers = [worker for worker, _ in started]
        if not all(is_ready for _, is_ready in started) and not self._stop.is_set():
            codes = {worker.process.returncode for worker in workers}
            await self._end(workers)
            hint = "the reason stands above" if CANNOT_START in codes else ""
            raise ConfigError("the workers cannot start", hint=hint)
        if not self._generation:
            for worker in workers:
                worker.go()
        return workers

    async def _start_worker(self) -> tuple[_Worker, bool]:
        """A new child, and whether it became ready."""
        ready_read, ready_write = os.pipe()
        control_read, control_write = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "daypass.server", "worker", *self._command.arguments),
            *("--ready", str(ready_write), "--control", str(control_read)),
            env=dict(self._command.environment),
            pass_fds=(*self._command.inherited, ready_write, control_read),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone
        )
        os.close(ready_write)
        os.close(control_read)
        worker = _Worker(process, control_write)
        return worker, await self._wait_ready(ready_read)

    async def _wait_ready(self, descriptor: int) -> bool:
        """Whether the child said `ready` before it ended or the time was over."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[bool] = loop.create_future()

        def read() -> None:
            loop.remove_reader(descriptor)
            if not heard.done():
                heard.set_result(bool(os.read(descriptor, 16)))

        loop.add_reader(descriptor, read)
        stopping = asyncio.create_task(self._stop.wait())
        awaited: list[asyncio.Future[Any]] = [heard, stopping]
        await asyncio.wait(awaited, timeout=_READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        loop.remove_reader(descriptor)
        os.close(descriptor)
        return heard.done() and heard.result()

    async def _end(self, workers: Sequence[_Worker]) -> None:
        await asyncio.gather(*(worker.end(self._command.kill_after) for worker in workers))
