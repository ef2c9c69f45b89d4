"""Everything that is set before the user's first line runs."""

from __future__ import annotations

import os

from labproof.run import keras_fits, lightning_fits, seeds
from labproof.run.imports import after
from labproof.run.records import Problem, harmless, tell

_begun = []


@harmless
def begin(*, notebook: bool = False) -> None:
    """Seed and record from here on; in a notebook, the first cell's line.

    LABPROOF_SEED, a whole number, is the seed; without it nothing is seeded. LABPROOF_OUT is the
    folder to write to. In a script figures go nowhere (Matplotlib's Agg); a notebook shows them.
    """
    if _begun:
        return
    _begun.append(True)
    seed = os.environ.get("LABPROOF_SEED", "")
    if seed.isdigit():
        seeds.sow(int(seed))
    else:
        tell(Problem(f'LABPROOF_SEED is "{seed}", no whole number: nothing is seeded'))
    # A worker process of joblib's would be neither seeded nor recorded.
    os.environ.setdefault("JOBLIB_MULTIPROCESSING", "0")
    if not notebook:
        os.environ["MPLBACKEND"] = "Agg"
        after("matplotlib", _keep_agg)
    keras_fits.watch()
    lightning_fits.watch()


def _keep_agg(matplotlib) -> None:
    """Code that asks for a window gets Agg as well."""
    use = matplotlib.use
    matplotlib.use = lambda *_, **__: use("Agg")
