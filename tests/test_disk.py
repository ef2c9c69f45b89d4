"""A disk that is full is told by its name, before anything is written into a memory map."""

import errno
import os
import subprocess

import numpy as np
import pytest

from labproof import disk
from labproof.data import store
from labproof.errors import LabError

SHAPE = (8, 512, 512)  # 2 MiB
NOT_ABLE = [errno.EOPNOTSUPP, errno.EINVAL, None]


def without_fallocate(monkeypatch, number):
    """A file system that cannot set room aside, or, for None, a system that has no such call."""

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    if number is None:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    else:
        monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)


@pytest.fixture
def small(tmp_path):
    """A disk of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("fallocate", [True, False])
def test_a_full_disk_is_told_by_name(small, monkeypatch, fallocate):
    if not fallocate:
        without_fallocate(monkeypatch, None)
    with pytest.raises(LabError) as raised:
        store.create(small / "images.npy", SHAPE)
    message = str(raised.value)
    assert message.startswith(f"{small}/images.npy: 2.0 MiB are needed, but the disk {small} has ")
    assert "1.0 MiB left" in message and "Free some room and run again" in message
    assert list(small.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_quota_or_limit_are_told_alike(tmp_path, monkeypatch, number):
    without_fallocate(monkeypatch, number)
    with pytest.raises(LabError, match=f"images.npy: 2.0 MiB are.*{os.strerror(number)}"):
        store.save(tmp_path / "images.npy", np.zeros(SHAPE, np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_other_failures_stay_what_they_are(tmp_path, monkeypatch):
    without_fallocate(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        store.create(tmp_path / "images.npy", SHAPE)


@pytest.mark.parametrize("number", NOT_ABLE)
def test_a_file_system_that_cannot_set_room_aside_is_written_to(tmp_path, monkeypatch, number):
    without_fallocate(monkeypatch, number)
    monkeypatch.setattr(disk, "STEP", 1000)
    made = store.create(tmp_path / "images.npy", (3, 50, 7))
    assert made.shape == (3, 50, 7) and not made.any()
    told = (tmp_path / "images.npy").stat()
    assert told.st_blocks * 512 >= told.st_size  # no holes


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 4, 4, 1), np.uint8),
    ],
    ids=["images", "features", "by columns", "none"],
)
def test_what_is_saved_is_what_numpy_reads(tmp_path, array):
    store.save(tmp_path / "ours.npy", array)
    np.save(tmp_path / "theirs.npy", np.ascontiguousarray(array))
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()
