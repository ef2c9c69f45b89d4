"""The seed of a run, given to every library that draws; seeds in the code are mixed with it.

Only the global generators: `random_state=2` of a split, `default_rng(0)` and `Generator` objects
are the code's own choice and stay.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import random

from labproof.run.imports import after
from labproof.run.records import run

KERAS = (  # where set_random_seed is written
    "keras.src.utils.rng_utils",  # Keras 3
    "keras.src.utils.tf_utils",  # 2.13 to 2.15
    "keras.utils.tf_utils",  # to 2.12
    "tf_keras.src.utils.tf_utils",
)
TENSORFLOW = ("tensorflow.python.framework.random_seed",)


def sow(seed: int) -> None:
    """Seed what is imported, and what will be; mix the seeds that the code sets itself.

    The process is as if its first line had set every seed to `seed`.
    """
    seed %= 2**32
    run.facts.update(seed=seed, mixed=[])
    _mix(random, "seed", seed)
    random.seed.__wrapped__(seed)

    def numpy(module):
        _mix(module, "seed", seed)
        module.seed.__wrapped__(seed)

    def torch(module):
        module.random.manual_seed.__wrapped__(seed)

    def tensorflow(module):
        written = module.random if hasattr(module.random, "set_seed") else module
        name = "set_seed" if hasattr(written, "set_seed") else "set_random_seed"
        getattr(written, name).__wrapped__(seed)

    after("numpy.random", numpy)
    for name in KERAS:
        after(name, functools.partial(_mix_all, names=("set_random_seed",), seed=seed))
    for name in TENSORFLOW:
        after(name, functools.partial(_mix_all, names=("set_seed", "set_random_seed"), seed=seed))
    after("tensorflow", tensorflow)
    after("torch.random", functools.partial(_mix_all, names=("manual_seed", "seed"), seed=seed))
    after("torch.cuda.random", functools.partial(_mix_all, names=_CUDA, seed=seed))
    after("torch", torch)


_CUDA = ("manual_seed", "manual_seed_all", "seed", "seed_all")


def mixed(seed: int, theirs: object) -> int:
    """A seed of 32 bits, its own for each pair of ours and theirs."""
    if hasattr(theirs, "__index__"):
        theirs = int(theirs)
    digest = hashlib.sha256(f"{seed} {theirs!r}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


def _mix_all(module, names: tuple, seed: int) -> None:
    for name in names:
        if hasattr(module, name):
            _mix(module, name, seed)


def _mix(module, name: str, seed: int) -> None:
    """Let the function `name`, whose first argument is a seed, take it mixed with ours."""
    original = getattr(module, name)
    takes_none = name in ("seed", "seed_all") and module.__name__.startswith("torch")
    calls = itertools.count()

    @functools.wraps(original)
    def seeding(*args, **kwargs):
        key = next((key for key in ("a", "seed") if key in kwargs), None)
        theirs = args[0] if args else kwargs.get(key)
        _tell(f"{module.__name__}.{name}({'' if theirs is None else theirs})")
        if theirs is None:  # drawn from the clock, which no second run could repeat
            theirs = f"call {next(calls)}"
        ours = mixed(seed, theirs)
        if takes_none:
            getattr(module, name.replace("seed", "manual_seed", 1)).__wrapped__(ours)
            return ours
        if key is not None:
            return original(*args, **{**kwargs, key: ours})
        return original(ours, *args[1:], **kwargs)

    setattr(module, name, seeding)


def _tell(call: str) -> None:
    if call not in run.facts["mixed"] and len(run.facts["mixed"]) < 20:
        run.facts["mixed"].append(call[:100])
