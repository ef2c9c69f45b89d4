"""Contact sheets: a dataset's images, what augmentation makes of one, pairs of duplicates."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from labproof.page.figures.style import INK, OUTLINE, styled


def show(ax, image, zone=None):
    """Draw an image H x W, H x W x 1 or H x W x 3 (uint8, or floats 0..1) and outline its zone."""
    image = np.asarray(image)
    image = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if image.dtype != np.uint8:
        image = np.clip(image, 0, 1)
    ax.imshow(image, cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
    if zone is not None and np.any(zone):
        closed = np.pad(np.asarray(zone) > 0, 1).astype(float)  # closed at the image's border too
        rows, columns = (np.arange(size) - 1 for size in closed.shape)
        for color, width in ((INK, 2.2), (OUTLINE, 1.0)):
            ax.contour(columns, rows, closed, levels=[0.5], colors=color, linewidths=width)
        ax.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
    bare(ax)


def bare(ax):
    """Take away ticks, grid and frame of an axes that holds an image."""
    ax.set(xticks=(), yticks=())
    ax.grid(False)
    ax.spines[:].set_visible(False)


def _grid_of_images(rows, columns, *, side=1.12, gap=0.3):
    """Return a figure and its axes rows x columns for square images, side in inches.

    Placed by hand: constrained layout takes seconds for fifty axes. `gap` is the height above
    each row for its titles.
    """
    width, height = columns * side + 0.04, rows * (side + gap)
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(
        left=0.02 / width,
        right=1 - 0.02 / width,
        bottom=0.02 / height,
        top=1 - gap / height,
        wspace=0.05,
        hspace=(gap + 0.02) / (side - gap / rows),
    )
    for ax in axes.flat:
        bare(ax)
    return figure, axes


@styled
def sheet(
    images: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    *,
    zones: np.ndarray | None = None,
    per_class: int = 6,
) -> tuple[Figure, pd.DataFrame]:
    """Contact sheet of a dataset: the first images of each class, one row a class.

    images: N x H x W x C uint8; labels: N integers, indices of `classes`; zones: N x H x W,
    non-zero inside, drawn as an outline. Returns the figure and the table: image (row number of
    `images`), label, class, column, zone_share (share of the pixels, empty without zones).
    """
    labels = np.asarray(labels)
    shown = [np.flatnonzero(labels == label)[:per_class] for label in range(len(classes))]
    figure, axes = _grid_of_images(len(classes), max(1, *map(len, shown)))
    table = []
    for label, (name, chosen) in enumerate(zip(classes, shown, strict=True)):
        axes[label, 0].set_title(f"{name} ({np.sum(labels == label)} images)", pad=4)
        for column, image in enumerate(chosen):
            zone = None if zones is None else zones[image]
            show(axes[label, column], images[image], zone)
            share = np.nan if zone is None else np.mean(zone > 0)
            table.append((image, label, name, column, share))
    return figure, pd.DataFrame(table, columns=["image", "label", "class", "column", "zone_share"])


@styled
def gallery(
    rows: Mapping[str, Mapping[str, np.ndarray]],
) -> tuple[Figure, pd.DataFrame]:
    """Rows of titled images, such as what the augmentations make of one image.

    rows: what a row is of -> title -> image, H x W, H x W x 1 or H x W x 3, uint8 or floats 0..1;
        rows may differ in length. A title may have two lines.
    Returns the figure and the table: row, title, and the lowest, mean and highest value of each
    image as it was given.
    """
    figure, axes = _grid_of_images(len(rows), max(map(len, rows.values())), gap=0.42)
    table = []
    for row, (name, images) in enumerate(rows.items()):
        for column, (title, image) in enumerate(images.items()):
            show(axes[row, column], image)
            axes[row, column].set_title(title, pad=3, fontsize=7.5, loc="left")
            words = " ".join(title.split())
            table.append((name, words, np.min(image), np.mean(image), np.max(image)))
    return figure, pd.DataFrame(table, columns=["row", "title", "lowest", "mean", "highest"])


@styled
def pairs(
    images: np.ndarray, found: pd.DataFrame, *, most: int = 12, columns: int = 3
) -> tuple[Figure, pd.DataFrame]:
    """Contact sheet of pairs of duplicates, those across splits or of two classes first.

    images: N x H x W x C uint8; found: first, second (row numbers), correlation, first_split,
        second_split, first_class, second_class. At most `most` pairs, `columns` of them in a row.
    Returns the figure and the rows of `found` that it shows, in its order.
    """
    worst = (found["first_split"] != found["second_split"]).astype(int)
    worst += found["first_class"] != found["second_class"]
    order = worst.sort_values(ascending=False, kind="stable").index[:most]
    shown = found.loc[order]
    figure, axes = _grid_of_images(-(-len(shown) // columns), 2 * columns, gap=0.42)
    for ax in axes.flat[2 * len(shown) :]:
        ax.set_visible(False)
    sides = [side for _ in range(len(shown)) for side in ("first", "second")]
    rows = np.repeat(np.arange(len(shown)), 2)
    for ax, side, row in zip(axes.flat, sides, rows, strict=False):
        entry = shown.iloc[row]
        show(ax, images[entry[side]])
        title = f"{entry[side]}: {entry[f'{side}_class']}\n{entry[f'{side}_split']}"
        ax.set_title(title, pad=3, fontsize=7.5, loc="left")
    return figure, shown
