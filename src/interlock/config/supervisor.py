"""Keeps the processes of an installation alive, and ends them together. Loads no Django, to stay small."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial

LOOK = 0.2
GRACE = 7.0
STEADY = 10.0  # a process that lived this long had started well
PATIENCE = 5  # so many deaths in a row before that, and nothing is gained by yet another start


def die_with(parent: int, how: signal.Signals = signal.SIGTERM) -> None:
    """Have this process signalled when its parent ends, however that ends. Linux alone can do so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, how)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os.kill(os.getpid(), how)


class Process:
    """One command that is started anew whenever it ends."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self.command = name, command
        self.early_deaths = 0
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        # A session of its own: Ctrl-C in a terminal reaches us alone, and we end the others in order.
        self.running = subprocess.Popen(  # noqa: S603
            self.command, start_new_session=True, preexec_fn=partial(die_with, os.getpid())
        )
        self.due: float | None = None

    def look_after(self) -> None:
        if self.due is not None:
            if time.monotonic() >= self.due:
                self.start()
        elif (status := self.running.poll()) is not None:
            lived = time.monotonic() - self.started
            self.early_deaths = 0 if lived >= STEADY else self.early_deaths + 1
            self.due = time.monotonic() + (0 if self.early_deaths < 2 else 2.0 ** (self.early_deaths - 1))
            say(f"{self.name} ended ({describe(status)}); starting it again")

    @property
    def hopeless(self) -> bool:
        return self.early_deaths >= PATIENCE

    def stop(self, deadline: float) -> None:
        try:
            self.running.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()


def supervise(commands: Mapping[str, Sequence[str]]) -> int:
    """Run the commands until asked to stop. Returns an exit status: 1 if one of them would not stay up."""
    stopping = threading.Event()
    for ask in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ask, lambda *_: stopping.set())
    processes = [Process(name, command) for name, command in commands.items()]
    hopeless = False
    while not (hopeless or stopping.wait(LOOK)):
        for process in processes:
            process.look_after()
        hopeless = any(process.hopeless for process in processes)
    for process in processes:
        process.running.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes:
        process.stop(deadline)
    if hopeless:
        say("giving up: what is said above keeps it from starting")
    return int(hopeless)


def describe(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"


def say(what: str) -> None:
    sys.stderr.write(f"interlock serve: {what}\n")


def python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def main(host: str, port: str, web_processes: str) -> int:
    return supervise(
        {
            "web": python("interlock.config.server", host, port, web_processes),
            "worker": python("interlock.config.cli", "worker"),
        }
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
