# The resolved labs, the wildcards, and the helpers that the rules share.
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(workflow.basedir).parent
sys.path.insert(0, str(ROOT / "scripts"))

from labproof import provenance, running
from labproof.errors import LabError
from labproof.lab import claims, costs, gaps, plan, validation
from labproof.lab.seeds import seeds_of

# A file that is no YAML mapping gets a clearer message here than from `configfile` itself.
try:
    plan.read_config(ROOT)
except LabError as error:
    sys.exit(f"\n{error}\n")


configfile: str(ROOT / "config/config.yaml")


# One resolved lab a preset, so that results/{preset}/… can be asked for under any preset.
try:
    LABS = {name: plan.resolve(config, ROOT, preset=name) for name in plan.presets(ROOT)}
    plan.resolve(config, ROOT)
    NAME = validation.Schemas(ROOT / "workflow/schemas").definition("name")["pattern"].strip("^$")
except LabError as error:
    sys.exit(f"\n{error}\n")

# Snakemake itself would end in a traceback.
for place in (Path(".snakemake"), Path("results")):
    place = place if place.exists() else Path()
    if not (place.is_dir() and os.access(place, os.W_OK)):
        sys.exit(
            f"\n{place.resolve()}: nothing can be written there. Make it a folder that you may write "
            "to, or run in another with snakemake --directory\n"
        )

if "--unlock" not in sys.argv:  # workflow/unlock.py waits for that one
    running.hold(running.RUN)

PUBLISHED = str(ROOT / f"config/labs/{config['lab']}/published.csv")
MEASURED = costs.read(ROOT / "workflow/costs.csv")
GPUS = 0
if shutil.which("nvidia-smi"):
    listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
    GPUS = listed.stdout.count("GPU ")


wildcard_constraints:
    preset="|".join(LABS),
    cell=NAME,
    dataset=NAME,
    task=NAME,
    finding="|".join(entry["id"] for entry in LABS[config["preset"]]["findings"]),
    backbone=r"[a-z0-9_]+",
    archive=r"dermamnist-\d+|fracatlas",
    block=r"\d+-\d+",


# --resources gpu=1 is about one machine: on a cluster each job gets its own GPU.
resource_scopes:
    gpu="local",


def code_of(rule):
    """Hash of the logic behind a rule's script: a comment reruns nothing, a change of logic does."""
    return provenance.code_hash(ROOT / f"scripts/{rule}.py")


def cell_of(wildcards):
    """The resolved cell of the wildcards."""
    return LABS[wildcards.preset]["cells"][wildcards.cell]


def cells_of(wildcards):
    """Names of the cells of a task that are drawn, in the lab's order."""
    cells = LABS[wildcards.preset]["tasks"][wildcards.task]["cells"]
    return [name for name in cells if blocks_of(wildcards.preset, name)]


def images_of(wildcards):
    """Where the images of a dataset come from."""
    return LABS[wildcards.preset]["datasets"][wildcards.dataset]["images"]


def archive_of(wildcards):
    """The folder of the published archive that a dataset is taken from, if it is."""
    images = images_of(wildcards)
    return images["path"] if "archive" in images else []


def files_of(wildcards):
    """Hash of the user's files that a dataset is made from; empty for others."""
    images = images_of(wildcards)
    try:
        return provenance.listing_hash(images["path"]) if images["kind"] == "folder" else ""
    except LabError as error:
        sys.exit(f"\n{error}\n")


def datasets_of(wildcards):
    """Dataset of each cell, by cell."""
    return {name: cell["dataset"] for name, cell in LABS[wildcards.preset]["cells"].items()}


def classes_of(wildcards):
    """Class names of each cell of a task, negative first, by cell."""
    resolved = LABS[wildcards.preset]
    datasets = {cell: resolved["cells"][cell]["dataset"] for cell in cells_of(wildcards)}
    return {cell: resolved["datasets"][dataset]["classes"] for cell, dataset in datasets.items()}


def there(paths):
    """All of the paths; for a partial report, those that exist."""
    return [path for path in paths if not config.get("partial") or Path(path).exists()]


def blocks_of(preset, cell):
    """All blocks of seeds of a cell; for a partial report, those that are trained."""
    folder = f"results/{preset}/blocks/{cell}"
    histories = there(f"{folder}/{block}/history.csv" for block in LABS[preset]["blocks"])
    return [Path(history).parent.name for history in histories]


def trained(preset):
    """All cells; for a partial report, those with a trained block."""
    return [name for name in LABS[preset]["cells"] if blocks_of(preset, name)]


def gaps_of(wildcards):
    """What a partial report lacks, and why; nothing otherwise."""
    if not config.get("partial"):
        return []
    return gaps.find(LABS[wildcards.preset], Path(f"results/{wildcards.preset}"))


def models_of(wildcards):
    """The folders with a cell's trained networks."""
    return [
        f"results/{wildcards.preset}/models/{wildcards.cell}/{block}"
        for block in blocks_of(wildcards.preset, wildcards.cell)
    ]


def with_key(preset, kind, key):
    """Names of a preset's tasks or cells that have something under `key`."""
    return [name for name, entry in LABS[preset][kind].items() if entry[key]]


def inputs_of(wildcards):
    """What a cell trains on: its dataset's images, or their features by its backbone."""
    cell = cell_of(wildcards)
    if cell["backbone"]:
        return f"results/{wildcards.preset}/features/{cell['backbone']}/{cell['dataset']}"
    return f"results/{wildcards.preset}/datasets/{cell['dataset']}"


def begun_of(wildcards):
    """The folder where the same training with fewer epochs has left its end, where there is one."""
    shorter = cell_of(wildcards)["continues"]
    return f"results/{wildcards.preset}/models/{shorter}/{wildcards.block}" if shorter else []


def backbone_of(wildcards):
    """The folder of the frozen network below a cell, where there is one."""
    name = cell_of(wildcards)["backbone"]
    return f"results/{wildcards.preset}/backbones/{name}" if name else []


def weights_of(wildcards):
    """The file that a backbone's weights come from, where there is one."""
    weights = LABS[wildcards.preset]["backbone"]["weights"]
    return [] if weights in ("procedural", "imagenet") else weights


def finding_of(wildcards):
    """The resolved finding of the wildcards."""
    entries = LABS[wildcards.preset]["findings"]
    return next(entry for entry in entries if entry["id"] == wildcards.finding)


def evidence_of(wildcards, entries):
    """What findings are judged by: the tables that their measures read, and their data's audits."""
    resolved = LABS[wildcards.preset]
    wanted = {table: set() for table in claims.TABLES}
    for entry in entries:
        for table, cell in claims.sources(entry["claim"]):
            wanted[table].add(cell)
    folder = f"results/{wildcards.preset}"
    gathered = trained(wildcards.preset)
    tables = {
        table: [f"{folder}/{table}/{cell}.csv" for cell in gathered if cell in wanted[table]]
        for table in ("histories", "predictions")
    }
    tables |= {
        table: there(f"{folder}/{table}/{cell}{end}" for cell in gathered if cell in wanted[table])
        for table, end in (("heatmaps", ""), ("interventions", ".csv"))
    }
    datasets = {resolved["cells"][cell]["dataset"] for entry in entries for cell in entry["cells"]}
    audits = [f"{folder}/audit/{name}" for name in resolved["datasets"] if name in datasets]
    return {**tables, "audits": there(audits)}


def shown(wildcards):
    """Everything that the page shows, but for the numbers."""
    preset, resolved = wildcards.preset, LABS[wildcards.preset]
    figures = f"results/{preset}/figures"
    found = []
    for name, task in resolved["tasks"].items():
        if any(blocks_of(preset, cell) for cell in task["cells"]):
            found.append(f"{figures}/{name}")
        if task["gallery"]:
            found += there([f"{figures}/gallery/{name}.svg"])
    found += there(f"{figures}/datasets/{name}.svg" for name in resolved["datasets"])
    explained = with_key(preset, "cells", "heatmaps")
    for cell in (cell for cell in explained if blocks_of(preset, cell)):
        found += there(
            [
                f"results/{preset}/heatmaps/{cell}",
                f"results/{preset}/interventions/{cell}.csv",
                f"{figures}/heatmaps/{cell}.svg",
                f"{figures}/heat-scores/{cell}.svg",
            ]
        )
    return found


def asked(_):
    """The verdict of the one finding that the config names, as text."""
    if "finding" not in config:
        sys.exit(
            "\nName the finding: make finding ID=1a-plain-overfits, or\nsnakemake --cores 4 finding --config finding=1a-plain-overfits\n"
        )
    return f"results/{config['preset']}/findings/{config['finding']}.txt"


def memory_of(wildcards, attempt):
    """MiB for a job on a cell: with room for CUDA's libraries, and more after a failure."""
    resolved, cell = LABS[wildcards.preset], cell_of(wildcards)
    dataset = resolved["datasets"][cell["dataset"]]
    least = costs.memory(cell, dataset, resolved["backbone"]) + 3000
    return round(least * (1 + attempt) / 2)


def minutes_of(wildcards, attempt):
    """Minutes for a block: thrice what it took on a CPU, a day at most; it goes on after that."""
    resolved, cell = LABS[wildcards.preset], cell_of(wildcards)
    dataset, seeds = resolved["datasets"][cell["dataset"]], len(seeds_of(wildcards.block))
    needed = costs.seconds(cell, dataset, resolved["backbone"], seeds, MEASURED)
    return min(24 * 60, attempt * (10 + round(3 * needed / 60)))


def chain_of(name):
    """Priority of a rule's jobs: the time of the longest chain of jobs that hangs on one."""

    def seconds(wildcards):
        resolved = LABS[wildcards.preset]
        return round(costs.chain(name, dict(wildcards.items()), resolved, MEASURED))

    return seconds


def at_least(number):
    """A fixed amount of a resource, and half as much again after each failure."""
    return lambda wildcards, attempt: round(number * (1 + attempt) / 2)
