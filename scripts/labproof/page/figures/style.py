"""One style for every figure, and how a figure and its table are written.

Nothing here keeps state: figures are plain objects, and the style holds for the length of one call.
"""

import textwrap
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind readers can tell apart; each colour has one meaning,
# and each meaning a line style as well. https://jfly.uni-koeln.de/color/
TRAINING = {"color": "#0072B2", "linestyle": "-"}
VALIDATION = {"color": "#D55E00", "linestyle": (0, (4, 1.5))}
OUTLINE = "#F0E442"  # a known zone, drawn over a darker line so that it shows on any image
INK, MUTED, GRID = "#1A1A1A", "#5C5C5C", "#E3E3E3"
PUBLISHED_MARKERS = "Ds^vP"  # one a group

# The heat is clear where it is zero, so that the image shows through; inferno is perceptually
# uniform. From zero on, both colour and opacity rise with the heat.
_INFERNO = matplotlib.colormaps["inferno"](np.linspace(0.15, 1, 256))
_INFERNO[:, 3] = 0.72 * np.linspace(0, 1, 256) ** 0.7
HEAT = ListedColormap(_INFERNO, name="heat")
SHARES = LinearSegmentedColormap.from_list("shares", ["#FFFFFF", "#F3B27F"])  # VALIDATION's tint

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial", "sans-serif"],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "text.parse_math": False,  # a dollar in somebody's label is a dollar
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.solid_capstyle": "round",
    "image.interpolation": "none",  # in an SVG: the image's own pixels, not resampled ones
    "figure.dpi": 150,
    "savefig.dpi": 150,
    # Text stays text, and a second run writes the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "labproof",
}
styled = matplotlib.rc_context(STYLE)  # as a decorator: enters the style anew for each call


def save(figure: Figure, stem: Path, table: pd.DataFrame) -> None:
    """Write stem.svg (clear background), stem.png (white, 150 dpi) and stem.csv, its table.

    The same figure gives the same bytes. The parent folder is made if it is missing.
    """
    stem = Path(stem)
    with matplotlib.rc_context(STYLE):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")  # placed once: each further pass would move the axes a little
    save_png(figure, stem.with_name(stem.name + ".png"))
    with matplotlib.rc_context(STYLE):
        figure.savefig(
            stem.with_name(stem.name + ".svg"), transparent=True, metadata={"Date": None}
        )
    table.to_csv(stem.with_name(stem.name + ".csv"), index=False, lineterminator="\n")


@styled
def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG alone, 150 dpi; the parent folder is made if it is missing."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, facecolor="white")


def titles(ax, label, remark, *, room):
    """The cell's name, and in the `room` under it what the axes leave out."""
    ax.set_title(textwrap.fill(label, 26), pad=15 if room else 5)
    if remark:
        ax.annotate(
            remark,
            (0, 1),
            (0, 4),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=7.5,
            fontstyle="italic",
            color=MUTED,
        )
