"""How long an audit takes as a data set grows: python benchmarks/audit_images.py --images 10000.

Draws that many skin phantoms of 128 x 128 pixels (not timed), then times the search for duplicates
and the whole audit, at a quarter, half and all of them, and prints seconds and ratios.
"""

import argparse
import resource
import time

from _common import describe
from labproof.data import audit, duplicates, phantoms, store


def main() -> None:
    """Print one line a size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--kind", choices=phantoms.CLASSES, default="skin")
    options = parser.parse_args()
    print(describe(), flush=True)
    count = options.images
    images, _, records = phantoms.draw_dataset(
        options.kind, train=count - count // 5, validation=count // 5, size=128, channels=1, seed=0
    )
    first = None
    print("images  duplicates (s)  audit (s)  ratio  peak memory (MiB)")
    for part in (count // 4, count // 2, count):
        chosen = records.sample(part, random_state=0).sort_values("image")
        data = store.Dataset(images[chosen["image"]], chosen.assign(image=range(part)))
        start = time.perf_counter()
        duplicates.find(data.inputs)
        middle = time.perf_counter()
        audit.audit(data)
        end = time.perf_counter()
        first = first or end - middle
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{part:6}  {middle - start:14.1f}  {end - middle:9.1f}  "
            f"{(end - middle) / first:5.1f}  {peak:17}",
            flush=True,
        )


if __name__ == "__main__":
    main()
