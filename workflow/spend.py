"""Run the workflow look by look: after each, seeds go where they decide, within a budget.

    python workflow/spend.py 20min --config preset=demo --cores 4 --resources gpu=1

The first word is the budget, "" for the preset's; all others are Snakemake's. What is granted
stands in results/{lab}/{preset}/plan.json before it trains, so a run that was killed goes on from
there. No rule's script, since each look is a run of Snakemake of its own.
"""

import re
import subprocess
import sys
from pathlib import Path

from snakemake.cli import parse_config
from snakemake.utils import update_config

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from labproof import paths
from labproof.errors import LabError
from labproof.job import end_with_parent
from labproof.judging import allocation
from labproof.lab import costs, folders, grants, plan, settings

ROOT = Path(__file__).resolve().parents[1]
LOOKING = {"-n", "--dry-run", "--dryrun", "--lint", "--report", "--unlock"}  # nothing is trained


def resolved(arguments: list[str]) -> dict:
    """The lab that Snakemake's arguments ask for, with the seeds that are granted."""
    config = plan.read_config(ROOT)
    update_config(config, parse_config(settings.given(arguments)))
    return plan.resolve(plan.overridden(config, plan.read_config(ROOT), ROOT), ROOT)


def ask(lab: dict, arguments: list[str]) -> None:
    """Ask on a terminal whether a stranger's lab may run; elsewhere Snakemake tells what to say."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or f"trust={lab['name']}" in arguments:
        return
    told = folders.untrusted(lab, ROOT)
    if not told:
        return
    print(f"\n{told}", file=sys.stderr)
    print("Do you trust it, from now on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        sys.exit("Nothing was run.")
    folders.trust(lab["folder"])


def cores_of(arguments: list[str]) -> int:
    """How many jobs of one core run side by side, as Snakemake is told."""
    told = re.findall(r"(?:--cores|--jobs|-c|-j)[ =]?(\d+)", " ".join(arguments))
    return max(1, int(told[0])) if told else 1


def main(budget: str, arguments: list[str]) -> None:
    """Run looks until nothing is worth its time, or the budget is spent."""
    try:
        lab = resolved(arguments)
        ask(lab, arguments)
        time = grants.seconds(budget or lab["budget"])
        file = Path(paths.of_resolved(lab).plan)
        # seeds that the command names, and a lab without steps, are one look at all of them
        steps = lab["planned"] and not LOOKING & set(arguments)
        if steps:
            now = grants.read(file) or allocation.first_plan(lab, time)
            grants.write(file, {**now, "budget": time})
        while True:
            run = subprocess.run(
                [sys.executable, "-m", "snakemake", *arguments], preexec_fn=end_with_parent
            )
            if run.returncode or not steps:
                sys.exit(run.returncode)
            lab, now = resolved(arguments), grants.read(file)
            shipped = costs.read(ROOT / "workflow/costs.csv")
            after = allocation.next_plan(lab, now, shipped, cores_of(arguments))
            grants.write(file, after)
            if after["cells"] == now["cells"]:
                return
    except LabError as error:
        sys.exit(f"\n{error}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
