"""The recorder: it runs inside a user's own environment and writes down what their code trains.

    python -m labproof.run train.py --dropout 0.5     # seeds and records; no edit
    from labproof.run import log, log_predictions, log_scalar      # for loops written by hand

It imports the standard library alone and works from Python 3.9 on: nothing of the rest of Labproof,
no NumPy. The folder that holds `labproof` stands on PYTHONPATH, so a script's own modules, which
come before it, keep their names. Without LABPROOF_OUT in the environment nothing is written. What
goes wrong in here is told once on the error stream and stops no training.

The folder LABPROOF_OUT
-----------------------
One folder a fit: `fit-1/`, `fit-2/` … in the order in which they begin, or `fit-{name}/` (the name
percent-encoded) for calls of `log` that name it. In each:

`history.csv`
    `epoch` and the columns of the fit, one line an epoch, written as the epoch ends. Epochs as the
    code counts them: Keras' and Lightning's from 1, those of `log` as they are given.
`predictions.csv`
    `split` (validation or final), `image` (a number that one image keeps in every run), `label`,
    and of the model's answer `probability` (of label 1), `p0` … `pK`, or `prediction` (of a
    regression).
`scalars.json`
    Name -> number.
`facts.json`
    `seconds` (of calls of `log`, the first epoch is taken to be as long as the others),
    `epochs`, `parameters`; `resumed`, where it went on from an earlier process;
    `predictions`, why there are none.

Beside them `scalars.json` for what is told before any fit, and `facts.json` of the whole process:
`seed`, `seconds`, `memory` (largest, MiB), `versions`, `mixed` (seeds that the code set itself,
each mixed with ours), `problems` (what could not be recorded), `ended`.

A process that is started again on the same folder goes on from it: its first row of a fit, of
epoch e, replaces that fit's rows from e on.
"""

from labproof.run.records import log, log_predictions, log_scalar
from labproof.run.start import begin

__all__ = ["begin", "log", "log_predictions", "log_scalar"]
