"""Image file -> pixels: any size, mode and orientation, or a cause that a user can mend."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
DEEP = {"I;16", "I;16B", "I;16L", "I;16N", "I"}  # one channel of more than 8 bits


class BrokenImage(Exception):
    """A file that gives no pixels; its text is the cause."""


def decode(file: Path, size: int, channels: int) -> tuple[np.ndarray, int, int]:
    """Pixels of one file, upright, as a square, without regard to its proportions.

    What is see-through lies on white. More than 8 bits are scaled, not cut off: 16-bit values by
    their whole range, real numbers by the image's own. Resized with antialiasing (bicubic).

    Parameters
    ----------
    size
        Side of the square in pixels.
    channels
        1: grey (ITU-R 601), 3: RGB.

    Returns
    -------
    pixels
        (size, size, channels), uint8.
    width, height
        Of the upright image in the file, in pixels.

    Raises
    ------
    BrokenImage
        For a file that is empty, no image, cut off, without pixels, or too large to be honest.
    """
    try:
        if file.is_symlink() and not file.exists():
            raise BrokenImage("it is a link that leads nowhere")
        if file.stat().st_size == 0:
            raise BrokenImage("the file is empty")
        with warnings.catch_warnings():
            # Pillow warns at 89 million pixels and refuses twice as many; so large is no lab image
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                if 0 in opened.size:
                    raise BrokenImage("it has no pixels")
                image = ImageOps.exif_transpose(_eight_bits(opened))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BrokenImage("it claims so many pixels that it would fill the memory") from None
    except UnidentifiedImageError:
        raise BrokenImage("it is no image of a known format") from None
    except PermissionError:
        raise BrokenImage("it may not be read: change its permissions") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BrokenImage(f"it is damaged or cut off: {error}") from None
    image = image.convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=3.0))
    return pixels.reshape(size, size, channels), *image.size


def _eight_bits(image: Image.Image) -> Image.Image:
    """The image in a mode that `convert` makes grey or RGB without loss; its EXIF goes along."""
    exif = image.getexif()
    if image.mode in DEEP:
        values = np.asarray(image).astype(float) / 257  # 65535 / 255
    elif image.mode == "F":
        values = np.asarray(image, dtype=float)
        if not np.isfinite(values).all():
            raise BrokenImage("it has values that are no numbers")
        low, span = values.min(), np.ptp(values)
        values = (values - low) * (255 / span if span else 0)
    elif image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        clear = image.convert("RGBA")
        made = Image.new("RGBA", clear.size, "white")
        made.alpha_composite(clear)
        made = made.convert("RGB")
        made.info["exif"] = exif.tobytes()
        return made
    else:
        image.load()
        return image
    made = Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
    made.info["exif"] = exif.tobytes()
    return made
