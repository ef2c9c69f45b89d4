"""What a script says when it fails: one line that a user can act on."""

import errno
import os
import subprocess
import sys

import pytest

from labproof import running
from project import ROOT

PROGRAM = """
import sys
from types import SimpleNamespace
sys.path.insert(0, "scripts")
from labproof.job import job
from labproof.errors import LabError
given = SimpleNamespace(threads=1, resources=dict(), rule="train_block", log=[sys.argv[1]])
with job(given):
    {work}
"""


def failed(tmp_path, work, status=1):
    """What is on the screen, and in the log."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", PROGRAM.format(work=work), str(log)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == status
    return run.stderr, log.read_text()


def test_the_log_of_what_was_done_says_so_and_no_other(tmp_path):
    assert failed(tmp_path, "print('hello')", 0) == ("", f"hello\n{running.DONE}\n")
    for work, status in (("1 / 0", 1), ("sys.exit(3)", 3)):
        assert running.DONE not in failed(tmp_path, work, status)[1]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_is_told_with_the_mend(tmp_path, number):
    work = f"raise OSError({number}, {os.strerror(number)!r}, 'results/lab3/demo/x.csv')"
    screen, log = failed(tmp_path, work)
    assert "train_block: results/lab3/demo/x.csv: " in screen
    assert "and run again: what is done stays done" in screen
    assert "Traceback" not in screen
    assert "Traceback" in log


def test_a_full_disk_for_real(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    screen, _ = failed(tmp_path, "open('/dev/full', 'wb', buffering=0).write(b'x')")
    disk = next(folder for folder in tmp_path.parents if folder.is_mount())
    assert f"the disk {disk} is full. Free some room and run again" in screen


def test_an_error_of_ours_is_shown_as_it_is_and_another_with_its_name(tmp_path):
    screen, _ = failed(tmp_path, "raise LabError('a.yaml: mend it.')")
    assert screen == f"\ntrain_block: a.yaml: mend it.\n(more in {tmp_path}/log)\n"
    screen, _ = failed(tmp_path, "1 / 0")
    assert "train_block: ZeroDivisionError: division by zero" in screen
    assert "Traceback" not in screen


def test_a_folder_of_gpu_locks_that_is_a_link_is_told(tmp_path, monkeypatch):
    (tmp_path / f"labproof-gpus-{os.getuid()}").symlink_to(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(sys.modules[__name__], "PROGRAM", PROGRAM.replace("dict()", "dict(gpu=1)"))
    screen, _ = failed(tmp_path, "pass")
    assert "the locks of the GPUs cannot lie there" in screen
    assert "Traceback" not in screen
