"""Makes the environment that `make` runs in: a virtual environment filled from the lock files.

    python3 workflow/envs/set_up.py base   .venv requirements.lock
    python3 workflow/envs/set_up.py tools  .venv requirements-test.lock
    python3 workflow/envs/set_up.py tools  .venv requirements-crate.lock
    python3 workflow/envs/set_up.py quarto .venv requirements-quarto.lock

`base` makes the environment anew, `tools` adds to it: by uv, which gets pip's settings, or by pip
itself where uv cannot. What is finished leaves a copy of its lock file in the environment, written
last: so an interrupted set-up is never taken for a finished one, and a lock file that has changed
is noticed. `quarto` tries to install the Quarto program once, within a time limit, and goes on
without it; `--again` tries again.

This file needs nothing but the standard library, and is kept readable for an old Python, since it
is what tells the user that the Python is too old.
"""

import argparse
import contextlib
import fcntl
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pip_settings

PYTHONS = ((3, 11), (3, 12), (3, 13))
MACHINES = (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"))
QUARTO_SECONDS = 180
QUARTO_SECONDS_AGAIN = 900
PARENT = os.getppid()

# Runs the command in its arguments, and ends with all its group when standard input does: that is a
# pipe from set_up.py, which the system closes however set_up.py ends, SIGKILL included.
GUARD = """
import os, signal, subprocess, sys, threading
def watch():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
os._exit(subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL) & 255)
"""


class SetUpError(Exception):
    """A set-up that cannot go on; the message says why and what mends it."""


def say(text):
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def check_machine():
    """Raise SetUpError where this Python or this machine cannot hold the environment."""
    found = f"{sys.executable} (Python {platform.python_version()})"
    if sys.version_info[:2] not in PYTHONS:
        cause = f"{found} will not do: Labproof needs Python 3.11, 3.12 or 3.13"
    elif not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        cause = f"{found} cannot make an environment: it lacks the venv and ensurepip modules"
        if shutil.which("apt-get"):
            cause += " (apt-get install python3-venv)"
    elif (platform.system(), platform.machine()) not in MACHINES:
        raise SetUpError(
            f"TensorFlow has no package for {platform.system()} on {platform.machine()}: run "
            "Labproof on Linux (x86_64, aarch64) or on macOS (arm64)"
        )
    else:
        return
    others = [f"python{major}.{minor}" for major, minor in reversed(PYTHONS)]
    other = next(filter(makes_environments, others), None)
    mend = f"here: make report PYTHON={other}" if other else "say: make report PYTHON=python3.12"
    raise SetUpError(f"{cause}. Name another one, {mend}")


def makes_environments(python):
    """Whether a Python of this name is here, runs, and has what makes an environment."""
    with contextlib.suppress(OSError):
        command = [python, "-c", "import venv, ensurepip"]
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    return False


@contextlib.contextmanager
def alone():
    """Hold a lock on this very file, so that set-ups started at once run one after the other."""
    with open(__file__, "r+") as handle:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command, log, seconds=None, env=None):
    """Run a command with its output in a log file; return its exit code, None for out of time.

    The command gets a process group of its own, and all of the group ends with this process, or
    when the make that started it has ended: pip starts further processes.
    """
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", GUARD] + [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
    waited = 0.0
    try:
        while seconds is None or waited < seconds:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(timeout=0.5)
            waited += 0.5
            if os.getppid() != PARENT:
                raise KeyboardInterrupt
            if sys.stdout.isatty():
                print(f"\r  {waited:.0f} s", end="", flush=True)
        return None
    finally:
        if sys.stdout.isatty() and waited:
            print("\r" + " " * 16, end="\r", flush=True)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdin.close()


def pip(venv, *arguments):
    """The pip command of an environment, deaf to the user's own PYTHON* variables."""
    options = ("--disable-pip-version-check", "--no-input")
    return (venv / "bin" / "python", "-I", "-m", "pip", *arguments, *options)


def install_by_uv(venv, lock, log):
    """Install a lock file's packages by uv; return why not, or nothing where it did."""
    settings = pip_settings.read(venv / "bin" / "python")
    options, variables, unknown = pip_settings.for_uv(settings)
    if unknown:
        return "pip is told " + ", ".join(unknown) + ", which uv does not know"
    uv = venv / "bin" / "uv"
    if not uv.exists():
        command = pip(
            venv, "install", "--require-hashes", "-r", lock.with_name("requirements-uv.lock")
        )
        if run(command, log, env=dict(os.environ, PIP_USER="0")) != 0:
            return f"uv itself could not be installed, why: {log}"
    # The user's own settings of uv are for other projects; where its files lie is for all.
    env = {key: os.environ[key] for key in os.environ if not key.startswith("UV_")}
    if "UV_CACHE_DIR" in os.environ:
        env["UV_CACHE_DIR"] = os.environ["UV_CACHE_DIR"]
    bundle = env.get("REQUESTS_CA_BUNDLE") or env.get("CURL_CA_BUNDLE")
    if bundle:  # pip looks there, uv does not
        env.setdefault("SSL_CERT_FILE", bundle)
    env.update(variables)
    command = [uv, "pip", "install", "--no-config", "--system-certs", "--no-progress", *options]
    command += ["--python", venv / "bin" / "python", "-r", lock]
    steps = [["--require-hashes"]]
    if "constraint" in settings:
        files = settings["constraint"].split()
        steps.insert(
            0, ["--dry-run", *(word for file in files for word in ("--constraints", file))]
        )
    for step in steps:
        if run(command + step, log, env=env) != 0:
            return f"uv could not install {lock}, why: {log}"
    return None


def install(venv, lock):
    """Install a lock file's packages, every one checked against its hash."""
    why = install_by_uv(venv, lock, venv / f"{lock.stem}-uv.log")
    if not why:
        return
    say(f"pip makes the environment, which takes longer ({why}).")
    log = venv / f"{lock.stem}.log"
    command = pip(venv, "install", "--require-hashes", "--progress-bar", "off", "-r", lock)
    # A user's or a cluster's pip settings may ask for --user, which fails in an environment.
    if run(command, log, env=dict(os.environ, PIP_USER="0")) != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise SetUpError(
            f"{tail}\nSet-up failed: pip could not install {lock} (the end of {log} is above). "
            "Mend what it names, then run make again"
        )


def is_current(venv, lock):
    """Whether the environment runs and holds this very lock file's packages."""
    stamp = venv / lock.name
    python = venv / "bin" / "python"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        return False
    with contextlib.suppress(OSError):
        return subprocess.call([str(python), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0
    return False


def stamp(venv, lock):
    """Leave the copy of the lock file that says: finished."""
    part = venv / (lock.name + ".part")
    shutil.copyfile(str(lock), str(part))
    os.replace(str(part), str(venv / lock.name))


def base(venv, lock):
    """Make the environment anew and fill it from the main lock file."""
    check_machine()
    say(f"Setting up {venv} from {lock}: once, for some seconds beside the download.")
    for old in venv.glob("requirements*.lock"):
        old.unlink()
    make = [sys.executable, "-m", "venv", "--clear", str(venv)]
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch, "venv.log")
        if run(make, log) != 0:
            reason = log.read_text(errors="replace").strip()
            raise SetUpError(f"{reason}\nSet-up failed: {' '.join(make)}")
    install(venv, lock)


def tools(venv, lock):
    """Add the packages of a further lock file to the environment."""
    say(f"Adding {lock} to {venv}.")
    install(venv, lock)


def answers(program, log):
    """Whether a program can be started and tells its version."""
    with contextlib.suppress(OSError):
        return run((program, "--version"), log, seconds=60) == 0
    return False


def quarto(venv, lock, again):
    """Try to install Quarto, and return whether it is there; without it Pandoc renders the page.

    The package holds no program: it downloads one while it installs. So behind a closed network
    it fails, or waits for ever.
    """
    log = venv / "quarto.log"
    path = os.pathsep.join([str(venv / "bin"), os.environ.get("PATH", "")])
    found = shutil.which("quarto", path=path)
    if found and answers(found, log):
        if again:
            say(f"Quarto is there already: {found}")
        return True

    seconds = QUARTO_SECONDS_AGAIN if again else QUARTO_SECONDS
    say(f"Trying to install Quarto, for {seconds} s at most.")
    with tempfile.TemporaryDirectory(dir=str(venv), prefix="quarto-") as scratch:
        env = dict(os.environ, PIP_USER="0", TMPDIR=scratch)
        command = pip(venv, "install", "--require-hashes", "--no-deps", "-r", lock)
        code = run(command, log, seconds=seconds, env=env)
    program = venv / "bin" / "quarto"
    if code == 0 and answers(program, log):
        say("Quarto was installed: it renders the page.")
        return True

    for left in [program, *venv.glob("lib/python*/site-packages/*quarto_cli*")]:
        if left.is_dir():
            shutil.rmtree(str(left))
        elif left.exists():
            left.unlink()
    cause = f"not within {seconds} s" if code is None else f"why: {log}"
    say(
        f"Quarto could not be installed ({cause}): the page is rendered by Pandoc instead. "
        "`make quarto` tries again."
    )
    return False


def stop(number, frame):
    """End as on Ctrl-C, so that what was started is stopped too."""
    raise KeyboardInterrupt


def main():
    """Read the command line, do one step, and answer a failure with its message alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=("base", "tools", "quarto"))
    parser.add_argument("venv", type=Path)
    parser.add_argument("lock", type=Path)
    parser.add_argument("--again", action="store_true", help="try Quarto although it failed before")
    options = parser.parse_args()
    venv, lock = options.venv, options.lock
    there = True
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        with alone():
            if options.again or not is_current(venv, lock):
                if options.step == "quarto":
                    there = quarto(venv, lock, options.again)
                else:
                    {"base": base, "tools": tools}[options.step](venv, lock)
            stamp(venv, lock)
    except SetUpError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Set-up interrupted; the next make begins it anew.")
    return 0 if there or not options.again else 1


if __name__ == "__main__":
    sys.exit(main())
