# The resolved labs, the wildcards, and the helpers that the rules share.
import functools
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

# Relative, so that a project that is moved has nothing to do again.
ROOT = Path(os.path.relpath(Path(workflow.basedir).resolve().parent))
sys.path.insert(0, str(ROOT.resolve() / "scripts"))

from labproof import paths, provenance, running
from labproof.errors import LabError
from labproof.lab import commands, costs, folders, gaps, grants, leaves, plan, trainings
from labproof.lab.seeds import seeds_of


def or_exit(function, *arguments, **options):
    """What the function returns; ends Snakemake with the message of a LabError alone."""
    try:
        return function(*arguments, **options)
    except LabError as error:
        sys.exit(f"\n{error}\n")


# No word of --quiet takes these two lines away, which stand between the jobs' own and tell nothing.
logging.getLogger("snakemake.logging").addFilter(
    lambda record: not re.match(r"Select jobs to execute|Execute \d+ jobs", str(record.msg))
)


# A file that is no YAML mapping gets a clearer message here than from `configfile` itself.
WRITTEN = or_exit(plan.read_config, ROOT)


configfile: str(ROOT / "config/config.yaml")


config.update(plan.overridden(config, WRITTEN, ROOT))
or_exit(plan.check_config, config, ROOT)

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

RESULTS = paths.of(config["lab"])  # with the wildcard {preset}
JUDGED = RESULTS.of_report("{report}")  # the same, but below it where the lab has several reports
OF_LAB = Path(RESULTS.root).parent
or_exit(folders.check_results, config["lab"], ROOT, OF_LAB)
PUBLISHED = plan.published_of(config["lab"], ROOT)
BEGUN = time.time()
MEASURED = costs.read(ROOT / "workflow/costs.csv")
GPUS = 0
if shutil.which("nvidia-smi"):
    listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
    GPUS = listed.stdout.count("GPU ")


onstart:
    or_exit(folders.check_trust, lab_of(config["preset"]), ROOT, config.get("trust"))
    folders.record(config["lab"], ROOT, OF_LAB)


# NumPy, SciPy and what comes with them are for the end alone
def tell(outcome):
    """Print what a run says last: outcome is "succeeded" or "failed"."""
    from labproof.judging import allocation
    from labproof.page import ending

    resolved = lab_of(config["preset"])
    told = getattr(ending, outcome)(resolved, paths.of_resolved(resolved), BEGUN)
    if told:
        print(told, file=sys.stderr, flush=True)
    results = paths.of_resolved(resolved)
    if outcome == "succeeded" and resolved["planned"] and allocation.judged(resolved, results):
        cores = workflow.resource_settings.cores or 1  # none on a cluster, where it is core time
        budget = grants.seconds(resolved["budget"])
        before = grants.read(Path(results.plan)) or allocation.first_plan(resolved, budget)
        after = allocation.next_plan(resolved, before, MEASURED, cores)
        print(f"\n{grants.told(before, after)}", file=sys.stderr, flush=True)


onsuccess:
    tell("succeeded")


onerror:
    tell("failed")


wildcard_constraints:
    preset=plan.NAME,
    cell=plan.NAME,
    dataset=plan.NAME,
    task=plan.NAME,
    finding=plan.NAME,
    backbone=r"[a-z0-9_]+",
    archive=r"dermamnist-\d+|fracatlas",
    block=r"\d+-\d+",
    environment=r"[0-9a-f]{16}",


# --resources gpu=1 is about one machine: on a cluster each job gets its own GPU.
resource_scopes:
    gpu="local",


def code_of(rule):
    """Hash of the logic behind a rule's script: a comment reruns nothing, a change of logic does."""
    return provenance.code_hash(ROOT / f"scripts/{rule}.py")


@functools.cache
def lab_of(preset):
    """The resolved lab under a preset, so that results/{lab}/{preset}/… can be asked for under any."""
    return or_exit(plan.resolve, config, ROOT, preset=preset)


wildcard_constraints:
    report=f"{paths.REPORTS}{plan.NAME}" if lab_of(config["preset"])["reports"] else "(?:)",


@functools.cache
def results_under(preset):
    """The paths of a preset."""
    return paths.of(config["lab"], preset)


def results_of(wildcards):
    """The paths of the wildcards' preset."""
    return results_under(wildcards.preset)


def entry_of(kind, wildcards):
    """A resolved "cell", "task" or "dataset" of the wildcards."""
    entries, name = lab_of(wildcards.preset)[f"{kind}s"], wildcards[kind]
    if name not in entries:
        sys.exit(f'\nThe lab has no {kind} "{name}".{plan.suggest(name, entries)}\n')
    return entries[name]


def cell_of(wildcards):
    """The resolved cell of the wildcards."""
    return entry_of("cell", wildcards)


def cells_of(wildcards):
    """Names of the cells of a task that are drawn, in the lab's order."""
    cells = entry_of("task", wildcards)["cells"]
    return [name for name in cells if blocks_of(wildcards.preset, name)]


def commanded(wanted):
    """Pattern of the cells that a command of the user's trains, or of the others.

    All cells of a lab are of one kind.
    """
    cells = lab_of(config["preset"])["cells"].values()
    return plan.NAME if any(bool(cell.get("run")) for cell in cells) is wanted else "none at all"


def given_of(wildcards):
    """The history of a seed that is there already, where the cell says so."""
    given = cell_of(wildcards)["run"]["given"]
    if not given:
        return []
    (seed,) = seeds_of(wildcards.block)
    values = {"cell": wildcards.cell, "seed": seed}
    lab = lab_of(wildcards.preset)
    file = Path(lab["folder"]) / commands.filled(given, values)
    if not file.is_file():  # else Snakemake's own message, which tells no mend
        or_exit(commands.check_given, lab)
    return str(file)


def shared_of(wildcards):
    """The folder of the run of another cell that has trained this one too, where there is one."""
    leader = cell_of(wildcards)["run"]["shares"]
    return results_of(wildcards).run(leader, wildcards.block) if leader else []


def environment_of(wildcards):
    """The environment that a cell's command runs in, where the lab has one made."""
    file = cell_of(wildcards)["run"]["environment"]
    if not file:
        return []
    path = Path(lab_of(wildcards.preset)["folder"]) / file
    return f"{OF_LAB}/environments/{provenance.file_hash(path)}"


def environment_file(wildcards):
    """The file of packages that an environment is made of."""
    resolved = lab_of(config["preset"])
    for cell in resolved["cells"].values():
        file = (cell.get("run") or {}).get("environment")
        path = Path(resolved["folder"]) / file if file else None
        if path and provenance.file_hash(path) == wildcards.environment:
            return str(path)
    return []


def code_of_run(wildcards):
    """Hash of the user's files that a command needs: of the logic of code, of all else in others."""
    folder = Path(lab_of(wildcards.preset)["folder"])
    return provenance.files_hash(commands.files(cell_of(wildcards)["run"], folder), folder)


def images_of(wildcards):
    """Where the images of a dataset come from."""
    return entry_of("dataset", wildcards)["images"]


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


def labels_of(wildcards):
    """Label of each cell of a task, by cell."""
    cells = lab_of(wildcards.preset)["cells"]
    return {name: cells[name]["label"] for name in cells_of(wildcards)}


def units_of(wildcards):
    """Units of what a task's curves show; what a user's own code calls its loss has none."""
    cells = lab_of(wildcards.preset)["cells"]
    own = any(cells[name].get("run") for name in cells_of(wildcards))
    return {"accuracy": "share"} if own else {"accuracy": "share", "loss": "nats"}


def classes_of(wildcards):
    """Class names of each cell of a task, negative first, by cell; None where nobody says them."""
    resolved = lab_of(wildcards.preset)
    found = {}
    for name in cells_of(wildcards):
        cell = resolved["cells"][name]
        about = cell.get("run") or resolved["datasets"][cell["dataset"]]
        found[name] = about["classes"]
    return found


def there(paths):
    """All of the paths; for a partial report, those that exist."""
    return [path for path in paths if not config.get("partial") or Path(path).exists()]


def blocks_of(preset, cell):
    """All blocks of seeds of a cell; for a partial report, those that are trained."""
    blocks = lab_of(preset)["blocks"][cell]
    if not config.get("partial"):
        return blocks
    table = tables_by_block(preset, cell, "history")
    return [block for block in blocks if Path(table(block)).exists()]


def tables_by_block(preset, cell, table):
    """Function: block -> a table of it, where the cell's seeds are trained."""
    folder = results_under(preset)
    trained = trainings.trained_as(lab_of(preset)["cells"], cell)
    return lambda block: folder.block(trained, block, table)


def blocks_behind(cells):
    """A file of each block of the cells, for targets to ask for.

    Where Snakemake has lost its records, a gathered table that is there does not tell that it lacks
    blocks, and what is behind a file that is there is not asked for.
    """
    preset = config["preset"]
    return [
        tables_by_block(preset, cell, "facts")(block)
        for cell in cells
        for block in blocks_of(preset, cell)
    ]


def trained(preset):
    """All cells; for a partial report, those with a trained block."""
    return [name for name in lab_of(preset)["cells"] if blocks_of(preset, name)]


def gaps_of(wildcards):
    """What a partial report lacks, and why; nothing otherwise."""
    if not config.get("partial"):
        return []
    return gaps.find(lab_of(wildcards.preset), results_of(wildcards))


def tables_of(table):
    """Input function: a table (history, predictions or facts) of each of a cell's blocks."""

    def blocks(wildcards):
        preset, cell = wildcards.preset, wildcards.cell
        cell_of(wildcards)  # or the message that there is none
        return list(map(tables_by_block(preset, cell, table), blocks_of(preset, cell)))

    return blocks


def models_of(wildcards):
    """The folders with a cell's trained networks."""
    blocks = blocks_of(wildcards.preset, wildcards.cell)
    trained = trainings.trained_as(lab_of(wildcards.preset)["cells"], wildcards.cell)
    return [results_of(wildcards).models(trained, block) for block in blocks]


def runs_of(wildcards):
    """The folders of a cell's runs of a command."""
    blocks = blocks_of(wildcards.preset, wildcards.cell)
    return [results_of(wildcards).run(wildcards.cell, block) for block in blocks]


def repeated(wildcards):
    """What tells whether the code of a user's lab is seeded at all; nothing of another lab."""
    name = trainings.to_repeat(lab_of(wildcards.preset)["cells"])
    blocks = blocks_of(wildcards.preset, name) if name else []
    return there([results_of(wildcards).repeat(name, blocks[0])]) if blocks else []


def base_of(wildcards):
    """Width of the backbone that is trained here."""
    return lab_of(wildcards.preset)["backbone"].get("base", 64)


def dataset_of(wildcards):
    """The folder of the images that a cell is about."""
    return results_of(wildcards).dataset(cell_of(wildcards)["dataset"])


def inputs_of(wildcards):
    """What a cell trains on: its dataset's images, or their features by its backbone."""
    cell = cell_of(wildcards)
    if cell["backbone"]:
        return results_of(wildcards).features(cell["backbone"], cell["dataset"])
    return dataset_of(wildcards)


def begun_of(wildcards):
    """The folder where the same training with fewer epochs has left its end, where there is one."""
    shorter = cell_of(wildcards)["continues"]
    return results_of(wildcards).models(shorter, wildcards.block) if shorter else []


def backbone_of(wildcards):
    """The folder of the frozen network below a cell, where there is one."""
    name = cell_of(wildcards)["backbone"]
    return results_of(wildcards).backbone(name) if name else []


def weights_of(wildcards):
    """The file that a backbone's weights come from, where there is one."""
    weights = lab_of(wildcards.preset)["backbone"]["weights"]
    return [] if weights in ("procedural", "imagenet") else weights


def claimed_by(wildcards):
    """The resolved lab, as the report of the wildcards claims it."""
    return or_exit(plan.of_report, lab_of(wildcards.preset), wildcards.report)


def findings_of(wildcards):
    """The resolved findings that a job judges: the one of the wildcards, or all of its report."""
    return or_exit(plan.findings_of, claimed_by(wildcards), wildcards.get("finding"))


def judged(preset=None):
    """The folders of what is judged and shown, one a report."""
    preset = preset or config["preset"]
    results = results_under(preset)
    return [results.of_report(name) for name in lab_of(preset)["reports"] or [None]]


def pages(_):
    """The page of each report, and where there are several, what lays them side by side."""
    several = lab_of(config["preset"])["reports"]
    overview = results_under(config["preset"]).overview if several else []
    return [results.report(".html") for results in judged()] + overview


def judged_by(wildcards):
    """Hash of all that a judgement hangs on beside its files."""
    resolved = lab_of(wildcards.preset)
    datasets = {name: cell["dataset"] for name, cell in resolved["cells"].items()}
    seeds = [resolved[key] for key in ("seeds", "seeds_of", "ladder")]
    return provenance.data_hash([findings_of(wildcards), seeds, datasets])


def evidence_of(wildcards):
    """What findings are judged by: the tables that their measures read, and their data's audits."""
    resolved, entries = lab_of(wildcards.preset), findings_of(wildcards)
    folder = results_of(wildcards)
    wanted = {table: set() for table in leaves.TABLES}
    for entry in entries:
        for table, cell in leaves.sources(entry["claim"]):
            wanted[table].add(cell)
    gathered = trained(wildcards.preset)

    def made(table, path):
        return [path(cell) for cell in gathered if cell in wanted[table]]

    datasets = {resolved["cells"][cell]["dataset"] for entry in entries for cell in entry["cells"]}
    return {
        "histories": made("histories", folder.history),
        "predictions": made("predictions", folder.predictions),
        "scalars": made("scalars", folder.scalars),
        "facts": made("facts", folder.facts),
        "heatmaps": there(made("heatmaps", folder.heatmaps)),
        "interventions": there(made("interventions", folder.interventions)),
        "audits": there(folder.audit(name) for name in resolved["datasets"] if name in datasets),
    }


def shown(wildcards):
    """Everything that the page shows, but for the numbers."""
    preset, resolved, folder = wildcards.preset, lab_of(wildcards.preset), results_of(wildcards)
    found = []
    for name, task in resolved["tasks"].items():
        if any(blocks_of(preset, cell) for cell in task["cells"]):
            found.append(folder.figure(name))
        if task["gallery"]:
            found += there([folder.figure(f"gallery/{name}", ".svg")])
    found += there(folder.figure(f"datasets/{name}", ".svg") for name in resolved["datasets"])
    for cell in trained(preset):
        if resolved["cells"][cell]["heatmaps"]:
            found += there(
                [
                    folder.heatmaps(cell),
                    folder.interventions(cell),
                    folder.figure(f"heatmaps/{cell}", ".svg"),
                    folder.figure(f"heat-scores/{cell}", ".svg"),
                ]
            )
    return found


def backbones_of(wildcards):
    """The folders of all frozen networks that cells stand on."""
    cells = lab_of(wildcards.preset)["cells"].values()
    names = sorted({cell["backbone"] for cell in cells if cell["backbone"]})
    return there(results_of(wildcards).backbone(name) for name in names)


def kept(_):
    """What a finished run leaves for its user, beside the page that is made from it.

    Snakemake makes a deleted file again where it is asked for by name, and not for a page's sake.
    """
    preset = config["preset"]
    results = results_under(preset)
    found = [path for folder in judged() for path in (folder.findings, *folder.records)]
    found += shown(SimpleNamespace(preset=preset))
    for cell in trained(preset):
        found += [results.history(cell), results.predictions(cell), results.facts(cell)]
        folders = runs_of if lab_of(preset)["cells"][cell].get("run") else models_of
        found += there(folders(SimpleNamespace(preset=preset, cell=cell)))
    return found + there(results.audit(name) for name in lab_of(preset)["datasets"])


def asked(_):
    """The verdict of the one finding that the config names, as text."""
    if "finding" not in config:
        sys.exit(
            "\nName the finding: make finding ID=1a-plain-overfits, or\nsnakemake --cores 4 finding --config finding=1a-plain-overfits\n"
        )
    of_report, _, finding = config["finding"].rpartition("/")
    results = results_under(config["preset"])
    return results.of_report(of_report).finding(finding, ".txt")


def cells_asked():
    """The cells that the one finding of the config is about."""
    (entry,) = or_exit(plan.findings_of, lab_of(config["preset"]), config.get("finding"))
    return entry["cells"]


def size_of(wildcards):
    """What a job on a cell costs hangs on: the cell, its dataset, the backbone."""
    resolved, cell = lab_of(wildcards.preset), cell_of(wildcards)
    return cell, resolved["datasets"][cell["dataset"]], resolved["backbone"]


def more(amount, attempt, share=0.5):
    """An amount of a resource, with a `share` of it on top for each of the first two failures.

    Not for more of them: a training that is told to leave many times lacks no memory, and a job
    that asks for more than any node has is refused.
    """
    return round(amount * (1 + share * min(attempt - 1, 2)))


def memory_of(wildcards, attempt):
    """MiB for a job on a cell: with room for CUDA's libraries, and more after a failure."""
    return more(costs.memory(*size_of(wildcards)) + 3000, attempt)


def minutes_of(wildcards, attempt):
    """Minutes for a block: thrice what it took on a CPU, a day at most; it goes on after that."""
    needed = costs.seconds(*size_of(wildcards), len(seeds_of(wildcards.block)), MEASURED)
    return min(24 * 60, more(10 + round(3 * needed / 60), attempt, share=1))


def chain_of(name):
    """Priority of a rule's jobs: the time of the longest chain of jobs that hangs on one."""

    def seconds(wildcards):
        resolved = lab_of(wildcards.preset)
        return round(costs.chain(name, dict(wildcards.items()), resolved, MEASURED))

    return seconds


def at_least(number):
    """A fixed amount of a resource, and half as much again after each failure."""
    return lambda wildcards, attempt: more(number, attempt)
