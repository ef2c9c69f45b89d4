"""Leaving in time: on a signal, though the main thread is busy, and before a limit."""

import signal
import subprocess
import sys
import time

import pytest

from labproof.training import stopping
from project import ROOT

PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGHUP, {hangup})  # whatever the tests themselves were started with
sys.path.insert(0, "scripts")
from labproof.training.stopping import stoppable

def leave(cause):
    print("left:", cause, flush=True)

with stoppable(leave, seconds={seconds}):
    print("ready", flush=True)
    {work}
print("end", flush=True)
time.sleep({after})
"""
# one step of the interpreter that takes seconds, as a call into TensorFlow does
BUSY = "sum(map(pow, [3] * 40, [10**6] * 40))"


def run(*, work, seconds=None, after=0, hangup="signal.SIG_DFL"):
    text = PROGRAM.format(work=work, seconds=seconds, after=after, hangup=hangup)
    return subprocess.Popen(
        [sys.executable, "-c", text], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("work", ["time.sleep(600)", BUSY], ids=["asleep", "busy"])
def test_a_signal_ends_the_process_behind_a_last_call(number, work):
    process = run(work=work)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    told, _ = process.communicate(timeout=60)
    assert told == f"left: {number.name}\n"
    assert process.returncode == stopping.STATUS


def test_under_nohup_a_closed_terminal_ends_nothing():
    process = run(work="time.sleep(1)", hangup="signal.SIG_IGN")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=60)[0] == "end\n"
    assert process.returncode == 0


def test_a_limit_ends_the_process_as_a_signal_does():
    process = run(work="time.sleep(600)", seconds=0.2)
    told, _ = process.communicate(timeout=60)
    assert told == "ready\nleft: its time is nearly over\n"
    assert process.returncode == stopping.STATUS


def test_behind_the_context_signals_mean_what_they_meant():
    process = run(work="pass", seconds=600, after=600)
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "end\n"]
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=60)
    assert told == ""
    assert process.returncode == -signal.SIGTERM


def test_a_context_that_ends_well_leaves_nothing_behind():
    before = signal.getsignal(signal.SIGTERM)
    for _ in range(50):
        with stopping.stoppable(lambda cause: None, seconds=600):
            time.sleep(0.001)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("4:05", 245),
        ("0:07", 7),
        ("3:04:05", 11045),
        ("2-03:04:05", 183845),
        ("UNLIMITED", None),
        ("INVALID", None),
        ("", None),
    ],
)
def test_the_time_left_as_squeue_tells_it(told, seconds, tmp_path, monkeypatch):
    fake = tmp_path / "squeue"
    fake.write_text(f'#!/bin/sh\n[ "$*" = "--noheader --jobs 17 --format %L" ] && echo "{told}"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert stopping.time_left() == seconds


def test_there_is_no_limit_outside_a_job(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert stopping.time_left() is None
