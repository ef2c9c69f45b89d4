"""Write a lab that runs at once, to put one's own in its place: make lab NAME=my-lab.

A name alone becomes a folder under config/labs/; a path becomes that folder.
"""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from labproof.errors import LabError
from labproof.lab import folders

TEMPLATE = Path(__file__).resolve().parent / "template"


def main(arguments: list[str]) -> None:
    """Make the folder and say what comes next."""
    try:
        if len(arguments) != 1 or not arguments[0]:
            raise LabError("Name the lab: make lab NAME=my-lab")
        name = arguments[0]
        folder = Path(name) if "/" in name else folders.LABS / name
        folders.check_name(folder)
        if folder.exists():
            raise LabError(f"{folder} is there already. Take another name.")
        shutil.copytree(TEMPLATE, folder)
        folders.trust(folder)
    except LabError as error:
        sys.exit(f"\n{error}\n")
    print(f"{folder}: a lab that runs as it is. Put your own in its place:")
    for file, what in (
        ("train.py", "the code"),
        ("tasks.yaml", "what it trains, and by which command"),
        ("findings.yaml", "the sentences"),
    ):
        print(f"    {file:15}{what}")
    print(f"\nmake check LAB={name}     what Labproof understands of it; trains nothing")
    print(f"make report LAB={name}    trains every cell over the seeds and writes the page")


if __name__ == "__main__":
    main(sys.argv[1:])
