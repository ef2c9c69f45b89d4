"""The report as one self-contained page."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.page import rendering

    renderer = rendering.render(
        Path(snakemake.input.qmd),
        Path(snakemake.output[0]),
        Path(snakemake.input.styles[0]).parent,
        Path(snakemake.input.library),
    )
    print(f"Rendered by {renderer}.")
