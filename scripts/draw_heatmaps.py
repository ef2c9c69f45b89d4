"""Every seed's network on the validation images: heatmaps, their scores, and interventions."""

from labproof.job import import_keras, job

with job(snakemake):
    from pathlib import Path

    import_keras()
    from labproof.data import store
    from labproof.explain import survey
    from labproof.page import heat_layers
    from labproof.page.figures import heatmaps, style

    backbone = snakemake.input.get("backbone")
    asked = survey.Survey(
        snakemake.params.cell,
        store.read(Path(snakemake.input.dataset)),
        Path(backbone) if backbone else None,
        base=snakemake.params.base,
        few=snakemake.params.slow_images,
    )
    files = (file for block in snakemake.input.models for file in Path(block).glob("*.weights.h5"))
    answers = [asked.ask(file) for file in sorted(files, key=lambda x: int(x.name.split(".")[0]))]
    folder = Path(snakemake.output.heatmaps)
    folder.mkdir(parents=True, exist_ok=True)
    scores = survey.write(answers, asked, folder, Path(snakemake.output.interventions))
    shown = survey.choose(asked.labels, snakemake.params.images)
    sheet = heat_layers.write(answers, asked, snakemake.params.classes, shown, folder)
    for figure, output in (
        (heatmaps.heat_scores(scores), snakemake.output.scores),
        (heatmaps.contact_sheet(sheet), snakemake.output.sheet),
    ):
        style.save(figure[0], Path(output).with_suffix(""), figure[1])
