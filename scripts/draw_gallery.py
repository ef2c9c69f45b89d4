"""Task 3: what single changes and the training augmentation make of an image of each dataset."""

from labproof.job import import_keras, job

with job(snakemake):
    import os

    os.environ["KERAS_BACKEND"] = "tensorflow"  # keras-cv's layers run on no other
    from pathlib import Path

    import_keras()
    from labproof.data import augmentation, store
    from labproof.page.figures import images, style

    rows = {}
    for name, folder in zip(snakemake.params.datasets, snakemake.input.datasets, strict=True):
        image = store.read(Path(folder)).split("train")[0][0]
        single, draws = augmentation.gallery(image, snakemake.params.augmentation, seed=0)
        rows |= {name: single, f"{name}, random draws": draws}
    figure, table = images.gallery(rows)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""), table)
