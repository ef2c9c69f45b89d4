"""Each job on a machine with several GPUs sees one of its own."""

import os
import subprocess
import sys

import pytest

from labproof import gpus
from labproof.errors import LabError
from project import ROOT

PROGRAM = """
import sys
sys.path.insert(0, "scripts")
from pathlib import Path
from labproof import gpus
print(gpus.claim(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Begins a job that claims a GPU of three; gives the process and the id."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,GPU-7,3")
    running = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "locks")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_no_two_jobs_have_the_same_and_a_dead_one_gives_its_back(jobs):
    started = [jobs() for _ in range(3)]
    assert [name for _, name in started] == ["0", "GPU-7", "3"]
    assert jobs()[1] == "None", "a fourth shares"
    started[1][0].kill()
    started[1][0].wait()
    assert jobs()[1] == "GPU-7"


@pytest.mark.parametrize("visible", ["", "2"])
def test_one_or_none_is_left_as_it_is(visible, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.claim(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_without_a_choice_the_driver_is_asked(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    fake = tmp_path / "nvidia-smi"
    fake.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: x)'; echo 'GPU 1: A (UUID: y)'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert gpus.listed() == ["0", "1"]


@pytest.fixture
def several(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")


def test_the_folder_is_for_this_user_alone(several, tmp_path):
    folder = tmp_path / "locks"
    folder.mkdir()
    folder.chmod(0o777)
    assert gpus.claim(folder) == "0"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "0").stat().st_mode & 0o777 == 0o600


def test_no_link_is_followed(several, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/0").write_text("kept")
    link = tmp_path / "locks"
    link.symlink_to(tmp_path / "precious")
    with pytest.raises(LabError, match="locks: the locks of the GPUs cannot lie there"):
        gpus.claim(link)
    link.unlink()
    link.mkdir()
    (link / "0").symlink_to(tmp_path / "precious/0")
    with pytest.raises(LabError, match="set TMPDIR to a folder of yours"):
        gpus.claim(link)
    assert (tmp_path / "precious/0").read_text() == "kept"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_a_folder_that_another_user_laid_is_refused(several, tmp_path, monkeypatch):
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(LabError, match="it belongs to another user"):
        gpus.claim(folder)
    assert list(folder.iterdir()) == []
