"""What holds for every test: one thread of BLAS each, as in every job; the longest files first."""

import os

# before NumPy is imported: two workers with two threads each wait for one another, spinning
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A file goes to one worker: one of these that begins last has the others wait for it.
LONGEST = (
    "test_slurm.py",
    "test_workflow.py",
    "test_engines.py",
    "test_own_labs.py",
    "test_resume.py",
    "test_duplicates.py",
    "test_page.py",
    "test_your_lab.py",
    "test_simulation.py",
    "test_spend.py",
    "test_trainer.py",
)


def pytest_collection_modifyitems(items):
    """Needs `--no-loadscope-reorder`: else xdist begins with the files that have most tests."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))
