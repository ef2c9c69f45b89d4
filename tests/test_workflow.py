"""The workflow on the smoke preset: the contract's files, what reruns and what does not."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from labproof.lab import plan, trainings
from project import ROOT, copy_to, environment, equip, resolved, smoke, snakemake, trim

LAB = resolved()
CELLS = list(LAB["cells"])
# under whose names all of them are trained
TRAINED = [name for name, cell in LAB["cells"].items() if cell["same_as"] is None]
EXPLAINED = [name for name, cell in LAB["cells"].items() if cell["heatmaps"]]
NOTHING = "Nothing to be done"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished smoke run. Tests that change the project put it back as it was."""
    folder = trim(copy_to(tmp_path_factory.mktemp("run")))
    run = smoke(folder)
    assert run.returncode == 0, run.stdout[-3000:]
    return folder


def planned(folder, *arguments):
    """Rule -> number of jobs that a dry run plans."""
    return jobs_of(snakemake(folder, "-n", "--resources", "gpu=1", *arguments))


def jobs_of(run):
    """Rule -> number of jobs that a dry run has told."""
    assert run.returncode == 0, run.stdout[-3000:]
    if NOTHING in run.stdout:
        return {}
    table = re.search(r"Job stats:\n.*?\n-.*?\n(.*?)\n\n", run.stdout, re.S).group(1)
    counts = {line.split()[0]: int(line.split()[1]) for line in table.splitlines()}
    del counts["total"]
    return counts


@pytest.fixture(scope="module")
def listing(tmp_path_factory):
    """A copy of the project, and what a dry run of it says."""
    folder = trim(copy_to(tmp_path_factory.mktemp("pretended")))
    return folder, snakemake(folder, "-n", "--config", "preset=smoke").stdout


@pytest.fixture(scope="module")
def pretended(listing):
    """What a smoke run leaves, as empty files and folders of one age."""
    folder, told = listing
    listed = re.findall(r"^    output: (.*)$", told, re.M)
    now = time.time()
    for path in (folder / name for names in listed for name in names.split(", ")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
        os.utime(path, (now, now))
    assert NOTHING in snakemake(folder, "-n", "--config", "preset=smoke").stdout
    return folder


# one of each kind of what a run leaves for its user -> the job that makes it
LEFT = {
    "findings.json": "judge_findings report=",
    "figures/1a": "draw_task task=1a",
    "figures/datasets/skin.svg": "draw_dataset dataset=skin",
    "figures/gallery/3.svg": "draw_gallery task=3",
    "audit/skin": "audit_dataset dataset=skin",
    f"heatmaps/{EXPLAINED[0]}": f"draw_heatmaps cell={EXPLAINED[0]}",
    f"interventions/{EXPLAINED[1]}.csv": f"draw_heatmaps cell={EXPLAINED[1]}",
    f"histories/{CELLS[0]}.csv": f"gather_blocks cell={CELLS[0]}",
    f"facts/{CELLS[1]}.csv": f"gather_blocks cell={CELLS[1]}",
    f"predictions/{CELLS[2]}.csv": f"gather_blocks cell={CELLS[2]}",
    f"models/{CELLS[0]}/0-1": f"train_block cell={CELLS[0]}, block=0-1",
}


def test_what_was_deleted_is_made_again(listing, pretended):
    """A target makes again what it asks for by name, whatever else is there."""
    wanted = re.search(r"^rule all:\n    input: (.*)$", listing[1], re.M).group(1).split(", ")
    assert {f"results/lab3/smoke/{name}" for name in LEFT} <= set(wanted)
    places = [pretended / "results/lab3/smoke" / name for name in LEFT]
    for number, place in enumerate(places):
        place.rename(pretended / f"aside{number}")
    told = snakemake(pretended, "-n", "--config", "preset=smoke").stdout
    for number, place in enumerate(places):
        (pretended / f"aside{number}").rename(place)
    jobs = re.findall(r"rule (\w+):\n(?:    .*\n)*?    wildcards: preset=smoke(.*)", told)
    assert set(LEFT.values()) <= {f"{rule} {of.removeprefix(', ')}".strip() for rule, of in jobs}


@pytest.mark.parametrize("target", ["all", "histories", "finding"])
def test_results_without_snakemakes_records_get_the_seeds_that_they_lack(pretended, target):
    """As of a folder that was copied without .snakemake: all that is known is what is there."""
    settings = ["preset=smoke", "seeds=4", "finding=1b-faster"]
    for suffix in (".json", ".txt"):  # one that was judged before
        file = pretended / f"results/lab3/smoke/findings/1b-faster{suffix}"
        file.parent.mkdir(exist_ok=True)
        file.touch()
    run = snakemake(pretended, "-n", "--config", *settings, "--", target)
    assert run.returncode == 0, run.stdout[-3000:]
    trained = re.findall(r"wildcards: .*cell=(\S+), block=(\S+)", run.stdout)
    wanted = ["1a-dropout", "1b-bn-dropout"] if target == "finding" else TRAINED
    assert sorted(trained) == sorted((cell, "2-3") for cell in wanted)


def edited(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return text


@pytest.mark.parametrize("cell", CELLS)
def test_contract_of_each_cell(finished, cell):
    results = finished / "results/lab3/smoke"
    settings = LAB["cells"][cell]
    history = pd.read_csv(results / f"histories/{cell}.csv")
    assert list(history) == ["seed", "epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    epochs = list(range(1, settings["epochs"] + 1))
    assert history["seed"].tolist() == [0] * len(epochs) + [1] * len(epochs)
    assert history["epoch"].tolist() == epochs * 2
    assert np.isfinite(history.to_numpy()).all()
    predictions = pd.read_csv(results / f"predictions/{cell}.csv")
    assert list(predictions) == ["seed", "split", "image", "label", "probability"]
    records = pd.read_csv(results / f"datasets/{settings['dataset']}/records.csv")
    asked = records[records["split"] != "train"]
    assert predictions["image"].tolist() == asked["image"].tolist() * 2
    assert predictions["split"].tolist() == asked["split"].tolist() * 2
    assert predictions["probability"].between(0, 1).all()
    trained = trainings.trained_as(LAB["cells"], cell)
    assert (results / f"models/{cell}").exists() == (cell == trained)
    models = sorted(file.name for file in (results / f"models/{trained}/0-1").glob("*.h5"))
    assert models == ["0.weights.h5", "1.weights.h5"]
    facts = pd.read_csv(results / f"facts/{cell}.csv")
    assert {"block", "seconds", "peak_memory_mib", "device", "keras", "tensorflow"} <= set(facts)


@pytest.mark.parametrize("dataset", LAB["datasets"])
def test_contract_of_each_dataset(finished, dataset):
    store, wanted = finished / f"results/lab3/smoke/datasets/{dataset}", LAB["datasets"][dataset]
    images = np.load(store / "images.npy", mmap_mode="r")
    count = wanted["train"] + wanted["validation"] + wanted["final"]
    assert images.shape == (count, wanted["size"], wanted["size"], wanted["channels"])
    assert images.dtype == np.uint8
    assert np.load(store / "zones.npy", mmap_mode="r").shape == images.shape[:3]
    records = pd.read_csv(store / "records.csv")
    assert list(records)[:5] == ["image", "split", "label", "class", "source"]
    assert records["split"].value_counts().to_dict() == {
        "train": wanted["train"],
        "validation": wanted["validation"],
        "final": wanted["final"],
    }


def test_contract_of_the_heatmaps(finished):
    folder = finished / "results/lab3/smoke/heatmaps/8-vgg16-bone"
    scores = pd.read_csv(folder / "scores.csv")
    wanted = ["seed", "image", "label", "method", "network", "predicted", "probability"]
    names = ["energy", "pointing", "overlap", "precision"]
    chance = [f"{name}_area" for name in names]
    assert list(scores) == [*wanted, *names, *chance, "deletion", "insertion"]
    images, few = LAB["datasets"]["bone"]["validation"], LAB["heatmaps"]["slow_images"]
    rows = 3 * images + 3 * few  # three fast methods, three slow ones
    counts = scores.groupby(["seed", "network"]).size().to_dict()
    each = {"trained": rows, "untrained": rows, "none": images}
    assert counts == {(seed, name): count for seed in (0, 1) for name, count in each.items()}
    sanity = pd.read_csv(folder / "sanity.csv")
    assert sanity.groupby(["seed", "method"])["step"].max().eq(16).all()
    assert sanity["method"].nunique() == 3
    assert len(list(folder.glob("*.png"))) == 2 * LAB["heatmaps"]["images"]
    maps = np.load(folder / "maps.npz")
    assert maps["Grad-CAM/0"].shape[0] == maps["image"].shape[0] == images
    assert maps["occlusion/1"].shape[0] == maps["few"].shape[0] == few


def test_contract_of_the_figures_and_the_page(finished):
    results = finished / "results/lab3/smoke"
    wanted = [f"{task}/{name}" for task in LAB["tasks"] for name in ("curves", "predictions")]
    wanted = [name for name in wanted if not name.startswith("3/")]
    wanted += [f"{cell['task']}/{name}" for name, cell in LAB["cells"].items()]
    wanted += [f"datasets/{name}" for name in LAB["datasets"]]
    drawn = [name for name, cell in LAB["cells"].items() if cell["heatmaps"]]
    assert len(drawn) == 2
    wanted += ["gallery/3", *(f"{kind}/{n}" for n in drawn for kind in ("heatmaps", "heat-scores"))]
    for name in wanted:
        for kind in ("svg", "png", "csv"):
            assert (results / f"figures/{name}.{kind}").stat().st_size > 0
    page = (results / "report/index.html").read_text()
    assert page.count('class="browse"') == len(drawn)
    for task, entry in LAB["tasks"].items():
        assert f'id="sec-task-{task}"' in page
        assert entry["title"] in page


def test_contract_of_the_findings(finished):
    entries = json.loads((finished / "results/lab3/smoke/findings.json").read_text())
    assert [entry["id"] for entry in entries] == [entry["id"] for entry in LAB["findings"]]
    verdicts = {"reproduced", "not reproduced", "undecided"}
    for entry in entries:
        assert {"task", "statement", "measure", "estimate", "low", "high", "p"} <= set(entry)
        assert entry["verdict"] in verdicts
        assert entry["n"] == 2
        assert entry["reason"]
        for part in entry["parts"]:
            for cell, values in part["values"].items():
                assert list(values) == ["0", "1"], cell
    page = (finished / "results/lab3/smoke/report/index.html").read_text()
    for entry in entries:
        assert f'id="finding-{entry["id"]}"' in page


def test_every_job_has_its_log_and_benchmark(finished):
    for kind in ("logs/train_block/{}/0-1.log", "benchmarks/train_block/{}/0-1.tsv"):
        for cell in TRAINED:
            assert (finished / "results/lab3/smoke" / kind.format(cell)).exists()
    log = (finished / "results/lab3/smoke/logs/train_block/1a-plain/0-1.log").read_text()
    assert re.search(r"seed 1  epoch 2/2  loss \d\.\d+ .* left", log)


def test_one_changed_cell_trains_alone(finished):
    file = finished / "config/labs/lab3/tasks.yaml"
    line = "1a-plain:   {label: plain,   dataset: skin, learning_rate: 1.0e-4, epochs: "
    before = edited(file, f"{line}50", f"{line}100")
    try:
        counts = planned(finished, "--config", "preset=smoke")
    finally:
        file.write_text(before)
    assert counts == {
        "train_block": 1,
        "gather_blocks": 1,
        "judge_findings": 1,
        "draw_task": 1,
        "write_report": 1,
        "write_records": 1,
        "render_report": 1,
        "place_report": 1,
        "all": 1,
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [("within: 0.05}", "within: 0.04}"), ("statement: With dropout", "statement: By dropout")],
    ids=["a margin", "a sentence"],
)
def test_a_changed_finding_is_judged_again_told_in_a_few_lines_and_nothing_trains(
    finished, old, new
):
    file = finished / "config/labs/lab3/findings.yaml"
    before = edited(file, old, new)
    try:
        run = snakemake(finished, "-n", "--resources", "gpu=1", "--config", "preset=smoke")
    finally:
        file.write_text(before)
    rules = (
        "judge_findings",
        "write_records",
        "write_report",
        "render_report",
        "place_report",
        "all",
    )
    assert jobs_of(run) == dict.fromkeys(rules, 1)
    assert "Params have changed" in run.stdout
    reasons = [line for line in run.stdout.splitlines() if "reason:" in line.lower()]
    assert max(map(len, run.stdout.splitlines())) < 20_000
    assert all(len(reason) < 500 for reason in reasons)


def test_a_moved_project_has_nothing_to_do(finished):
    moved = finished.rename(finished.with_name("moved elsewhere"))
    try:
        assert NOTHING in smoke(moved).stdout
    finally:
        moved.rename(finished)


def test_one_finding_needs_its_own_cells_alone_and_prints_its_verdict(finished):
    asked = ["--config", "finding=1b-faster"]
    counts = planned(finished, *asked, "preset=lab", "--", "finding")
    assert counts == {
        "prepare_dataset": 1,
        "audit_dataset": 1,
        "train_block": 2,
        "gather_blocks": 2,
        "judge_finding": 1,
        "finding": 1,
    }
    run = snakemake(finished, *asked, "preset=smoke", "--", "finding")
    assert run.returncode == 0, run.stdout[-3000:]
    everything = json.loads((finished / "results/lab3/smoke/findings.json").read_text())
    told = next(entry for entry in everything if entry["id"] == "1b-faster")
    assert f"1b-faster: {told['statement']}\n\n  {told['verdict'].upper()}" in run.stdout
    alone = json.loads((finished / "results/lab3/smoke/findings/1b-faster.json").read_text())
    assert alone == [{**told, "p_adjusted": None}]


def test_a_comment_in_the_library_reruns_nothing(finished):
    library = finished / "scripts/labproof"
    before = {file: file.read_text() for file in library.rglob("*.py")}
    try:
        for file, text in before.items():
            file.write_text(f"{text}\n# a comment\n")
        script = finished / "scripts/train_block.py"
        before[script] = edited(script, "    start = ", "    # a comment\n    start = ")
        assert planned(finished, "--config", "preset=smoke") == {}
    finally:
        for file, text in before.items():
            file.write_text(text)


def test_a_changed_loss_trains_again_and_draws_no_image_anew(finished):
    file = finished / "scripts/labproof/training/objective.py"
    before = edited(file, "binary_crossentropy", "binary_focal_crossentropy")
    try:
        counts = planned(finished, "--config", "preset=smoke")
    finally:
        file.write_text(before)
    assert counts["train_block"] == len(TRAINED)
    assert not {"prepare_dataset", "train_backbone", "extract_features"} & set(counts)


def test_more_seeds_train_the_new_block_alone(finished):
    run = snakemake(finished, "-n", "--resources", "gpu=1", "--config", "preset=smoke", "seeds=4")
    blocks = re.findall(r"wildcards: preset=smoke, cell=\S+, block=(\S+)", run.stdout)
    assert blocks == ["2-3"] * len(TRAINED)
    assert jobs_of(run)["judge_findings"] == 1


def test_the_estimate_counts_what_is_still_to_be_done(finished):
    command = [sys.executable, "workflow/estimate_costs.py", "--config", "preset=smoke"]

    def told(*settings):
        run = subprocess.run([*command, *settings], cwd=finished, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert "all is there, nothing is to be done" in told()
    text = told("seeds=6")
    assert f"from {len(TRAINED)} blocks of earlier runs here" in text
    counts = planned(finished, "--config", "preset=smoke", "seeds=6")
    rows = {line.split()[0]: line.split()[1] for line in text.splitlines() if line[:1].isalpha()}
    for rule, count in counts.items():
        if rule != "all":
            assert int(rows[rule]) == count
    broken = subprocess.run([*command, "seeds=no"], cwd=finished, capture_output=True, text=True)
    assert broken.returncode == 1
    assert "seeds" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_any_preset_can_be_asked_for_by_its_path(finished):
    counts = planned(finished, "--", "results/lab3/lab/histories/1a-plain.csv")
    assert counts == {"prepare_dataset": 1, "train_block": 1, "gather_blocks": 1}


def test_snakemakes_own_report_has_the_figures_and_captions(finished):
    run = snakemake(finished, "--config", "preset=smoke", "--report", "run.html")
    assert run.returncode == 0, run.stdout[-3000:]
    page = (finished / "run.html").read_text()
    assert "thin lines are seeds" in page
    assert "Task 1a" in page


def test_a_broken_image_ends_in_one_line_and_nothing_is_lost(tmp_path):
    project = trim(copy_to(tmp_path))
    for split in ("train", "validation"):
        for name in ("no", "yes"):
            folder = project / "own" / split / name
            folder.mkdir(parents=True)
            for number in range(30):
                Image.new("RGB", (40, 40), (number, 0, 0)).save(folder / f"{number}.png")
    (project / "own/train/yes/1.png").write_bytes(b"broken")
    old = "  skin:\n    kind: phantom\n"
    new = "  skin:\n    kind: folder\n    path: own\n    classes: ['no', 'yes']\n"
    edited(project / "config/config.yaml", old, new)
    datasets = [f"results/lab3/smoke/datasets/{name}" for name in ("bone", "skin-colour")]

    run = smoke(project, *datasets)
    assert run.returncode != 0
    assert "own/train/yes/1.png: it is no image of a known format" in run.stdout
    assert "broken: leave-out" in run.stdout
    assert "Traceback" not in run.stdout
    made = (project / datasets[0] / "images.npy").stat().st_mtime_ns

    (project / "own/train/yes/1.png").unlink()
    run = smoke(project, *datasets)
    assert run.returncode == 0, run.stdout[-3000:]
    assert "Finished jobid" in run.stdout and "Select jobs" not in run.stdout
    assert (project / datasets[0] / "images.npy").stat().st_mtime_ns == made
    records = pd.read_csv(project / datasets[1] / "records.csv")
    assert records["source"][0] == "train/no/0.png"
    run = smoke(project, *datasets)
    assert NOTHING in run.stdout
    # an image behind a link, and a link to nowhere
    (project / "own/train/no").rename(project / "elsewhere")
    (project / "own/train/no").symlink_to("../../elsewhere")
    run = snakemake(project, "-n", "--config", "preset=smoke", "--", *datasets)
    assert NOTHING in run.stdout
    Image.new("RGB", (40, 40)).save(project / "elsewhere/new.png")
    (project / "elsewhere/link.png").symlink_to("link.png")
    run = snakemake(project, "-n", "--config", "preset=smoke", "--", *datasets)
    assert run.stdout.count("rule prepare_dataset") == 1  # the drawn one stays


@pytest.mark.slow
def test_a_cell_that_fails_costs_its_own_findings_alone(finished):
    """The partial page, its findings, and the next run, which makes that cell and no other."""
    results = finished / "results/lab3/smoke"
    file = finished / "config/labs/lab3/tasks.yaml"
    before = edited(file, "50, batch_norm: true, drop", "100, batch_norm: true, drop")
    obstacle = results / "scratch/train_block/1b-bn-dropout"
    shutil.rmtree(obstacle, ignore_errors=True)
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.write_text("no folder can be made here")
    run = smoke(finished)
    assert run.returncode != 0
    assert "train_block: " in run.stdout
    assert "Traceback" not in run.stdout
    # nothing but the cell was tried again, and the rest went on
    assert re.findall(r"cell=(\S+), block", run.stdout) == ["1b-bn-dropout"] * run.stdout.count(
        ", block="
    )

    run = snakemake(finished, "--config", "preset=smoke", "partial=True")
    assert run.returncode == 0, run.stdout[-3000:]
    page = (results / "report/index.html").read_text()
    assert "This page is not complete" in page
    assert "logs/train_block/1b-bn-dropout/0-1.log" in page
    entries = json.loads((results / "findings.json").read_text())
    needing = [entry for entry in entries if "1b-bn-dropout" in entry["cells"]]
    assert needing
    for entry in needing:
        assert entry["verdict"] == "undecided"
        assert "1b-bn-dropout lacks seeds 0 and 1: train_block failed: " in entry["reason"]
    others = [entry for entry in entries if "1b-bn-dropout" not in entry["cells"]]
    assert all("lacks seed" not in entry["reason"] for entry in others)
    assert all(entry["n"] == 2 for entry in others)

    file.write_text(before)
    obstacle.unlink()
    counts = planned(finished, "--config", "preset=smoke")
    assert counts["train_block"] == 1
    assert "draw_heatmaps" not in counts
    run = smoke(finished)
    assert run.returncode == 0, run.stdout[-3000:]
    assert "not complete" not in (results / "report/index.html").read_text()
    assert NOTHING in smoke(finished).stdout


@pytest.mark.slow
def test_every_command_on_the_page_works_and_finds_all_of_it_done(finished):
    """Each kind of command as a dry run, in a shell; findings by one of them."""
    page = (finished / "results/lab3/smoke/report/index.html").read_text()
    told = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.S)
    commands = [html.unescape(re.sub(r"<[^>]+>", "", command)) for command in told]
    of_findings = [command for command in commands if command.startswith("make finding ID=")]
    assert len(of_findings) == len(LAB["findings"])
    assert {command.split()[3] for command in of_findings} == {"PRESET=smoke"}
    others = [command for command in commands if command not in of_findings]
    assert [command.split()[:2] for command in others] == [
        ["make", "report"],
        ["snakemake", "--cores"],
    ]
    equip(finished)
    inside = environment(PATH=f"{finished}/.venv/bin:{os.environ['PATH']}")
    for command in (*others, of_findings[0]):
        looks = "ARGS=-n" if command.startswith("make") else "-n"
        run = subprocess.run(
            f"{command} {looks}",
            shell=True,
            cwd=finished,
            env=inside,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout[-3000:]}"
        assert "finding" in command or NOTHING in run.stdout, f"{command}\n{run.stdout[-3000:]}"


@pytest.mark.slow
def test_the_rest_of_the_lab_is_added_to_what_is_there(finished, tmp_path):
    """Every cell of the lab; two clones are compared by test_spend and by the cluster's tests."""
    whole = shutil.copytree(finished, tmp_path / "whole", symlinks=True)
    shutil.rmtree(whole / "config/labs/lab3")
    shutil.copytree(ROOT / "config/labs/lab3", whole / "config/labs/lab3")
    lab = plan.resolve(plan.read_config(ROOT), ROOT, preset="smoke")
    results = whole / "results/lab3/smoke"
    before = {file: file.read_bytes() for file in results.glob("histories/*.csv")}
    run = smoke(whole)
    assert run.returncode == 0, run.stdout[-3000:]
    assert {file: file.read_bytes() for file in before} == before
    trained = {folder.name for folder in results.glob("blocks/*")}
    assert trained == {name for name, cell in lab["cells"].items() if cell["same_as"] is None}
    for cell in set(TRAINED) & trained:
        file = results / f"blocks/{cell}/0-1/history.csv"
        assert file.stat().st_mtime_ns == (finished / file.relative_to(whole)).stat().st_mtime_ns
    entries = json.loads((results / "findings.json").read_text())
    assert [entry["id"] for entry in entries] == [entry["id"] for entry in lab["findings"]]
    page = (results / "report/index.html").read_text()
    for task in lab["tasks"]:
        assert f'id="sec-task-{task}"' in page
    assert NOTHING in smoke(whole).stdout
