"""Pack a finished run as an RO-Crate, for archives and other machines. Nothing is run.

    make crate PRESET=demo
    make crate LAB=digits PRESET=smoke LICENSE=https://spdx.org/licenses/CC-BY-4.0

No rule's script, since it describes the run from outside, and takes its results as they lie there.
"""

import sys
from pathlib import Path

from snakemake.cli import parse_config
from snakemake.utils import update_config

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from labproof import paths
from labproof.errors import LabError
from labproof.lab import plan, settings
from labproof.page import crate

ROOT = Path(__file__).resolve().parents[1]


def main(licence: str, arguments: list[str]) -> None:
    """Write the zip and say where it is."""
    try:
        config = plan.read_config(ROOT)
        update_config(config, parse_config(settings.given(arguments)))
        lab = plan.resolve(plan.overridden(config, plan.read_config(ROOT), ROOT), ROOT)
        results = paths.of_resolved(lab)
        output = Path(results.crate)
        count = crate.write(lab, ROOT, results, output, licence)
    except LabError as error:
        sys.exit(f"\n{error}\n")
    except OSError as error:
        sys.exit(f"\n{error.filename}: cannot be read or written ({error.strerror}).\n")
    print(f"{output}: {count} files and what they are, as an RO-Crate.")
    if not licence:
        print("Its licence is not said; LICENSE=https://spdx.org/licenses/CC-BY-4.0 would say one.")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
