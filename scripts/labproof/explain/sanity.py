"""Does a heatmap depend on what the network has learnt? (Adebayo et al. 2018, arXiv:1810.03292)"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import keras

# A map that is still so like the original when nothing learnt is left shows the image, not the
# network.
UNCHANGED = 0.7


def cascade(
    model: "keras.Model",
    untrained: Sequence[np.ndarray],
    images: np.ndarray,
    explainer: Callable[["keras.Model", np.ndarray], np.ndarray],
) -> pd.DataFrame:
    """Randomise a network's layers from the top down, and watch its maps.

    Parameters
    ----------
    model
        The trained network; it has its own weights again in the end.
    untrained
        Weights that take the place of its own, in the order of its `weights`.
    explainer
        (network, images) -> maps, N x h x w.

    Returns
    -------
    DataFrame
        One row a step: `step` (0: nothing is random), `layer` (the one that became random, with
        all above it), `correlation` (Spearman's, of the pixels of each map with the original's;
        the mean over images, -1 to 1), `undefined` (maps that are constant and have none).
    """
    learnt, own = [layer for layer in model.layers if layer.weights], model.get_weights()
    random = dict(zip((weight.path for weight in model.weights), untrained, strict=True))
    original = explainer(model, images)
    rows = [(0, "", *_likeness(original, original))]
    for step, layer in enumerate(reversed(learnt), start=1):
        layer.set_weights([random[weight.path] for weight in layer.weights])
        rows.append((step, layer.name, *_likeness(original, explainer(model, images))))
    model.set_weights(own)
    return pd.DataFrame(rows, columns=["step", "layer", "correlation", "undefined"])


def depends_on_the_weights(steps: pd.DataFrame) -> bool:
    """Whether the maps have changed once nothing learnt is left; False where that is not known."""
    last = steps.sort_values("step")["correlation"].iloc[-1]
    return bool(np.isfinite(last) and last < UNCHANGED)


def _likeness(first: np.ndarray, second: np.ndarray) -> tuple[float, int]:
    from scipy import stats  # the page reads this module for one number, and without SciPy

    found = []
    for a, b in zip(first, second, strict=True):
        if np.ptp(a) > 0 and np.ptp(b) > 0:
            found.append(stats.spearmanr(a.ravel(), b.ravel()).statistic)
    return (float(np.mean(found)) if found else float("nan")), len(first) - len(found)
