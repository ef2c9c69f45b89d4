"""Seeds, as they are written and printed, and the blocks of them that share a process."""

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

# A run of more is a slip of the keyboard: it takes minutes to plan and years to train.
MOST = 10_000
# Larger ones are slips too.
LARGEST = 1_000_000
TEXT = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*", re.ASCII)


def parse(written: int | str | Sequence[int]) -> list[int]:
    """Seeds as config and command line say them, in order.

    Parameters
    ----------
    written
        How many (5: 0 to 4), a list, or text as a command line can have it: "3,7", "0-4,9".

    Raises
    ------
    ValueError
        Saying what is wrong, to stand behind "seeds".
    """
    if isinstance(written, int):
        if written > MOST:
            raise ValueError(f"must be at most {MOST}, but are {written}.")
        return list(range(written))
    if not isinstance(written, str):
        return _checked(written)
    if not TEXT.fullmatch(written):
        raise ValueError(
            f'"{written}" cannot be read. Write how many, or which: seeds=10, seeds=3,7 or '
            "seeds=0-4,9, without spaces."
        )
    found: list[int] = []
    for part in written.split(","):
        first, _, last = part.partition("-")
        run = range(_number(first), _number(last or first) + 1)
        if not run:
            raise ValueError(f'"{part}" runs backwards: write {last}-{first}.')
        if len(run) > MOST:
            raise ValueError(f'must be at most {MOST}, but "{part}" are {len(run)}.')
        found += run
    return _checked(found)


def _number(digits: str) -> int:
    """Digits as a number; as many as would take Python long are more than `LARGEST` anyway."""
    return int(digits) if len(digits) <= len(str(LARGEST)) else LARGEST + 1


def _checked(seeds: Sequence[int]) -> list[int]:
    found = sorted(seeds)
    if len(found) > MOST:
        raise ValueError(f"must be at most {MOST}, but are {len(found)}.")
    if found and found[-1] > LARGEST:
        raise ValueError(f"must be numbers of at most {LARGEST}.")
    twice = [seed for seed, run in groupby(found) if len(list(run)) > 1]
    if twice:
        raise ValueError(f"have {twice[0]} twice.")
    return found


def spell(seeds: Sequence[int]) -> str:
    """Seeds as a command line takes them: "5" for 0 to 4, otherwise "3,7" or "2-4,9"."""
    if list(seeds) == list(range(len(seeds))):
        return str(len(seeds))
    runs = [block.split("-") for block in blocks(seeds, LARGEST + 1)]
    parts = [first if first == last else f"{first}-{last}" for first, last in runs]
    # a number alone would say how many
    return ",".join(parts) if len(seeds) > 1 else f"{parts[0]}-{parts[0]}"


def blocks(seeds: Sequence[int], size: int) -> list[str]:
    """Cut seeds into blocks "first-last" of neighbours that share a process.

    The cuts lie at multiples of `size`, whatever the seeds, so that more seeds leave the full
    blocks as they are: blocks(range(5), 5) == ["0-4"], blocks(range(10), 5) == ["0-4", "5-9"].
    """
    # within a run of neighbours, seed less position is constant
    order = sorted(seeds)
    runs = groupby(enumerate(order), key=lambda pair: (pair[1] // size, pair[1] - pair[0]))
    found = [[seed for _, seed in run] for _, run in runs]
    return [f"{run[0]}-{run[-1]}" for run in found]


def in_steps(
    order: Sequence[int],
    ladder: Sequence[int],
    size: int,
    longer: int | None = None,
    there: Sequence[str] = (),
) -> list[str]:
    """The blocks of seeds that come in steps, in their order: none is cut across two steps.

    order
        The seeds, in the order in which they are added.
    ladder
        How many of them there are after each step.
    size, longer
        Seeds of a block, and of one behind the last step.
    there
        Blocks that are trained already. Those of these seeds stay, however they were cut; of two
        that share a seed the one that is named first.
    """
    left, kept = set(order), []
    for block in there:
        held = seeds_of(block)
        if left.issuperset(held):
            kept.append(block)
            left.difference_update(held)
    ends = [0, *(step for step in ladder if step < len(order)), len(order)]
    found, step_of = kept, {}
    for begin, end in pairwise(ends):
        step = order[begin:end]
        step_of |= dict.fromkeys(step, begin)
        wide = longer if longer and begin >= ladder[-1] else size
        found += blocks([seed for seed in step if seed in left], wide)
    first = {block: int(block.partition("-")[0]) for block in found}
    return sorted(found, key=lambda block: (step_of[first[block]], first[block]))


def seeds_of(block: str) -> list[int]:
    """Seeds of a block: "0-4" -> [0, 1, 2, 3, 4]."""
    first, last = block.split("-")
    return list(range(int(first), int(last) + 1))
