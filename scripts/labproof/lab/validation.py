"""YAML file -> checked data, or one message that a user can act on."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from labproof.errors import LabError


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML in which a key written twice is an error: the first would be lost in silence."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict:
    keys = set()
    for key, _ in node.value:
        if key.value in keys:
            raise yaml.constructor.ConstructorError(
                None, None, f'the key "{key.value}" stands twice', key.start_mark
            )
        keys.add(key.value)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


# Aliases that stand for aliases explode: nine short lines can mean a billion values.
MOST = 200_000
SHORTER = "Take out aliases (*name), or write less."


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values of a node with its aliases written out; without end where one holds itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = MOST + 1  # until it is counted
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in parts for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def read(file: str | Path, root: Path = Path()) -> Any:
    """Read the YAML file `root / file`; messages name `file`.

    LabError where it is missing, empty or not YAML, with line and column.
    """
    try:
        text = (root / file).read_text(encoding="utf-8")
    except FileNotFoundError:
        near = Path(file).with_suffix(".yml")
        mend = f"Call {near} so." if (root / near).is_file() else _begin(file)
        raise LabError(f"{file}: there is no such file. {mend}") from None
    except OSError as error:
        raise LabError(f"{file}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise LabError(f"{file}: is not text in UTF-8. Save it as UTF-8.") from None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node and _size(node, {}) > MOST:
            raise LabError(f"{file}: holds more than {MOST} values. {SHORTER}")
        data = None if node is None else loader.construct_document(node)
    except RecursionError:
        raise LabError(f"{file}: is nested too deeply. {SHORTER}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise LabError(
            f"{file}, line {mark.line + 1}, column {mark.column + 1}: not valid YAML, "
            f"{error.problem}. {_mend(text, error)}"
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        sign = ascii(chr(error.character))
        raise LabError(
            f"{file}, line {line}: holds the control character {sign}. Take it out."
        ) from None
    except yaml.YAMLError as error:
        raise LabError(f"{file}: not valid YAML, {error}.") from None
    if data is None:
        raise LabError(f"{file}: is empty. {_begin(file)}")
    return data


def _begin(file: str | Path) -> str:
    """Where a file that is not there, or empty, can be had from."""
    own = Path(file).name in ("tasks.yaml", "findings.yaml")
    copy = "workflow/template/ has one to begin with" if own else "Restore the project's own copy"
    return f"{copy}."


# Signs that text cannot begin with unless it is in quotes.
RESERVED = re.compile(r"(?:^|[:,\[{-]\s)\s*([@`%*&!])")


def _mend(text: str, error: yaml.MarkedYAMLError) -> str:
    """What mends a line that is no YAML, as far as it can be seen."""
    mark = error.problem_mark
    line = dict(enumerate(text.splitlines())).get(mark.line, "")
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return "Indent with blanks: a tab cannot."
    reserved = RESERVED.search(line)
    if reserved:
        return f"Text that begins with {reserved[1]} needs quotes."
    if "mapping values" in error.problem:
        return "Text with a colon and a blank in it needs quotes; else check the indentation."
    if "stands twice" in error.problem:
        return "Take one of the two away."
    return "Check indentation, colons and brackets there."


def suggest(word: Any, known: Iterable[str]) -> str:
    """' Did you mean "…"?' for a near miss, else the list of what is known."""
    known = list(known)
    close = difflib.get_close_matches(str(word), known, n=1)
    return f' Did you mean "{close[0]}"?' if close else f" Known: {', '.join(known)}."


def problem(
    file: Path, keys: Iterable, cause: str, example: Any = None, *, at: Iterable | None = None
) -> LabError:
    """A LabError that names a file, a key and the cause, and shows the YAML to write instead.

    `example` is the value to show at that key, or at the key path `at`; None shows nothing.
    """
    keys = list(keys)
    place = f"{file}, key {'.'.join(map(str, keys))}" if keys else f"{file}"
    if example is None:
        return LabError(f"{place}: {cause}")
    snippet = _snippet(keys if at is None else list(at), example)
    return LabError(f"{place}: {cause}\nWrite for example:\n\n{snippet}")


def missing(file: Path, place: list, examples: Mapping[str, Any], at: list) -> LabError:
    """A LabError of all keys that lack at a place; `examples` has their values, None for no one."""
    shown = {key: value for key, value in examples.items() if value is not None}
    names = list(examples)
    if len(names) == 1:
        return problem(file, [*place, *names], "is missing.", shown.get(names[0]), at=[*at, *names])
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return problem(file, place, f"{listed} are missing.", shown or None, at=at)


class Schemas:
    """The project's JSON Schemas, in YAML, from one folder, with their references put in."""

    def __init__(self, folder: Path):
        files = {
            file.name: read(file.name, folder) for file in sorted(folder.glob("*.schema.yaml"))
        }
        self.schemas = {name: _inlined(schema, name, files) for name, schema in files.items()}

    def definition(self, name: str) -> dict:
        """One of the shared definitions, such as the pattern of names."""
        return self.schemas["common.schema.yaml"]["$defs"][name]

    def typed(self, data: Any, schema: str, written: Any) -> Any:
        """The data with numbers where the schema wants them and `written`, a file, has others: a
        command line gives nested numbers as text, {marker: 0.5} as {"marker": "0.5"}.
        """
        return _typed(data, _numbers(self.schemas[schema]), written)

    def check(self, data: Any, schema: str, file: Path) -> None:
        """Raise the LabError of the first thing in `data` that the schema forbids."""
        validator = _Validator(self.schemas[schema])
        errors = sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.path)))
        # a misspelt key explains a missing one, so it comes first
        errors.sort(key=lambda error: error.validator != "additionalProperties")
        if errors:
            raise _translate(errors[0], file, data)


# JSON Schema takes 10.0 for an integer, and infinity for a number; an epoch or a rate is neither.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
            ),
        }
    ),
)


def _inlined(part: Any, file: str, files: dict) -> Any:
    """A schema with each reference replaced by what it names; what stands beside it wins.

    So an error finds the description and the example of the very key, not of a shared definition.
    """
    if isinstance(part, list):
        return [_inlined(item, file, files) for item in part]
    if not isinstance(part, dict):
        return part
    part = dict(part)
    if "$ref" in part:
        name, _, path = part.pop("$ref").partition("#/$defs/")
        part = {**files[name or file]["$defs"][path], **part}
    return {key: _inlined(value, file, files) for key, value in part.items()}


def _numbers(part: Any) -> set[str]:
    """Keys whose values a schema wants to be numbers, wherever they stand."""
    if isinstance(part, list):
        return set().union(*map(_numbers, part))
    if not isinstance(part, dict):
        return set()
    found = {
        key
        for key, about in part.get("properties", {}).items()
        if isinstance(about, dict) and about.get("type") in ("number", "integer")
    }
    return found.union(*map(_numbers, part.values()))


def _typed(data: Any, numbers: set[str], written: Any) -> Any:
    if not isinstance(data, Mapping) or data == written:
        return data
    found = {}
    for key, value in data.items():
        before = written.get(key) if isinstance(written, Mapping) else None
        text = isinstance(value, str) and value != before and _is_number(value)
        found[key] = yaml.safe_load(value) if text and key in numbers else value
        found[key] = _typed(found[key], numbers, before)
    return found


def _named(path: Iterable, data: Any) -> list:
    """A path in which an item of a list is called by its own id, where it has one."""
    names = []
    for key in path:
        data = data[key]
        own = isinstance(key, int) and isinstance(data, dict) and data.get("id")
        names.append(own or key)
    return names


def _translate(error: jsonschema.ValidationError, file: Path, data: Any) -> LabError:
    keys, schema, value = list(error.path), error.schema, error.instance
    path = _named(keys, data)
    # an example shows where it goes, but for an item of a list: the item's own keys alone
    items = [place for place, key in enumerate(keys) if isinstance(key, int)]
    shown = keys[items[-1] + 1 :] if path != keys else keys
    example = schema.get("examples", [None])[0]
    means = f" Meaning: {schema['description']}." if schema.get("description") else ""
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        key = next(key for key in value if key not in known)
        cause = f"unknown key.{suggest(key, known)}"
        near = difflib.get_close_matches(str(key), known, n=1)
        if not near:
            return problem(file, [*path, key], cause)
        example = known[near[0]].get("examples", [value[key]])[0]
        return problem(file, [*path, key], cause, example, at=[*shown, near[0]])
    if error.validator == "required":
        known = schema.get("properties", {})
        gone = [key for key in error.validator_value if key not in value]
        examples = {key: known.get(key, {}).get("examples", [None])[0] for key in gone}
        return missing(file, path, examples, shown)
    if "propertyNames" in error.absolute_schema_path:
        if not isinstance(value, str):
            cause = f"YAML takes this name for {_kind(value)}: put it in quotes, '{value}'."
            return problem(file, [*path, value], cause)
        cause = f"this name is not allowed. A name is {schema['description']}: {example}."
        return problem(file, [*path, value], cause)
    if error.validator == "type":
        cause = f"must be {_article(error.validator_value)}, but is {_show(value)}.{means}"
        if isinstance(value, str) and _is_number(value):
            cause += " YAML takes it for text: leave out quotes, and write 1e-4 as 1.0e-4."
        if error.validator_value == "string" and not isinstance(value, dict | list | None):
            cause += f" YAML takes it for {_kind(value)}: put it in quotes."
    elif error.validator == "enum":
        known = [str(option) for option in error.validator_value]
        cause = f"{_show(value)} is not known.{suggest(value, known)}"
    elif error.validator in _LIMITS:
        cause = f"must {_LIMITS[error.validator].format(error.validator_value)}, but is {value}."
        cause += means
    elif error.validator in ("minItems", "minProperties", "minLength"):
        fewest = f"needs at least {error.validator_value}, and has {len(value)}"
        cause = f"{fewest if value else 'is empty'}.{means}"
    else:
        cause = f"{_show(value)} does not fit.{means}"
    return problem(file, path, cause, example, at=shown)


_LIMITS = {
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusiveMinimum": "be above {}",
    "exclusiveMaximum": "be below {}",
    "maxItems": "have at most {} entries",
    "maxLength": "have at most {} characters",
}


def _article(kind: str | list[str]) -> str:
    if isinstance(kind, list):
        return " or ".join(_article(one) for one in kind)
    names = {
        "object": "keys with values",
        "array": "a list",
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
    }
    return names[kind]


def _kind(value: Any) -> str:
    """What YAML takes an unquoted word for."""
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a date or an empty value"


def _show(value: Any) -> str:
    if value is None:
        return "empty"
    return yaml.safe_dump(value, default_flow_style=True).strip().removesuffix("...").strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _snippet(keys: list[str | int], value: Any) -> str:
    """The YAML of `value` at its place, lists shown by their own item."""
    for key in reversed(keys):
        value = [value] if isinstance(key, int) else {key: value}
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, allow_unicode=True)
    return "".join(f"    {line}\n" for line in text.splitlines()).rstrip()
