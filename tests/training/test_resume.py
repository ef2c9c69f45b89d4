"""A block that is killed, by whatever, and goes on to the same bytes."""

import os
import random
import re
import signal
import time

import pytest
from test_trainer import KINDS_IN_ONE, dataset

import block

KILLS = int(os.environ.get("LABPROOF_KILLS", "2"))  # of each kind; half of them cannot be caught
# so many that the seconds of all lives together do not suffice for them
EPOCHS = {"all in one": 150, "transfer": 2000}


def epochs(folder):
    """How many epochs the log of the process that runs has told."""
    log = folder / "log"
    return len(re.findall("  epoch ", log.read_text())) if log.exists() else 0


def killed(folder, number, chance):
    """Start the block and kill it after some epochs, or none, and a bit; False: it was quicker."""
    (folder / "log").unlink(missing_ok=True)
    process = block.start(folder)
    wanted = chance.randrange(4)
    while process.poll() is None and epochs(folder) < wanted:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.3))
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    if process.returncode == 0:
        return False
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    elif wanted:  # before, the imports go on: it dies as any program does
        assert process.returncode == 143
        assert "SIGTERM: seed" in told
    return True


@pytest.mark.slow
@pytest.mark.parametrize("kind", EPOCHS)
def test_a_block_killed_again_and_again_gives_the_same_bytes(tmp_path, kind):
    cell = {**KINDS_IN_ONE[kind], "epochs": EPOCHS[kind]}
    whole, folder = (
        block.prepare(tmp_path / name, cell, dataset(cell, train=80)) for name in ("whole", "parts")
    )
    process = block.start(whole)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told

    chance, kills = random.Random(0), 0
    for number in range(KILLS):
        kills += killed(folder, (signal.SIGTERM, signal.SIGKILL)[number % 2], chance)
    assert kills == KILLS, "the block was done too early"
    process = block.start(folder)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert "goes on from its checkpoint" in (folder / "log").read_text()
    assert block.made(folder) == block.made(whole)
    assert not (folder / "scratch").exists()
