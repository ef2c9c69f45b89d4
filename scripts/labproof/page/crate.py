"""A finished run -> an RO-Crate: what was run, on what, and what came out, in one zip.

Workflow Run Crate 0.5, https://w3id.org/ro/wfrun/workflow/0.5, on RO-Crate 1.1.
"""

import hashlib
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from labproof import paths, provenance, tables, words
from labproof.errors import LabError
from labproof.judging import record
from labproof.lab import commands, seeds, settings
from labproof.page import scoreboard

PROFILES = {  # address -> name
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # where sha256 is from
UNSAID = "Under which licence the lab's files and these results are, nobody has said."
MIT = "https://spdx.org/licenses/MIT"
# Of a lab's folder; beside them the code that its cells name.
WRITTEN = ("tasks.yaml", "findings.yaml", "findings", "report.md", "published.csv")
LARGEST = 16 * 2**20  # bytes of a file of the lab's that is taken along; of others the hash is told
TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}


def write(lab: Mapping, root: Path, results: paths.Results, output: Path, licence: str = "") -> int:
    """Write a run's crate as a zip, and return how many files it holds.

    Parameters
    ----------
    lab
        The resolved lab.
    root
        The project, with workflow/ and config/.
    results
        The paths of the lab's results.
    output
        The zip.
    licence
        Of the lab's files and the results, as an address or in words.

    Raises
    ------
    LabError
        Where the run has no page yet, or the package rocrate is not there.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise LabError(
            "There is no package rocrate in this environment: make crate adds it from "
            "requirements-crate.lock."
        ) from None
    each = [results.of_report(name) for name in lab["reports"]] or [results]
    page = Path(results.overview[0] if lab["reports"] else results.report(".html"))
    if not page.is_file():
        raise LabError(
            f"{page}: there is no page of this run yet, so there is nothing to pack. Make it: "
            f"{settings.make(lab)}"
        )
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    packed = _Packed(crate)
    done = datetime.fromtimestamp(int(page.stat().st_mtime), UTC).isoformat()

    workflow = _workflow(packed, root, results, lab)
    objects = [
        *_written(packed, lab, root),
        *(_data(packed, results, name) for name in lab["datasets"]),
        *_values(packed, lab),
    ]
    made = _results(packed, results, each, lab)
    action = packed.context(
        "#run",
        "CreateAction",
        name=f"The lab {lab['name']} under the preset {lab['preset']}",
        description=settings.snakemake(lab),
        instrument=workflow,
        object=objects,
        result=made,
        endTime=done,
        actionStatus="http://schema.org/CompletedActionStatus",
    )
    for address, name in PROFILES.items():
        version = address.rsplit("/", 1)[1]
        profile = packed.context(address, "CreativeWork", name=name, version=version)
        crate.root_dataset.append_to("conformsTo", profile)
    judged = [entry for one in each for entry in record.read(Path(one.findings))]
    crate.name = f"{lab['title']}: a lab report, run again"
    crate.description = "{} Verdicts on {}: {}.".format(
        "A lab report whose sentences were judged by trainings over many seeds.",
        words.count(len(judged), "sentence"),
        ", ".join(f"{each['count']} {each['verdict']}" for each in scoreboard.counts(judged)),
    ).replace(words.NBSP, " ")
    crate.datePublished = done
    crate.license = UNSAID
    if licence.startswith("http"):
        crate.license = packed.context(licence, "CreativeWork", name=licence.rsplit("/", 1)[-1])
    elif licence:
        crate.license = licence
    crate.root_dataset["mentions"] = action
    output.parent.mkdir(parents=True, exist_ok=True)
    crate.write_zip(output)
    return packed.count


class _Packed:
    """A crate that is being filled: files once each, with size and hash."""

    def __init__(self, crate):
        self.crate, self.count = crate, 0

    def file(self, source: Path, place: str, **told: Any):
        """A file at a place in the crate."""
        if (known := self.crate.get(place)) is not None:
            return known
        self.count += 1
        about = {"name": place, **_about(source), **told}
        return self.crate.add_file(source, place, properties=about)

    def context(self, identifier: str, kind: str, **told: Any):
        """What is described and is no file of the crate."""
        from rocrate.model.contextentity import ContextEntity

        entity = ContextEntity(self.crate, identifier, properties={"@type": kind})
        for key, value in told.items():
            entity[key] = value
        return self.crate.add(entity)


def _about(file: Path) -> dict:
    with file.open("rb") as content:
        told = hashlib.file_digest(content, "sha256").hexdigest()
    about = {"contentSize": str(file.stat().st_size), "sha256": told}
    return about | ({"encodingFormat": TYPES[file.suffix]} if file.suffix in TYPES else {})


def _workflow(packed: _Packed, root: Path, results: paths.Results, lab: Mapping):
    """The workflow, with the code's commit and the versions of what ran it."""
    version, changed = _commit(root)
    known = provenance.versions()
    workflow = packed.crate.add_workflow(
        root / "workflow/Snakefile",
        "workflow/Snakefile",
        main=True,
        lang="snakemake",
        lang_version=known.get("snakemake"),
        properties={
            "name": "Labproof",
            "version": version,
            "license": {"@id": MIT},
            "encodingFormat": "text/plain",
            **_about(root / "workflow/Snakefile"),
        }
        | ({"description": "The code has changes that are in no commit."} if changed else {}),
    )
    packed.count += 1
    packed.context(MIT, "CreativeWork", name="MIT License")
    rules = sorted((root / "workflow/rules").glob("*.smk"))
    workflow["hasPart"] = [
        packed.file(file, f"workflow/rules/{file.name}", encodingFormat="text/plain")
        for file in rules
    ]
    used = {"snakemake": known["snakemake"]} if "snakemake" in known else {}
    workflow["softwareRequirements"] = [
        packed.context(f"#{name}", "SoftwareApplication", name=name, version=said)
        for name, said in sorted((used | _versions(results, lab)).items())
    ]
    return workflow


def _commit(root: Path) -> tuple[str, bool]:
    """The commit of the code, and whether it has changes besides; without git a hash of it all."""
    code = ["workflow", "scripts", "report"]

    def git(*asked: str) -> str:
        run = subprocess.run(["git", *asked], cwd=root, capture_output=True, text=True)
        if run.returncode:
            raise OSError(run.stderr)
        return run.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root.resolve():
            raise OSError("the repository around this folder is another one's")
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", *code))
    except OSError:
        files = [file for name in code for file in sorted((root / name).rglob("*.*"))]
        told = hashlib.sha256()
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                told.update(f"{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
        return f"sha256:{told.hexdigest()}", False


def _versions(results: paths.Results, lab: Mapping) -> dict[str, str]:
    """Versions that the trainings report, as the page has them: program -> version or versions."""
    from labproof.page.cells import gather

    read = [gather(tables.read(Path(results.facts(cell)))) for cell in lab["cells"]]
    found = pd.concat([facts["versions"] for facts in read if facts] or [pd.DataFrame()])
    return {name: ", ".join(sorted(set(found[name]))) for name in found}


def _written(packed: _Packed, lab: Mapping, root: Path) -> list:
    """What was written by hand: the config, the preset and the lab, with its code."""
    found = [
        packed.file(root / place, place)
        for place in ("config/config.yaml", f"config/presets/{lab['preset']}.yaml")
    ]
    folder = (root / lab["folder"]).resolve()
    for file in _of_lab(lab, folder):
        place = f"config/labs/{lab['name']}/{file.relative_to(folder).as_posix()}"
        found.append(packed.file(file, place))
    return found


def _of_lab(lab: Mapping, folder: Path) -> Iterable[Path]:
    named = [folder / name for name in WRITTEN]
    for cell in lab["cells"].values():
        if cell.get("run"):
            named += commands.files(cell["run"], folder)
    for path in dict.fromkeys(named):
        inside = sorted(path.rglob("*")) if path.is_dir() and path.name in WRITTEN else [path]
        for file in inside:
            if file.is_file() and file.stat().st_size <= LARGEST:
                yield file


def _data(packed: _Packed, results: paths.Results, name: str):
    """A data set: its images stay out of the crate, their hash and their list are in it."""
    folder = Path(results.dataset(name))
    told: dict[str, Any] = {"name": name, "description": "Its images are not in this crate."}
    images, records = folder / "images.npy", folder / "records.csv"
    if images.is_file():
        told |= {key: value for key, value in _about(images).items() if key != "encodingFormat"}
    if records.is_file():
        listed = packed.file(records, f"results/datasets/{name}/records.csv")
        told["subjectOf"] = listed
    return packed.context(f"#data-{name}", "CreativeWork", **told)


def _values(packed: _Packed, lab: Mapping) -> list:
    """What the command line says: lab, preset and seeds."""
    said = {"lab": lab["name"], "preset": lab["preset"]}
    if not lab["planned"]:
        said["seeds"] = seeds.spell(lab["seeds"])
    return [
        packed.context(f"#{name}", "PropertyValue", name=name, value=value)
        for name, value in said.items()
    ]


def _results(
    packed: _Packed, results: paths.Results, each: list[paths.Results], lab: Mapping
) -> list:
    """What came out: of each report verdicts, page and badge, and the tables of every cell."""
    told, files = {}, [*results.overview, results.plan]
    for one in each:
        told |= {one.findings: "The verdicts on all findings", one.report(".html"): "The page"}
        files += [one.findings, one.report(".html"), *one.records]
    for cell in lab["cells"]:
        files += [results.history(cell), results.predictions(cell)]
        files += [results.scalars(cell), results.facts(cell)]
    made = []
    for file in map(Path, files):
        if file.is_file():
            place = f"results/{file.relative_to(results.root).as_posix()}"
            made.append(packed.file(file, place, **_named(told.get(str(file)))))
    return made


def _named(name: str | None) -> dict:
    return {"name": name} if name else {}
