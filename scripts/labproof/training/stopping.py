"""Leaving in time: on SIGTERM, Ctrl-C, a closed terminal, and shortly before a cluster's limit."""

import os
import re
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STATUS = 143  # 128 + SIGTERM, as a shell would tell it
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def stoppable(leave: Callable[[str], None], *, seconds: float | None = None) -> Iterator[None]:
    """End the process when it is told to, after a last call of `leave` with the cause in words.

    A thread of its own waits for the signal: Python's handlers run between two steps of the main
    thread, and an epoch of a large network is one step that may take minutes.

    Parameters
    ----------
    leave
        Called from the other thread while the main one goes on; the process ends behind it.
    seconds
        After so long the process ends as if it were told to; None: never.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def wait():
        ready, _, _ = select.select([reader], [], [], seconds)
        number = reader.recv(1)[0] if ready else None
        if number == 0:  # the end of the context
            return
        try:
            leave("its time is nearly over" if number is None else signal.Signals(number).name)
        finally:
            os._exit(STATUS)

    numbers = set(SIGNALS)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # nohup: to go on without a terminal
        numbers.remove(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    wakeup = signal.set_wakeup_fd(writer.fileno())  # written to by the C handler, at once
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.send(b"\0")
        thread.join()
        reader.close()
        writer.close()


def time_left() -> float | None:
    """Seconds until SLURM ends the job that this process is in; None: no job, or no limit."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return None
    command = ["squeue", "--noheader", "--jobs", job, "--format", "%L"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return None
    # [days-][hours:]minutes:seconds
    found = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", told)
    if found is None:  # UNLIMITED, NOT_SET
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
