"""The report as one self-contained page."""

from _job import job

with job(snakemake):
    from pathlib import Path

    from labproof import rendering

    renderer = rendering.render(
        Path(snakemake.input.qmd),
        Path(snakemake.output[0]),
        Path(snakemake.input.styles[0]).parent,
    )
    print(f"Rendered by {renderer}.")
