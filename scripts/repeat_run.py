"""Run one seed of a cell a second time, and tell whether it leaves the same numbers."""

from labproof.job import job

with job(snakemake):
    import json
    import shutil
    from pathlib import Path

    from labproof.errors import LabError
    from labproof.lab.seeds import seeds_of
    from labproof.training import outcomes, runs

    cell, name, params = snakemake.params.cell, snakemake.wildcards.cell, snakemake.params
    (seed,) = seeds_of(snakemake.wildcards.block)
    shutil.rmtree(params.scratch, ignore_errors=True)
    place = runs.Place(Path(params.scratch).absolute(), [])
    place.furnish(Path(params.lab), cell["run"])
    told = {"cell": name, "seed": seed, "differs": [], "failed": False}
    try:
        runs.execute(
            place,
            cell,
            name,
            seed,
            lab=Path(params.lab),
            made=Path(snakemake.input.environment) if snakemake.input.environment else None,
            threads=snakemake.threads,
        )
        outcome = outcomes.read(place.folder, cell, seed, place.output)
        first = {key: Path(snakemake.input[key]) for key in ("history", "predictions", "scalars")}
        told["differs"] = outcomes.unlike(first, outcome)
    except LabError as error:  # the first run went well, so what rests on it stands
        print(error)
        told["failed"] = True
    Path(snakemake.output[0]).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(params.scratch, ignore_errors=True)
