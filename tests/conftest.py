"""What holds for every test: one thread of BLAS each, as in every job of the workflow."""

import os

# before NumPy is imported: two workers with two threads each wait for one another, spinning
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
