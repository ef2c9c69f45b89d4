"""The seed of a run, given to every library that draws; seeds in the code are mixed with it.

Only the global generators: `random_state=2` of a split, `default_rng(0)` and `Generator` objects
are the code's own choice and stay.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import random
import threading

from labproof.run.imports import after
from labproof.run.records import run

KERAS = (  # where set_random_seed is written
    "keras.src.utils.rng_utils",  # Keras 3
    "keras.src.utils.tf_utils",  # 2.13 to 2.15
    "keras.utils.tf_utils",  # to 2.12
    "tf_keras.src.utils.tf_utils",
)
TENSORFLOW = "tensorflow.python.framework.random_seed"


def sow(seed: int) -> None:
    """Seed what is imported, and what will be; mix the seeds that the code sets itself.

    The process is as if its first line had set every seed to `seed`.
    """
    seed %= 2**32
    run.facts.update(seed=seed, mixed=[])
    mix = functools.partial(_mix, seed=seed)
    mix(random, ["seed"])
    _unmixed(random.seed, seed)
    after("numpy.random", lambda module: mix(module, ["seed"]))
    after("numpy.random", lambda module: _unmixed(module.seed, seed))
    for name in KERAS:
        after(name, functools.partial(mix, names=["set_random_seed"]))
    after(TENSORFLOW, functools.partial(mix, names=["set_seed", "set_random_seed"]))
    after("tensorflow", lambda module: _unmixed(_set_seed(module), seed))
    after("torch.random", functools.partial(mix, names=["manual_seed", "seed"]))
    after(
        "torch.cuda.random",
        functools.partial(mix, names=["manual_seed", "manual_seed_all", "seed", "seed_all"]),
    )
    after("torch", lambda module: _unmixed(module.random.manual_seed, seed))


def _set_seed(tensorflow):
    """Of TensorFlow 2, or of 1."""
    seeding = getattr(getattr(tensorflow, "random", None), "set_seed", None)
    return seeding or tensorflow.set_random_seed


def mixed(seed: int, theirs: object) -> int:
    """A seed of 32 bits, its own for each pair of ours and theirs."""
    if hasattr(theirs, "__index__"):
        theirs = int(theirs)
    digest = hashlib.sha256(f"{seed} {theirs!r}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


_within = threading.local()  # a function that seeds others has mixed already


def _unmixed(seeding, seed: int) -> None:
    """Seed as it is told."""
    _within.seeding = True
    try:
        seeding(seed)
    finally:
        _within.seeding = False


def _mix(module, names: list, seed: int) -> None:
    """Let functions whose first argument is a seed take it mixed with ours."""
    for name in names:
        if hasattr(module, name):
            setattr(module, name, _mixing(module, name, seed))


def _mixing(module, name: str, seed: int):
    original = getattr(module, name)
    calls = itertools.count()

    @functools.wraps(original)
    def seeding(*args, **kwargs):
        if getattr(_within, "seeding", False):
            return original(*args, **kwargs)
        theirs = args[0] if args else kwargs.get("a", kwargs.get("seed"))
        _tell(f"{module.__name__.partition('.')[0]} {name}({'' if theirs is None else theirs})")
        # without a seed it is drawn from the clock, which no second run could repeat
        ours = mixed(seed, f"call {next(calls)}" if theirs is None else theirs)
        if name in ("seed", "seed_all") and module.__name__.startswith("torch"):
            _unmixed(getattr(module, f"manual_{name}"), ours)  # these take none
            return ours
        _within.seeding = True
        try:
            if args or not kwargs:
                return original(ours, *args[1:], **kwargs)
            return original(**{**kwargs, "a" if "a" in kwargs else "seed": ours})
        finally:
            _within.seeding = False

    return seeding


def _tell(call: str) -> None:
    if call not in run.facts["mixed"] and len(run.facts["mixed"]) < 20:
        run.facts["mixed"].append(call[:100])
