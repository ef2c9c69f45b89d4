"""Train one cell with one block of seeds."""

from labproof.job import import_keras, job

with job(snakemake) as this:
    import time
    from pathlib import Path

    import_keras()
    import keras

    from labproof.data import store
    from labproof.lab.seeds import seeds_of
    from labproof.training import trainer, weight_files
    from labproof.training.resuming import resumable

    start = time.monotonic()
    seeds, data = seeds_of(snakemake.wildcards.block), Path(snakemake.input.data)
    settings = {"cell": snakemake.params.cell, "code": snakemake.params.code}
    settings["device"] = [keras.backend.backend(), *keras.distribution.list_devices()]
    with resumable(this, settings, data) as saved:
        models = Path(snakemake.output.models)
        models.mkdir(parents=True, exist_ok=True)
        trained = trainer.train(
            snakemake.params.cell,
            store.read(data),
            seeds,
            saved,
            engine=snakemake.config.get("engine", "auto"),
            begun=Path(snakemake.input.begun) if snakemake.input.begun else None,
            left=models if snakemake.params.continued else None,
        )
        trained.histories.to_csv(snakemake.output.history, index=False)
        trained.predictions.to_csv(snakemake.output.predictions, index=False)
        for seed, model in trained.models.items():
            weight_files.save(model, models / f"{seed}.weights.h5")
        # of all processes, where it was stopped and went on
        seconds = time.monotonic() - start + trained.before
        facts = trainer.facts(trained, snakemake.wildcards.block, seconds)
        facts.to_csv(snakemake.output.facts, index=False)
