"""Train one seed of a cell by the user's own command, or take a history that is there."""

from labproof.job import job

with job(snakemake) as this:
    import shutil
    from pathlib import Path

    from labproof.lab.seeds import seeds_of
    from labproof.training import outcomes, runs

    cell, name, params = snakemake.params.cell, snakemake.wildcards.cell, snakemake.params
    (seed,) = seeds_of(snakemake.wildcards.block)
    ended, kept = runs.Ended(0.0, 0.0), Path(snakemake.output.folder)
    if cell["run"]["given"]:
        outcome = outcomes.given(Path(snakemake.input.given), cell, seed)
        kept.mkdir(parents=True)
    elif snakemake.input.shared:
        made = Path(snakemake.input.shared)
        outcome = outcomes.read(made, cell, seed, made / runs.OUTPUT)
        kept.mkdir(parents=True)
    else:
        place = runs.Place(Path(params.scratch).absolute(), [cell, params.files, params.code])
        place.furnish(Path(params.lab), cell["run"])
        ended = runs.execute(
            place,
            cell,
            name,
            seed,
            lab=Path(params.lab),
            made=Path(snakemake.input.environment) if snakemake.input.environment else None,
            threads=snakemake.threads,
        )
        outcome = outcomes.read(place.folder, cell, seed, place.output)
        shutil.move(place.folder, kept)
    outcome.history.to_csv(snakemake.output.history, index=False)
    outcome.predictions.to_csv(snakemake.output.predictions, index=False)
    outcome.scalars.to_csv(snakemake.output.scalars, index=False)
    facts = runs.facts(outcome.facts, ended, seed, of_fits=cell["run"]["fit"] is not None)
    facts.to_csv(snakemake.output.facts, index=False)
    shutil.rmtree(params.scratch, ignore_errors=True)
