"""Published archives, as sources of kind folder: what the plan has to know of them."""

from collections.abc import Mapping

SIDES = (64, 128, 224)  # in pixels, that DermaMNIST is published with
BONES = ("normal", "fracture")  # FracAtlas' classes


def as_folder(source: Mapping, size: int) -> dict:
    """A source of a published archive as one of kind folder, for images of `size` pixels.

    Returns the source with `archive`, its name for `data.archives.fetch`, `path`, where it is to be
    unpacked, and how it is split.
    """
    own = {key: value for key, value in source.items() if key != "kind"}
    if source["kind"] == "dermamnist":
        side = next((side for side in SIDES if side >= size), SIDES[-1])
        made = {"archive": f"dermamnist-{side}", "classes": ["nv", "mel"]}
    else:
        made = {
            "archive": "fracatlas",
            "classes": list(BONES),
            "boxes": "boxes.csv",
            "group": "block",
            "split": {"validation": 0.2},
        }
    return {"kind": source["kind"], "path": f"downloads/{made['archive']}", **made, **own}
