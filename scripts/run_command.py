"""Train one seed of a cell by the user's own command, or take a history that is there."""

from labproof.job import job

with job(snakemake) as this:
    import shutil
    import sys
    from pathlib import Path

    from labproof.lab import commands
    from labproof.lab.seeds import seeds_of
    from labproof.training import outcomes, runs

    cell, name = snakemake.params.cell, snakemake.wildcards.cell
    (seed,) = seeds_of(snakemake.wildcards.block)
    run, folder, what = cell["run"], Path(snakemake.output.folder), f"{name}, seed {seed}"
    lab, saved = Path(snakemake.params.lab), Path(snakemake.params.scratch)
    ended = runs.Ended(0.0, 0.0)
    if run["given"]:
        folder.mkdir(parents=True, exist_ok=True)
        outcome = outcomes.given(Path(snakemake.input.given), run, seed, cell["epochs"])
    else:
        runs.furnish(folder, lab, run)
        saved.mkdir(parents=True, exist_ok=True)
        values = runs.settings(cell, name, seed, folder.absolute(), saved.absolute())
        python = Path(snakemake.input.environment or sys.executable)
        if run["environment"]:
            python = python.absolute() / "bin/python"
        elif run["python"]:
            python = commands.interpreter(run["python"], lab)
        words = commands.words(run["command"], values)
        around = runs.surroundings(values, snakemake.threads)
        ended = runs.execute(words, folder, around, python, what)
        outcome = outcomes.read(folder, run, seed, cell["epochs"], what)
    outcome.history.to_csv(snakemake.output.history, index=False)
    outcome.predictions.to_csv(snakemake.output.predictions, index=False)
    outcome.scalars.to_csv(snakemake.output.scalars, index=False)
    runs.facts(outcome.facts, ended, seed).to_csv(snakemake.output.facts, index=False)
    shutil.rmtree(saved, ignore_errors=True)
