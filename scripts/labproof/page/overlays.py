"""Images, heatmaps and outlines as layers of one size, which the page lays over one another."""

from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image
from scipy import ndimage

from labproof.page.figures import style

COLOURS = 64  # of a heatmap's file, which there are hundreds of
FINER = 4  # an outline's pixels to one of the image's


def picture(image: np.ndarray) -> Image.Image:
    """An image, uint8 H x W x 1 or H x W x 3."""
    return Image.fromarray(image.squeeze())


def heat(heatmap: np.ndarray) -> Image.Image:
    """A map (H x W, 0..1) in colour, the clearer the colder."""
    coloured = np.round(255 * style.HEAT(np.asarray(heatmap, dtype=float))).astype(np.uint8)
    return Image.fromarray(coloured).quantize(COLOURS, method=Image.Quantize.FASTOCTREE)


def outline(zone: np.ndarray) -> Image.Image:
    """The outline of a zone (H x W, non-zero inside), bright on a dark line; clear elsewhere."""
    inside = np.kron(np.asarray(zone) > 0, np.ones((FINER, FINER), bool))
    edge = inside & ~ndimage.binary_erosion(inside, iterations=2)
    dark = ndimage.binary_dilation(edge, iterations=1) & ~edge
    made = np.zeros((*inside.shape, 4), np.uint8)
    for area, colour in ((dark, style.INK), (edge, style.OUTLINE)):
        made[area] = (*(round(255 * part) for part in to_rgb(colour)), 255)
    return Image.fromarray(made).quantize(4, method=Image.Quantize.FASTOCTREE)


def overlay(image: np.ndarray, heatmap: np.ndarray, zone: np.ndarray | None) -> Image.Image:
    """The layers laid over one another, as `outline` large; a zone may be empty or not known."""
    size = (FINER * image.shape[1], FINER * image.shape[0])
    made = picture(image).convert("RGBA").resize(size, Image.Resampling.NEAREST)
    made.alpha_composite(heat(heatmap).convert("RGBA").resize(size, Image.Resampling.BILINEAR))
    if zone is not None:
        made.alpha_composite(outline(zone).convert("RGBA"))
    return made.convert("RGB")


def save(layer: Image.Image, file: Path) -> None:
    """Write a layer as PNG; the folder is made if it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    layer.save(file, optimize=True)
