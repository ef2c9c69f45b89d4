"""What the jobs that the current config still needs will cost, before any is begun.

    make estimate PRESET=lab CONFIG="seeds=10"

No rule's script, since it asks Snakemake what is still to be done.
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
from labproof.lab import costs, plan, settings

ROOT = Path(__file__).resolve().parents[1]


def planned(arguments: list[str]) -> list[dict]:
    """The jobs of a dry run: `rule`, `wildcards`, `resources`.

    Raises
    ------
    LabError
        Snakemake's own message, where it cannot plan.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--nocolor", *arguments]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise LabError((run.stdout + run.stderr).strip())
    jobs = []
    for part in re.split(r"^(?=(?:local)?rule )", run.stdout, flags=re.MULTILINE)[1:]:
        found = {"rule": re.match(r"(?:local)?rule (\w+):", part).group(1)}
        lines = dict(re.findall(r"^    (wildcards|resources): (.*)$", part, re.M))
        for key in ("wildcards", "resources"):
            found[key] = dict(re.findall(r"(\w+)=([^,]*)", lines.get(key, "")))
        jobs.append(found)
    return jobs


def table(jobs: list[dict], resolved: dict, measured: list[dict]) -> str:
    """The jobs by rule: how many, hours of one core, and the most memory that one asks for."""
    cpu = [row for row in measured if not row.get("gpu")]
    gpu = [row for row in measured if row.get("gpu")]
    rows: dict[str, dict] = {}
    for entry in jobs:
        asked = entry["resources"]
        on_gpu = int(asked.get("gpu", 0) or 0) > 0
        row = rows.setdefault(
            entry["rule"], {"jobs": 0, "cpu": 0.0, "gpu": 0.0, "asks": 0, "mib": 0}
        )
        row["jobs"] += 1
        row["asks"] += on_gpu
        known = gpu if on_gpu and gpu else cpu
        seconds = costs.job(entry["rule"], entry["wildcards"], resolved, known)
        row["gpu" if on_gpu and gpu else "cpu"] += seconds / 3600
        row["mib"] = max(row["mib"], int(asked.get("mem_mb", 0) or 0))
    lines = [f"{'':18}{'jobs':>7}{'core hours':>12}{'GPU hours':>12}{'memory of a job (GB)':>23}"]
    total = {"jobs": 0, "cpu": 0.0, "gpu": 0.0}
    unknown = False
    for name, row in rows.items():
        blind = row["asks"] > 0 and not gpu
        unknown |= blind
        graphics = "?" if blind else f"{row['gpu']:.1f}" if row["asks"] else ""
        memory = f"{row['mib'] / 1000:.1f}" if row["mib"] else ""
        lines.append(f"{name:18}{row['jobs']:7}{row['cpu']:12.2f}{graphics:>12}{memory:>23}")
        for key in total:
            total[key] += row[key]
    graphics = "?" if unknown else f"{total['gpu']:.1f}"
    lines.append(f"{'in all':18}{total['jobs']:7}{total['cpu']:12.2f}{graphics:>12}")
    if unknown:
        lines.append(
            "\n?: jobs ask for a GPU, and no block has been trained on one yet; the core hours are "
            "those\nwithout it. After the first block on a GPU this table knows."
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Print the table."""
    try:
        config = plan.read_config(ROOT)
        update_config(config, parse_config(settings.given(arguments)))
        config = plan.overridden(config, plan.read_config(ROOT), ROOT)
        jobs = planned(arguments)
        resolved = plan.resolve(config, ROOT)
    except LabError as error:
        sys.exit(f"\n{error}\n")
    jobs = [entry for entry in jobs if entry["rule"] not in ("all", "finding", "histories")]
    preset, seeds = resolved["preset"], len(resolved["seeds"])
    if not jobs:
        print(f"preset {preset}, {seeds} seeds: all is there, nothing is to be done.")
        return
    own = costs.measured_in(paths.of_resolved(resolved), resolved)
    shipped = costs.read(ROOT / "workflow/costs.csv")
    source = f"{len(own)} blocks of earlier runs here" if own else "workflow/costs.csv"
    print(f"preset {preset}, {seeds} seeds: what is still to be done (nothing is begun)\n")
    print(table(jobs, resolved, own + shipped))
    print(f"\nTimes of trainings: from {source}, scaled to each cell; expect a factor of two.")


if __name__ == "__main__":
    main(sys.argv[1:])
