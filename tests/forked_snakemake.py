"""Snakemake, forked from a process that has imported it once: its import is half of a dry run.

Run as a program it is that process. It reads a call a line and answers with its exit status; each
call is a process of its own, with what `python -m snakemake` would do there.
"""

import atexit
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

# What Snakemake imports while it plans, and nothing of the project's: each copy brings its own.
AHEAD = ("snakemake.cli", "snakemake.report", "jsonschema", "yaml")


def run(folder: Path, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """`python -m snakemake` in a folder; stdout and stderr come together in `stdout`."""
    server = _server()
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as told:
        call = {
            "folder": str(folder),
            "arguments": arguments,
            "environment": environment,
            "told": told.name,
        }
        server.stdin.write(json.dumps(call) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, told.read())


@cache
def _server() -> subprocess.Popen:
    command = [sys.executable, "-P", __file__]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.communicate)  # the end of its input ends it
    return server


def serve() -> None:
    """Fork for each line of the standard input."""
    for name in AHEAD:
        importlib.import_module(name)
    for line in sys.stdin:
        call = json.loads(line)
        child = os.fork()
        if not child:
            break
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    else:
        return
    told = os.open(call["told"], os.O_WRONLY | os.O_APPEND)
    for stream, place in enumerate((os.open(os.devnull, os.O_RDONLY), told, told)):
        os.dup2(place, stream)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.path[:0] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["snakemake", *call["arguments"]]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve()
