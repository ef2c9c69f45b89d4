"""Names of the layers of the lab's networks, known from their tables: no network is built."""

from collections.abc import Mapping

from labproof.lab.architectures import CONVOLUTIONAL


def maps(cell: Mapping) -> list[str] | None:
    """Layers of a cell's network that have maps, so that a heatmap can be of them.

    None for a backbone whose layers its publisher has named.
    """
    if cell["backbone"] not in (None, "vgg16"):
        return None
    network = "vgg16" if cell["backbone"] else cell["network"]
    kinds = {"conv": True, "norm": cell["batch_norm"], "relu": True}
    kinds["spatial_dropout"] = cell["spatial_dropout"]
    if cell["backbone"]:
        kinds |= {"norm": False, "spatial_dropout": False}
    return [
        f"{kind}{number}"
        for number, (_, pooled) in enumerate(CONVOLUTIONAL[network], start=1)
        for kind, there in {**kinds, "pool": pooled}.items()
        if there
    ]
