"""The figures of one task: learning curves of each cell and side by side, confusion and ROC."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    import pandas as pd

    from labproof import tables
    from labproof.lab import published
    from labproof.page.figures import style
    from labproof.page.figures.curves import learning_curves
    from labproof.page.figures.predictions import of_classes
    from labproof.page.figures.predictions import predictions as answers

    cells, folder = snakemake.params.cells, Path(snakemake.output[0])
    known = pd.DataFrame(published.read(snakemake.input.published), columns=published.COLUMNS)

    def read(files):
        """Label -> table, in the order of the cells."""
        return dict(zip(cells.values(), (tables.read(Path(x)) for x in files), strict=True))

    def told(names):
        """Published numbers of some cells, by the labels that the figure has for them."""
        rows = known[known["cell"].isin(names)]
        return rows.assign(cell=rows["cell"].map(cells))

    histories, predictions = read(snakemake.input.histories), read(snakemake.input.predictions)

    def draw(name, figure_and_table):
        """Save a figure of the task."""
        figure, table = figure_and_table
        style.save(figure, folder / name, table)

    units = snakemake.params.units
    draw("curves", learning_curves(histories, told(list(cells)), units))
    for name, label in cells.items():
        draw(name, learning_curves({label: histories[label]}, told([name]), units))
    classes = {label: snakemake.params.classes[name] for name, label in cells.items()}
    known = {label: table for label, table in predictions.items() if of_classes(table)}
    if known:
        draw("predictions", answers(known, classes))
