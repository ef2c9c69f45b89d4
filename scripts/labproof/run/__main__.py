"""`python -m labproof.run train.py --any arguments`: a script, seeded and recorded.

Or `python -m labproof.run -m package.module`. The script sees what it would see by itself: its own
folder first on sys.path, its arguments, `__name__ == "__main__"`.
"""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import traceback
import types

from labproof.run.records import run
from labproof.run.start import begin

MEND = (
    "Labproof ran {python} (Python {version}). Name the lab's own environment in tasks.yaml: "
    "`python: path/to/bin/python`, or `environment: requirements.txt`."
)


def main(arguments: list) -> int:
    """Run the script; its exit status."""
    if not arguments or arguments[0] in ("-h", "--help") or arguments == ["-m"]:
        print(__doc__, file=sys.stderr)
        return 2
    _fix_hashes()
    begin()
    status = 1
    try:
        status = _execute(arguments)
    finally:
        run.write(ended=status == 0)
    return status


def _fix_hashes() -> None:
    """Start anew with the order of sets and dict keys fixed, which Python takes at its start."""
    seed = os.environ.get("LABPROOF_SEED", "")
    if not seed.isdigit() or os.environ.get("PYTHONHASHSEED") == str(int(seed) % 2**32):
        return
    os.environ["PYTHONHASHSEED"] = str(int(seed) % 2**32)
    flags = subprocess._args_from_interpreter_flags()  # as multiprocessing starts its children
    command = [sys.executable, *flags, "-m", "labproof.run", *sys.argv[1:]]
    sys.stdout.flush()
    os.execv(sys.executable, command)


def _execute(arguments: list) -> int:
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
            _run_file(arguments[0])
    except SystemExit as end:
        return _status(end.code)
    except BaseException as error:
        _show(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _run_file(path: str) -> None:
    """As `python path`: the module stays, for pickles and for processes that are spawned."""
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    module = types.ModuleType("__main__")
    module.__file__, module.__builtins__ = path, __builtins__
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def _status(code) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


def _show(error: BaseException) -> None:
    """The traceback without our own frames, and for an import what may mend it."""
    trace = error.__traceback__
    while trace is not None and os.path.dirname(trace.tb_frame.f_code.co_filename) == _HERE:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)
    cause = _import_problem(error)
    if cause:
        mend = MEND.format(python=sys.executable, version=sys.version.split()[0])
        print(f"labproof.run: {cause}. {mend}", file=sys.stderr)


_HERE = os.path.dirname(os.path.abspath(__file__))


def _import_problem(error: BaseException) -> str:
    """What a package lacks, or an empty text where the error is of another kind."""
    lacking = re.search(r"module '([\w.]+)' has no attribute '(\w+)'", str(error))
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if package not in sys.modules:
            return f"the package {package} is missing"
        return f"{_versioned(package)} has no {error.name}: too new or too old for this code"
    if isinstance(error, ImportError) and error.name:
        return f"{_versioned(error.name)} does not fit this code: {error.msg}"
    if isinstance(error, AttributeError) and lacking and _versioned(lacking[1]) != lacking[1]:
        return f"{_versioned(lacking[1])} has no {lacking[2]}: too new or too old for this code"
    return ""


def _versioned(name: str) -> str:
    package = name.partition(".")[0]
    version = getattr(sys.modules.get(package), "__version__", "")
    return f"{package} {version}" if version else package


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
