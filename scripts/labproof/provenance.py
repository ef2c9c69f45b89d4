"""What a result hangs on: the logic of the code that made it, and the machine and versions."""

import ast
import hashlib
import importlib.metadata
import json
import platform
import resource
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from labproof import whole
from labproof.files import below

PACKAGES = (
    "keras",
    "keras-cv",
    "tensorflow",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "snakemake",
)
KEPT = Path(".snakemake/labproof.logic")  # what parsing told, for the next start
# What may begin with a docstring.
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def code_hash(script: Path) -> str:
    """Hash of the logic of a script and of all labproof modules that it imports, directly or not.

    Comments, docstrings and formatting do not count, so editing them reruns nothing; a change of
    logic changes the hash of every script that depends on the module, and of no other.

    Parameters
    ----------
    script
        A Python file beside the package `labproof`.
    """
    root = script.resolve().parent
    there = _parsed_below(root)
    known: dict[str, str] = {}
    waiting = [script.name]
    while waiting:
        file = waiting.pop()
        if file not in known:
            known[file], imported = there[file] or _parsed(_text(root / file))
            waiting += there.keys() & imported
    digest = hashlib.sha256()
    for file, logic in sorted(known.items()):
        # two rooms may have modules of one name
        digest.update(f"{file}\0{logic}\0".encode())
    return digest.hexdigest()[:16]


@cache
def _parsed_below(root: Path) -> dict[str, tuple[str, frozenset[str]] | None]:
    """`_parsed` of each Python file below a folder, None of one that cannot be parsed.

    Parsing takes a fifth of a run that has nothing to do. So what it told stands in `KEPT`, by the
    hash of the text, of this module and of Python's version: what has changed is parsed again.
    """
    files = {file.relative_to(root).as_posix(): file for file in root.rglob("*.py")}
    version = f"{sys.version}\0{_text(Path(__file__))}\0"
    found, before, after = dict.fromkeys(files), _kept(), {}
    for name, file in files.items():
        with suppress(OSError, ValueError, SyntaxError):  # told where it is imported
            text = _text(file)
            key = hashlib.sha256(f"{version}{text}".encode()).hexdigest()
            found[name] = after[key] = before.get(key) or _parsed(text)
    if after.keys() != before.keys():
        told = json.dumps({key: [logic, sorted(names)] for key, (logic, names) in after.items()})
        with suppress(OSError):  # it is there to save time
            whole.write(KEPT, [f"{data_hash(told)}\n{told}".encode()])
    return found


def _kept() -> dict[str, tuple[str, frozenset[str]]]:
    """What is written in `KEPT`; nothing where it is not whole."""
    with suppress(OSError, ValueError):
        check, _, told = _text(KEPT).partition("\n")
        if check == data_hash(told):
            return {
                key: (logic, frozenset(names)) for key, (logic, names) in json.loads(told).items()
            }
    return {}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _parsed(text: str) -> tuple[str, frozenset[str]]:
    """Hash of a file's syntax tree without its docstrings, and the files that it may import.

    Wherever in it an import stands; as paths below a folder of modules. One walk of our own: with
    `ast.walk` and `ast.dump` these hashes were a third of what Snakemake takes to plan.
    """
    told: list[str] = []
    names: set[str] = set()

    def tell(node: object) -> None:
        kind = type(node)
        if kind is list:
            told.append(f"{len(node)}")
            for entry in node:
                tell(entry)
        elif isinstance(node, ast.AST):
            told.append(kind.__name__)
            if kind is ast.Import:
                names.update(alias.name for alias in node.names)
            elif kind is ast.ImportFrom and node.module:
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
            elif kind in DOCUMENTED and ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
            for field in kind._fields:
                tell(getattr(node, field, None))
        else:
            told.append(repr(node))

    tell(ast.parse(text))
    return hashlib.sha256("\0".join(told).encode()).hexdigest(), _files(names)


def _files(names: Iterable[str]) -> frozenset[str]:
    """Files that imports of these names would run: `import a.b` runs a/__init__.py too."""
    found = set()
    for name in names:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            place = "/".join(parts[:count])
            found |= {f"{place}.py", f"{place}/__init__.py"}
    return frozenset(found)


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Version of Python and of each of the packages that is installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        for name in (package, f"{package}-cpu"):
            try:
                found[package] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue
            break
    return found


def peak_memory() -> float:
    """Largest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def data_hash(data: object) -> str:
    """Hash of what JSON can say, its order included."""
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]


def file_hash(file: Path) -> str:
    """Hash of what a file holds."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def files_hash(files: Sequence[Path], root: Path) -> str:
    """Hash of a user's files and folders below `root`.

    A change of logic in Python code and in a notebook's cells changes it, a comment does not; of a
    file that Python cannot read so, and of all others, any change does: their content up to 16 MiB,
    beyond that and in folders size and time.
    """
    told = hashlib.sha256()
    for path in files:
        state = listing_hash(path, _logic) if path.is_dir() else _logic(path) or _content(path)
        told.update(f"{path.relative_to(root).as_posix()}\0{state}\n".encode())
    return told.hexdigest()[:16]


def _logic(path: Path) -> str:
    """What hangs on a file's logic alone; nothing where it is no code, or of another version."""
    try:
        if path.suffix == ".py":
            return _parsed(path.read_text(encoding="utf-8"))[0]
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            return data_hash([cell["source"] for cell in cells if cell["cell_type"] == "code"])
    except (OSError, SyntaxError, ValueError, KeyError, TypeError):
        pass
    return ""


def _size_and_time(path: Path) -> str:
    try:
        known = path.stat()
    except OSError:  # such as a link that leads nowhere yet
        return "cannot be read"
    return f"{known.st_size}\0{known.st_mtime_ns}"


def _content(path: Path) -> str:
    return _size_and_time(path) if path.stat().st_size > 16 * 2**20 else file_hash(path)


def listing_hash(folder: Path | str, logic: Callable[[Path], str] = lambda path: "") -> str:
    """Hash of the names, sizes and times of all files below a folder: changes when a file does.

    Of a file of which `logic` tells something, that counts in the place of size and time.
    """
    told = hashlib.sha256()
    for path in below(folder):
        state = logic(path) or _size_and_time(path)
        told.update(f"{path.relative_to(folder).as_posix()}\0{state}\n".encode())
    return told.hexdigest()[:16]
