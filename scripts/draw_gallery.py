"""Task 3: what single changes and the training augmentation make of an image of each dataset."""

from _job import job

with job(snakemake):
    from pathlib import Path

    from labproof import augmentation, datasets, figures

    rows = []
    for name, folder in zip(snakemake.params.datasets, snakemake.input.datasets, strict=True):
        image = datasets.read(Path(folder)).split("train")[0][0]
        pictures = augmentation.gallery(
            image, snakemake.params.augmentation, number=6, seed=0
        )
        draws = [title for title in pictures if title.startswith("draw")]
        single = [title for title in pictures if title not in draws]
        rows.append((f"{name}: {', '.join(single)}", [pictures[title] for title in single]))
        rows.append((f"{name}: random draws", [pictures[title] for title in draws]))
    figure, table = figures.gallery(rows)
    figures.save(figure, Path(snakemake.output[0]).with_suffix(""), table)
