"""Wrong configs: one message with file, key and mend; no traceback, and no job is started."""

import jsonschema
import pytest
import yaml

from labproof.validation import Schemas
from project import ROOT, copy_to, snakemake

CONFIG = "config/config.yaml"
SMOKE = "config/presets/smoke.yaml"
TASKS = "config/labs/lab3/tasks.yaml"
FINDINGS = "config/labs/lab3/findings.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_to(tmp_path_factory.mktemp("project"))


def put(*keys, value):
    """Set a key, however deep; None as value takes it away."""

    def change(data):
        *path, last = keys
        for key in path:
            data = data[key]
        if value is None:
            del data[last]
        else:
            data[last] = value

    return change


def cell(task, name, **settings):
    return put("tasks", task, "cells", name, value={"label": "x", **settings})


# file, what is broken, what the message must name: the key, and the way out
WRONG = {
    "misspelt key": (CONFIG, put("sede", value=3), ["key sede", '"seeds"', "seeds: 5"]),
    "unknown key": (CONFIG, put("colour", value=3), ["key colour", "Known: lab, preset"]),
    "missing key": (CONFIG, put("lab", value=None), ["key lab", "missing", "lab: lab3"]),
    "unknown preset": (CONFIG, put("preset", value="dmo"), ["key preset", 'mean "demo"']),
    "unknown lab": (CONFIG, put("lab", value="lab9"), ["key lab", 'mean "lab3"']),
    "no seeds": (CONFIG, put("seeds", value=[]), ["key seeds", "seeds: 5"]),
    "zero seeds": (CONFIG, put("seeds", value=0), ["key seeds", "seeds: 5"]),
    "seeds in words": (CONFIG, put("seeds", value="ten"), ["key seeds", "seeds: 5"]),
    "seeds with a point": (CONFIG, put("seeds", value=10.0), ["key seeds", "seeds: 5"]),
    "an infinite rate": (
        TASKS,
        put("tasks", "1a", "cells", "1a-plain", "learning_rate", value=float("inf")),
        ["1a-plain.learning_rate", "must be a number"],
    ),
    "a seed twice": (CONFIG, put("seeds", value=[1, 1]), ["key seeds", "seeds: 5"]),
    "unknown source": (
        CONFIG,
        put("sources", "skin", "kind", value="phantm"),
        ["key sources.skin.kind", 'mean "phantom"'],
    ),
    "missing folder": (
        CONFIG,
        put("sources", "skin", value={"kind": "folder", "path": "nowhere", "classes": ["a", "b"]}),
        ["key sources.skin.path", "nowhere/train/a does not exist", "Mend the path"],
    ),
    "folder without path": (
        CONFIG,
        put("sources", "skin", value={"kind": "folder", "classes": ["a", "b"]}),
        ["key sources.skin.path", "missing", "path: data/skin"],
    ),
    "text for a number": (
        CONFIG,
        put("sources", "bone", "marker", value="0.95"),
        ["key sources.bone.marker", "must be a number", "marker: 0.95"],
    ),
    "marker above 1": (
        CONFIG,
        put("sources", "bone", "marker", value=2),
        ["key sources.bone.marker", "at most 1", "marker: 0.95"],
    ),
    "marker on skin": (
        CONFIG,
        put("sources", "skin", "marker", value=0.5),
        ["key sources.skin.marker", "Move it to sources.bone"],
    ),
    "source taken away": (
        CONFIG,
        put("sources", "bone", value=None),
        ["key datasets.bone.source", 'no source "bone"', "Known: skin"],
    ),
    "negative epochs": (
        TASKS,
        put("tasks", "1a", "cells", "1a-plain", "epochs", value=-5),
        ["key tasks.1a.cells.1a-plain.epochs", "at least 1", "epochs: 50"],
    ),
    "learning rate as text": (
        TASKS,
        put("tasks", "1a", "cells", "1a-plain", "learning_rate", value="1e-4"),
        ["1a-plain.learning_rate", "must be a number", "1.0e-4"],
    ),
    "unknown dataset": (
        TASKS,
        put("tasks", "1a", "cells", "1a-plain", "dataset", value="sking"),
        ["1a-plain.dataset", 'mean "skin"'],
    ),
    "unknown network": (
        TASKS,
        put("tasks", "1a", "cells", "1a-plain", "network", value="alexnt"),
        ["1a-plain.network", 'mean "alexnet"'],
    ),
    "odd cell name": (
        TASKS,
        cell("1a", "1a plain!", dataset="skin", learning_rate=0.1, epochs=1),
        ["1a plain!", "small letters and digits"],
    ),
    "a cell twice": (
        TASKS,
        cell("1b", "1a-plain", dataset="skin", learning_rate=0.1, epochs=1),
        ["tasks.1b.cells.1a-plain", "taken by task 1a"],
    ),
    "dropout of 1": (
        TASKS,
        put("tasks", "1a", "cells", "1a-dropout", "dropout", value=1),
        ["1a-dropout.dropout", "below 1", "dropout: 0.4"],
    ),
    "misspelt cell key": (
        TASKS,
        put("tasks", "1a", "cells", "1a-dropout", "droput", value=0.4),
        ["1a-dropout.droput", 'mean "dropout"'],
    ),
    "mlp without backbone": (
        TASKS,
        put("tasks", "7", "cells", "7-transfer-skin", "backbone", value=None),
        ["7-transfer-skin.backbone", "needs a backbone", "backbone: vgg16"],
    ),
    "unknown backbone": (
        TASKS,
        put("tasks", "7", "cells", "7-transfer-skin", "backbone", value="vgg166"),
        ["7-transfer-skin.backbone", 'mean "vgg16"'],
    ),
    "images too small": (
        SMOKE,
        put("scale", "image_size", value=0.1),
        ["key scale.image_size", "too small", "Raise the factor"],
    ),
    "missing weights file": (
        SMOKE,
        put("backbone", "weights", value="gone.weights.h5"),
        ["key backbone.weights", "no file gone.weights.h5", "weights: procedural"],
    ),
    "finding of an unknown cell": (
        FINDINGS,
        put(0, "cells", value=["1a-plian"]),
        ["1a-plain-overfits.cells", 'mean "1a-plain"'],
    ),
    "finding with an unknown measure": (
        FINDINGS,
        put(0, "measures", value=["overfiting"]),
        ["1a-plain-overfits.measures", 'mean "overfitting"'],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_message_names_file_key_and_mend(project, case):
    file, change, wanted = WRONG[case]
    before = (project / file).read_text()
    data = yaml.safe_load(before)
    change(data)
    (project / file).write_text(yaml.safe_dump(data, sort_keys=False))
    try:
        told(project, [file, *wanted])
    finally:
        (project / file).write_text(before)


def told(project, wanted, *arguments):
    run = snakemake(project, *arguments)
    assert run.returncode != 0
    for words in wanted:
        assert words in run.stdout
    assert "Traceback" not in run.stdout
    lines = run.stdout.splitlines()
    starts = [line for line in lines if line.startswith("config/")]
    assert len(starts) == 1, run.stdout
    assert "File " not in run.stdout
    assert not (project / "results").exists()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("lab: [lab3\npreset: demo\n", "not valid YAML"),
        ("lab: lab3\nlab: lab3\n", 'the key "lab" stands twice'),
        ("\n", "is empty"),
        ("- lab3\n", "must be keys with values"),
    ],
    ids=["brackets", "a key twice", "empty", "a list"],
)
def test_what_is_no_config_at_all(project, text, wanted):
    before = (project / CONFIG).read_text()
    (project / CONFIG).write_text(text)
    try:
        told(project, [CONFIG, wanted])
    finally:
        (project / CONFIG).write_text(before)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("cell,group", "cells,group", "first line must be cell,group,metric,value,note"),
        ("1a-plain,lab", "1a-plian,lab", 'line 2: the cell "1a-plian" is not known. Did you mean'),
        (",0.85,", ",high,", 'line 2: the value "high" is no number'),
        (",accuracy,0.85", ",acuracy,0.85", 'Did you mean "accuracy"'),
    ],
)
def test_published_numbers_are_checked_too(project, old, new, wanted):
    file = project / "config/labs/lab3/published.csv"
    before = file.read_text()
    file.write_text(before.replace(old, new, 1))
    try:
        told(project, ["config/labs/lab3/published.csv", wanted])
    finally:
        file.write_text(before)


def test_overrides_are_checked_as_the_file_is(project):
    told(project, ["key preset", 'mean "demo"'], "--config", "preset=dmo")


def test_the_mend_that_a_message_shows_is_valid():
    """Each example that a schema holds is accepted by that very schema."""

    waiting = list(Schemas(ROOT / "workflow/schemas").schemas.values())
    checked = 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        if isinstance(part, dict):
            waiting += part.values()
            for example in part.get("examples", []):
                jsonschema.Draft202012Validator(part).validate(example)
                checked += 1
    assert checked > 40
