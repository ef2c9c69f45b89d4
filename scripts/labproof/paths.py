"""Where each thing of a run lies under results/: the one place that knows.

The rules ask with wildcards ("{cell}") where scripts and library ask with names, so both mean the
same files.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = "results/{lab}/{preset}"
REPORTS = "/reports/"  # below a run's folder, what is judged and shown of each of several reports
BLOCK = re.compile(r"\d+-\d+", re.ASCII)


def of(lab: str, preset: str = "{preset}") -> "Results":
    """The results of a lab, by its name or its folder, relative to where the workflow runs."""
    name = Path(os.path.abspath(Path(lab).expanduser())).name
    return Results(TEMPLATE.format(lab=name, preset=preset))


def of_resolved(lab: Mapping) -> "Results":
    """The results of a resolved lab."""
    return of(lab["name"], lab["preset"])


@dataclass(frozen=True)
class Results:
    """The paths below one folder of results, as text."""

    root: str | Path

    def dataset(self, dataset: str) -> str:
        """Folder of a dataset's images."""
        return f"{self.root}/datasets/{dataset}"

    def audit(self, dataset: str) -> str:
        """Folder of what an audit of a dataset found."""
        return f"{self.root}/audit/{dataset}"

    def backbone(self, backbone: str) -> str:
        """Folder of a frozen network's weights."""
        return f"{self.root}/backbones/{backbone}"

    def features(self, backbone: str, dataset: str) -> str:
        """Folder of a dataset's features by a frozen network."""
        return f"{self.root}/features/{backbone}/{dataset}"

    def block(self, cell: str, block: str, table: str) -> str:
        """A table (history, predictions or facts) of one block of seeds."""
        return f"{self.root}/blocks/{cell}/{block}/{table}.csv"

    def blocks(self, cell: str) -> list[str]:
        """The blocks of seeds that a cell has on the disk, larger ones first."""
        found = [file.parent.name for file in Path(self.root).glob(f"blocks/{cell}/*/history.csv")]
        ends = {name: tuple(map(int, name.split("-"))) for name in found if BLOCK.fullmatch(name)}
        return sorted(ends, key=lambda name: (ends[name][0] - ends[name][1], ends[name]))

    def models(self, cell: str, block: str) -> str:
        """Folder of the networks of one block of seeds."""
        return f"{self.root}/models/{cell}/{block}"

    def run(self, cell: str, block: str) -> str:
        """Folder where a user's command trained one seed, with all that it wrote."""
        return f"{self.root}/runs/{cell}/{block}"

    def repeat(self, cell: str, block: str) -> str:
        """Whether a second run of one seed by a user's command left the same."""
        return f"{self.root}/repeats/{cell}/{block}.json"

    def scalars(self, cell: str) -> str:
        """Single numbers that a user's command told of its seeds."""
        return f"{self.root}/scalars/{cell}.csv"

    def history(self, cell: str) -> str:
        """Learning curves of all seeds."""
        return f"{self.root}/histories/{cell}.csv"

    def predictions(self, cell: str) -> str:
        """Answers of all seeds to the validation images."""
        return f"{self.root}/predictions/{cell}.csv"

    def facts(self, cell: str) -> str:
        """Time, memory, device and versions of all blocks."""
        return f"{self.root}/facts/{cell}.csv"

    def heatmaps(self, cell: str) -> str:
        """Folder of a cell's heatmaps and their scores."""
        return f"{self.root}/heatmaps/{cell}"

    def interventions(self, cell: str) -> str:
        """Answers of all seeds to changed images."""
        return f"{self.root}/interventions/{cell}.csv"

    def evidence(self, cell: str) -> dict[str, str]:
        """The tables that findings are judged by, by kind; one file each."""
        return {
            "histories": self.history(cell),
            "predictions": self.predictions(cell),
            "scalars": self.scalars(cell),
            "facts": self.facts(cell),
            "heatmaps": f"{self.heatmaps(cell)}/scores.csv",
            "interventions": self.interventions(cell),
        }

    def figure(self, name: str, suffix: str = "") -> str:
        """A figure such as "gallery/3", or the folder of a task's figures."""
        return f"{self.root}/figures/{name}{suffix}"

    def of_report(self, report: str | None) -> "Results":
        """The folder of what is judged and shown of one report; this one where there is no other.

        `report` is a name, or the rules' wildcard "{report}", which is the rest of the path.
        """
        place = report if not report or "{" in report else f"{REPORTS}{report}"
        return Results(f"{self.root}{place or ''}")

    @property
    def overview(self) -> list[str]:
        """Several reports beside one another: the page, and a table."""
        folder = f"{self.root}{REPORTS}"
        return [f"{folder}index.html", f"{folder}claims.csv"]

    @property
    def plan(self) -> str:
        """How many seeds each cell is granted."""
        return f"{self.root}/plan.json"

    @property
    def findings(self) -> str:
        """The verdicts on all findings."""
        return f"{self.root}/findings.json"

    @property
    def records(self) -> list[str]:
        """The verdicts for machines: a table, a badge as data, and drawn."""
        badge = f"{self.root}/report/badge"
        return [f"{self.root}/findings.csv", f"{badge}.json", f"{badge}.svg"]

    def finding(self, finding: str, suffix: str) -> str:
        """The verdict on one finding, judged alone: .json or .txt."""
        return f"{self.root}/findings/{finding}{suffix}"

    def report(self, suffix: str) -> str:
        """The page: .qmd or .html."""
        return f"{self.root}/report/index{suffix}"

    @property
    def crate(self) -> str:
        """The run as an RO-Crate."""
        return f"{self.root}/crate.zip"

    @property
    def library(self) -> str:
        """The script that draws the page's explorer."""
        return f"{self.root}/report/vega.js"

    @property
    def rendered(self) -> str:
        """The page before it is put in its place."""
        return f"{self.root}/report/rendered.html"

    def log(self, *job: str) -> str:
        """The log of a job: its rule and what tells it from the rule's others."""
        return f"{self.root}/logs/{'/'.join(job)}.log"

    def benchmark(self, *job: str) -> str:
        """What a job took, as Snakemake measures it."""
        return f"{self.root}/benchmarks/{'/'.join(job)}.tsv"

    def scratch(self, *job: str) -> str:
        """Folder for what a job leaves for its next try."""
        return f"{self.root}/scratch/{'/'.join(job)}"
