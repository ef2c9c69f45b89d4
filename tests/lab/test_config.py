"""Wrong configs: one message with file, key and mend; no traceback, and no job is started."""

import jsonschema
import pytest
import yaml

from labproof.errors import LabError
from labproof.lab import plan
from labproof.lab.validation import Schemas
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


def finding(**claim):
    """Add a finding called "new"; a key that is None is left out."""

    def change(data):
        entry = {"id": "new", "task": "1a", "statement": "It is so.", "why": "It is.", **claim}
        data["findings"].append({key: value for key, value in entry.items() if value is not None})

    return change


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
    "too many seeds": (CONFIG, put("seeds", value=10**7), ["key seeds", "at most 10000"]),
    "more seeds than can be": (
        CONFIG,
        put("seeds", value="0-99999999"),
        ["seeds", "at most 10000"],
    ),
    "a seed without end": (CONFIG, put("seeds", value=[10**9]), ["seeds", "at most 1000000"]),
    "seeds with a space": (CONFIG, put("seeds", value="3, 7"), ["key seeds", "seeds=3,7"]),
    "seeds backwards": (CONFIG, put("seeds", value="4-0"), ["key seeds", "write 0-4"]),
    "a number near the end of numbers": (
        SMOKE,
        put("scale", "epochs", value=1e308),
        ["key scale.epochs", "at most 1000000"],
    ),
    "a preset that is a command": (
        CONFIG,
        put("preset", value="x;touch PWNED;"),
        ["key preset", "small letters and digits"],
    ),
    "a lab that is no folder": (
        CONFIG,
        put("lab", value="../labs/x;touch PWNED;"),
        ["key lab", "no folder of this path", "make lab NAME=my-lab"],
    ),
    "one class": (
        CONFIG,
        put("sources", "skin", value={"kind": "folder", "path": "a", "classes": ["a"]}),
        ["key sources.skin.classes", "needs at least 2, and has 1"],
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
    "a class elsewhere": (
        CONFIG,
        put("sources", "skin", value={"kind": "folder", "path": "a", "classes": ["a", "/b"]}),
        ["key sources.skin.classes.1", "a folder below path"],
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
    "a label twice": (
        TASKS,
        put("tasks", "1a", "cells", "1a-dropout", "label", value="plain"),
        ["1a-dropout.label", 'cell 1a-plain of this task has the label "plain" too'],
    ),
    "defaults that are not complete": (
        TASKS,
        put("defaults", value={"network": "alexnet", "base": 8, "dense": [64], "outputs": 1}),
        [
            "key defaults: dropout, batch_norm, spatial_dropout, augmentation and batch_size are",
            "batch_size: 8",
        ],
    ),
    "a cell without most": (
        TASKS,
        cell("1a", "1a-new"),
        ["cells.1a-new: dataset, learning_rate and epochs are missing", "dataset: skin"],
    ),
    "a task that YAML takes for a number": (
        TASKS,
        put("tasks", 9, value={"title": "t", "did": "d", "gallery": ["skin"]}),
        ["key tasks.9", "YAML takes this name for a number: put it in quotes, '9'"],
    ),
    "a least difference of nothing": (
        FINDINGS,
        put("least", "final_los", value=0.1),
        ["key least.final_los", 'mean "final_loss"'],
    ),
    "a least difference below none": (
        FINDINGS,
        put("least", "final_loss", value=-0.1),
        ["key least.final_loss", "final_loss: 0.05"],
    ),
    "a finding's task that YAML takes for a number": (
        FINDINGS,
        finding(task=7, cell="1a-plain", measure="noise", above=0),
        ["findings.new.task", "put it in quotes"],
    ),
    "a layer that is not there": (
        TASKS,
        put("tasks", "8", "cells", "8-vgg16-bone", "heatmaps", "layer", value="relu14"),
        ["8-vgg16-bone.heatmaps.layer", 'mean "relu'],
    ),
    "a layer of another network": (
        TASKS,
        put("tasks", "7", "cells", "7-transfer-skin", "heatmaps", "layer", value="norm1"),
        ["7-transfer-skin.heatmaps.layer", "no layer with maps"],
    ),
    "mlp without backbone": (
        TASKS,
        put("tasks", "7", "cells", "7-transfer-skin", "backbone", value=None),
        ["7-transfer-skin.backbone", "needs a backbone", "  tasks:\n      '7':\n        cells:\n"],
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
    "backbone of one's own without weights": (
        CONFIG,
        put("backbone", value={"name": "mobilenet_v2"}),
        ["key backbone.weights", "missing", "weights/mobilenet_v2_notop.weights.h5"],
    ),
    "backbone of one's own, its file missing": (
        CONFIG,
        put("backbone", value={"name": "mobilenet_v2", "weights": "gone.weights.h5"}),
        ["config.yaml, key backbone.weights", "no file gone.weights.h5"],
    ),
    "backbone of one's own, misspelt": (
        CONFIG,
        put("backbone", value={"name": "mobilenet_v3", "weights": "imagenet"}),
        ["key backbone.name", 'mean "mobilenet_v2"'],
    ),
    "finding of an unknown cell": (
        FINDINGS,
        finding(cell="1a-plian", measure="noise", above=0),
        ["findings.new.cell", 'mean "1a-plain"'],
    ),
    "finding of an unknown task": (
        FINDINGS,
        finding(task="9", cell="1a-plain", measure="noise", above=0),
        ["findings.new.task", '"9" does not exist'],
    ),
    "finding with an unknown measure": (
        FINDINGS,
        finding(cell="1a-plain", measure="overfiting", above=0),
        ["findings.new.measure", 'mean "overfitting"'],
    ),
    "finding without a margin": (
        FINDINGS,
        finding(cell="1a-plain", measure="final_accuracy", about=0.85),
        ["findings.new.within", "the margin is missing", "within: 0.05"],
    ),
    "finding that is like a cell, without a margin": (
        FINDINGS,
        finding(cell="1a-plain", measure="final_accuracy", similar_to="1a-dropout"),
        ["findings.new.within", "the margin is missing", "within: 0.05"],
    ),
    "finding with a margin of nothing": (
        FINDINGS,
        finding(cell="1a-plain", measure="noise", about=0.1, within=0),
        ["findings.new.within", "must be above 0", "within: 0.05"],
    ),
    "finding with the wrong margin": (
        FINDINGS,
        finding(cell="1a-plain", measure="final_accuracy", above=0.85, within=0.05),
        ["findings.new.within", 'does not go with "above"'],
    ),
    "finding that claims nothing": (
        FINDINGS,
        finding(cell="1a-plain", measure="final_accuracy"),
        ["findings.new", "claims nothing", "about: 0.85"],
    ),
    "finding that claims two things": (
        FINDINGS,
        finding(cell="1a-plain", measure="noise", above=0, below=1),
        ["findings.new", "claims above and below at once", "parts:"],
    ),
    "finding that cannot be true": (
        FINDINGS,
        finding(cell="1a-plain", measure="final_accuracy", above=85),
        ["findings.new.above", "between 0 and 1", "never be true"],
    ),
    "finding that compares a cell with itself": (
        FINDINGS,
        finding(cell="1a-plain", measure="noise", above="1a-plain"),
        ["findings.new.above", "with itself"],
    ),
    "finding that compares a cell with itself by one measure": (
        FINDINGS,
        finding(cell="1a-plain", measure="noise", above="1a-plain", other_measure="noise"),
        ["findings.new.above", "with itself"],
    ),
    "finding on heatmaps that are not made": (
        FINDINGS,
        finding(cell="1a-plain", measure="heat_peak_in_zone", below=0.5),
        ["findings.new.measure", "cell 1a-plain has none", "methods: [Grad-CAM]"],
    ),
    "finding that compares with heatmaps that are not made": (
        FINDINGS,
        finding(
            cell="8-vgg16-bone",
            measure="final_accuracy",
            above="1a-plain",
            other_measure="heat_peak_in_zone",
        ),
        ["findings.new.other_measure", "cell 1a-plain has none"],
    ),
    "finding without the measure's parameter": (
        FINDINGS,
        finding(cell="1a-plain", measure="time_to_accuracy", below=0.4),
        ["findings.new.at", "needs the training accuracy to reach", "at: 0.65"],
    ),
    "finding with a parameter too many": (
        FINDINGS,
        finding(cell="1a-plain", measure="noise", at=0.4, below=0.4),
        ["findings.new.at", "noise has no parameter"],
    ),
    "finding with an unknown curve": (
        FINDINGS,
        finding(cell="1a-plain", shows="overfiting"),
        ["findings.new.shows", 'mean "overfitting"'],
    ),
    "finding with a misspelt key": (
        FINDINGS,
        finding(cell="1a-plain", measure="noise", abov=0),
        ["findings.new.abov", 'mean "above"', "above: 0"],
    ),
    "finding without a reason": (
        FINDINGS,
        finding(cell="1a-plain", measure="noise", above=0, why=None),
        ["findings.new.why", "is missing", "why: "],
    ),
    "part of an unknown cell": (
        FINDINGS,
        finding(
            parts=[
                {"cell": "1a-plain", "measure": "noise", "above": 0},
                {"cell": "1a-plian", "measure": "noise", "above": 0},
            ]
        ),
        ["findings.new.parts.1.cell", 'mean "1a-plain"'],
    ),
    "parts and a claim beside them": (
        FINDINGS,
        finding(
            measure="noise",
            parts=[
                {"cell": "1a-plain", "measure": "noise", "above": 0},
                {"cell": "1a-dropout", "measure": "noise", "above": 0},
            ],
        ),
        ["findings.new.measure", 'does not go with "parts"'],
    ),
    "a finding twice": (
        FINDINGS,
        finding(id="1a-plain-overfits", cell="1a-plain", shows="overfitting"),
        ["findings.1a-plain-overfits", "stands twice"],
    ),
    "a number as text": (
        FINDINGS,
        finding(cell="1a-plain", measure="final_loss", above="0,5"),
        ["findings.new.above", "neither quotes nor %", "above: 0.85"],
    ),
    "a share in per cent": (
        FINDINGS,
        finding(cell="1a-plain", measure="final_accuracy", above=85),
        ["findings.new.above", "Write 85 % as 0.85"],
    ),
    "no sentence": (FINDINGS, put("findings", value=[]), ["key findings", "- id: "]),
    "a long label": (
        TASKS,
        put("tasks", "1a", "cells", "1a-plain", "label", value="x" * 25),
        ["label", "at most 24 characters"],
    ),
    "a curve of an unknown measure": (
        FINDINGS,
        put("curves", "overfitting", "parts", 0, "measure", value="overfiting"),
        ["curves.overfitting.parts.0.measure", 'mean "overfitting"'],
    ),
    "one finding that does not exist": (
        CONFIG,
        put("finding", value="1b-fastr"),
        ["key finding", 'mean "1b-faster"'],
    ),
}


@pytest.fixture
def broken(project, request):
    """The project with one case's file broken, and mended again behind the test."""
    file, change, wanted = WRONG[request.param]
    before = (project / file).read_text()
    data = yaml.load(before, yaml.CSafeLoader)
    change(data)
    (project / file).write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False))
    yield project, file, wanted
    (project / file).write_text(before)


@pytest.mark.parametrize("broken", WRONG, indirect=True)
def test_one_message_names_file_key_and_mend(broken, monkeypatch):
    project, file, wanted = broken
    monkeypatch.chdir(project)  # sources are looked for from where Snakemake runs
    with pytest.raises(LabError) as raised:
        for preset in plan.presets(project):
            plan.resolve(plan.read_config(project), project, preset=preset)
        plan.resolve(plan.read_config(project), project)
    message = str(raised.value)
    for words in [file, *wanted]:
        assert words in message


# one case of each file as a user meets it; the others differ in their message alone
@pytest.mark.parametrize(
    "broken",
    ["misspelt key", "unknown preset", "finding without a margin", "an infinite rate"],
    indirect=True,
)
def test_snakemake_shows_the_message_alone(broken):
    project, file, wanted = broken
    told(project, [file, *wanted])


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
    assert not list((project / ".snakemake/locks").glob("*"))


BILLION = "a0: &a0 [1, 1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (BILLION, "holds more than 200000 values. Take out aliases"),
        ("lab: &lab [*lab]\n", "holds more than 200000 values. Take out aliases"),
        (f"lab: {'[' * 5000}{']' * 5000}\n", "is nested too deeply"),
        ("lab: [lab3\npreset: demo\n", "not valid YAML"),
        ("lab: lab3\nlab: lab3\n", 'the key "lab" stands twice'),
        ("\n", "is empty"),
        ("sources:\n\tskin: 1\n", "a tab cannot"),
        ("lab: @lab3\n", "begins with @ needs quotes"),
        ("lab: *lab3* it is\n", "begins with * needs quotes"),
        ("lab: lab3: the third\n", "Text with a colon and a blank in it needs quotes"),
        ("lab: lab3\npreset: a\0b\n", "line 2: holds the control character"),
        ("- lab3\n", "must be keys with values"),
    ],
    ids=[
        "aliases of aliases",
        "an alias of itself",
        "deep brackets",
        "brackets",
        "a key twice",
        "empty",
        "a tab",
        "an at",
        "a star",
        "a colon",
        "a zero",
        "a list",
    ],
)
def test_what_is_no_config_at_all(project, text, wanted):
    before = (project / CONFIG).read_text()
    (project / CONFIG).write_text(text)
    try:
        with pytest.raises(LabError) as raised:  # before Snakemake itself reads the file
            plan.check_config(plan.read_config(project), project)
        assert str(raised.value).startswith(CONFIG) and wanted in str(raised.value)
        if wanted == "is nested too deeply":  # what is worst for a parser
            told(project, [CONFIG, wanted])
    finally:
        (project / CONFIG).write_text(before)


def test_published_numbers_are_checked_too(project):
    """One slip of them; the others are told in test_published."""
    file = project / "config/labs/lab3/published.csv"
    before = file.read_text()
    file.write_text(before.replace("1a-plain,lab", "1a-plian,lab", 1))
    try:
        message = 'line 2: the cell "1a-plian" is not known. Did you mean'
        told(project, ["config/labs/lab3/published.csv", message])
    finally:
        file.write_text(before)


PRESETS = "config/presets"


@pytest.fixture
def strewn(project):
    """The project with files among its presets that no run can read, and one that is no name."""
    names = (".#smoke.yaml", "._demo.yaml", "a(b.yaml", "x;touch PWNED;.yaml", "unfinished.yaml")
    files = [project / PRESETS / name for name in names]
    for file in files:
        file.write_bytes(b"seeds: [\x00")
    yield project
    for file in files:
        file.unlink()


def test_a_preset_that_nobody_asks_for_stops_nothing(strewn):
    assert plan.presets(strewn) == ["demo", "lab", "smoke", "unfinished"]
    for target in ("results/lab3/lab/histories/1a-plain.csv", "results/lab3/demo/findings.json"):
        run = snakemake(strewn, "-n", "--config", "preset=smoke", "--", target)
        assert run.returncode == 0, run.stdout[-2000:]
    told(strewn, ["config/presets/unfinished.yaml"], "--config", "preset=unfinished")
    # what a command line says is checked as the file is
    told(strewn, ["key preset", "small letters"], "--config", "preset=x;touch PWNED;")
    assert not list(strewn.rglob("PWNED"))


def test_a_file_of_no_preset_and_no_cell_is_named(project):
    run = snakemake(project, "-n", "--", "results/lab3/smok/histories/1a-plain.csv")
    assert run.returncode == 1
    assert 'Did you mean "smoke"' in run.stdout
    run = snakemake(project, "-n", "--", "results/lab3/smoke/histories/1a-plian.csv")
    assert run.returncode == 1
    assert 'Did you mean "1a-plain"' in run.stdout
    assert "Traceback" not in run.stdout


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


def test_a_place_that_takes_no_results_is_named(tmp_path):
    project = copy_to(tmp_path)
    (project / "results").write_text("a file")
    run = snakemake(project, "-n")
    assert run.returncode == 1
    assert f"{project}/results: nothing can be written there" in run.stdout
    assert "Traceback" not in run.stdout


def test_a_second_run_in_one_folder_says_so(project):
    locks = project / ".snakemake/locks"
    locks.mkdir(parents=True, exist_ok=True)
    wanted = "results/lab3/smoke/report/index.html"
    for kind in ("input", "output"):
        (locks / f"0.{kind}.lock").write_text(f"{wanted}\n")
    run = snakemake(project, "--config", "preset=smoke")
    assert run.returncode == 1
    assert "no other Snakemake process" in run.stdout
    assert "Traceback" not in run.stdout
