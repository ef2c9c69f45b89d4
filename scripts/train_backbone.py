"""Make the frozen network that transfer learning takes its features from."""

from labproof.job import import_keras, job

with job(snakemake) as this:
    from pathlib import Path

    import_keras()
    import pandas as pd

    from labproof.data import source_task
    from labproof.errors import LabError
    from labproof.training import backbones, pretraining, weight_files
    from labproof.training.resuming import resumable

    settings, name = snakemake.params.backbone, snakemake.wildcards.backbone
    folder = Path(snakemake.output[0])
    folder.mkdir(parents=True, exist_ok=True)
    history = pd.DataFrame(columns=pretraining.HISTORY)
    if settings["weights"] == "procedural":
        with resumable(this, {**settings, "code": snakemake.params.code}) as saved:
            keys = ("base", "size", "images", "epochs", "learning_rate")
            wanted = {key: settings[key] for key in keys}
            backbone, history = pretraining.train(name, **wanted, seed=0, checkpoints=saved)
    else:
        try:
            backbone = backbones.load(name, (224, 224, 3), weights=settings["weights"])
        except LabError as error:
            own = settings["name"] is not None  # only config.yaml names a backbone
            file = "config.yaml" if own else f"presets/{snakemake.wildcards.preset}.yaml"
            raise LabError(f"config/{file}, key backbone.{error}") from None
    weight_files.save(backbone, folder / backbones.FILE)
    history.to_csv(folder / "history.csv", index=False)
    facts = {"weights": settings["weights"], "parameters": backbone.count_params()}
    if len(history):
        facts["classes"] = len(source_task.CLASSES)
    pd.DataFrame([facts]).to_csv(folder / "facts.csv", index=False)
