"""Two runs side by side: which verdicts changed, and what may be why. Nothing is run.

    make compare A=results/lab3/demo B=results/lab3/lab
    make compare A=results/lab3/demo B=results/lab3/lab CSV=comparison.csv

No rule's script, since the runs may be of other labs, presets or machines.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from labproof.errors import LabError
from labproof.page import comparison


def main(a: str, b: str, file: str = "") -> None:
    """Print the comparison of two folders, and write it as CSV where a file is named."""
    try:
        for name, folder in (("A", a), ("B", b)):
            if not folder:
                raise LabError(
                    f"{name}: name the folders of two runs: make compare A=results/lab3/demo "
                    "B=results/lab3/lab"
                )
        first, second = comparison.read(Path(a), "A"), comparison.read(Path(b), "B")
        print(comparison.told(first, second), end="")
        if file:
            Path(file).write_text(comparison.table(first, second), encoding="utf-8", newline="")
    except LabError as error:
        sys.exit(f"\n{error}\n")
    except OSError as error:
        sys.exit(f"\n{error.filename}: cannot be written ({error.strerror}).\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
