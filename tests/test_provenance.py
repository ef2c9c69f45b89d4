"""The hash of a script's logic: comments do not count, logic does, and only where it is used."""

import os
import re
import shutil

import pytest

from labproof import provenance
from project import ROOT


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "KEPT", tmp_path / "kept")
    return shutil.copytree(ROOT / "scripts", tmp_path / "scripts")


def hashes(scripts):
    provenance.code_hash.cache_clear()
    provenance._parsed_below.cache_clear()
    found = {file.stem: provenance.code_hash(file) for file in scripts.glob("[a-z]*.py")}
    assert len(found) >= 8
    return found


def changed(scripts, file, old, new):
    before = hashes(scripts)
    text = (scripts / file).read_text()
    assert old in text
    (scripts / file).write_text(text.replace(old, new, 1))
    after = hashes(scripts)
    return {name for name in before if before[name] != after[name]}


def test_comments_docstrings_and_layout_do_not_count(scripts):
    module = "labproof/training/trainer.py"
    assert changed(scripts, module, "import time\n", "import time  # a comment\n\n") == set()
    assert changed(scripts, module, '"""A cell, its', '"""Another docstring. A cell, its') == set()
    assert changed(scripts, module, '"""Write the last', '"""Put the last') == set()


def test_logic_counts_where_it_is_used_and_nowhere_else(scripts):
    trainer, overlays = "labproof/training/trainer.py", "labproof/page/overlays.py"
    assert changed(scripts, trainer, "range(", "reversed(") == {"train_block"}
    assert changed(scripts, overlays, "zone) > 0", "zone) > 1") == {"draw_heatmaps"}
    # reached through a module in between, and through imports inside functions
    networks = "labproof/training/networks.py"
    assert "extract_features" in changed(scripts, networks, 'g="same"', 'g="valid"')
    touched = changed(scripts, "labproof/data/augmentation.py", '"nearest"', '"constant"')
    assert {"train_block", "draw_gallery"} <= touched
    assert changed(scripts, "labproof/words.py", "self.low > 0", "self.low >= 0") == {
        "write_report",
        "write_overview",
        "judge_findings",
        "audit_dataset",
    }
    assert changed(scripts, "draw_dataset.py", "zones is None", "zones is not None") == {
        "draw_dataset"
    }


def cut(text):
    return text[: len(text) // 2]


def of_another_logic(text):
    return re.sub(r'\["[0-9a-f]{64}"', '["0"', text)


@pytest.mark.parametrize("damage", [cut, of_another_logic, lambda text: "", lambda text: "[]\n[]"])
def test_what_was_kept_of_parsing_changes_no_hash_whatever_becomes_of_it(scripts, damage):
    before = hashes(scripts)
    assert hashes(scripts) == before
    text = provenance.KEPT.read_text()
    assert text != damage(text)
    provenance.KEPT.write_text(damage(text))
    assert hashes(scripts) == before
    assert provenance.KEPT.read_text() == text


def test_what_is_kept_is_not_parsed_again_and_cannot_be_kept_is_no_failure(scripts, monkeypatch):
    before = hashes(scripts)
    with monkeypatch.context() as patched:
        patched.setattr(provenance, "_parsed", None)
        assert hashes(scripts) == before
    provenance.KEPT.unlink()
    provenance.KEPT.mkdir()
    assert hashes(scripts) == before


def test_what_is_no_python_harms_nothing_unless_it_is_imported(scripts):
    before = hashes(scripts)
    (scripts / ".#job.py").symlink_to("someone@here.123")
    (scripts / "labproof/half.py").write_text("def")
    assert hashes(scripts) == before


def test_what_every_script_shares_counts_for_all(scripts):
    assert changed(scripts, "labproof/job.py", '"2"', '"3"') == set(hashes(scripts))


def test_checkpoints_count_for_what_trains_and_nothing_else(scripts):
    trains = {"train_block", "train_backbone"}
    room = "labproof/training"
    for module, old, new in (
        ("checkpoints.py", "SHARE = 0.03", "SHARE = 0.04"),
        ("resuming.py", "MARGIN = 60", "MARGIN = 61"),
        ("stopping.py", "STATUS = 143", "STATUS = 144"),
    ):
        assert changed(scripts, f"{room}/{module}", old, new) == trains
    source = "labproof/data/source_task.py"
    text = (scripts / source).read_text()
    assert changed(scripts, source, text, f"{text}\nNEW = 1\n") == {"train_backbone"}


@pytest.mark.parametrize(
    "line",
    [
        "from labproof.data import store",
        "import labproof.data.store",
        "from labproof.data.store import read",
    ],
)
def test_an_import_counts_however_it_is_written_and_its_packages_too(scripts, line):
    (scripts / "new_script.py").write_text(f"{line}\n")
    assert "new_script" in changed(scripts, "labproof/data/store.py", "def read(", "def read(_, ")
    for package in ("labproof/__init__.py", "labproof/data/__init__.py"):
        text = (scripts / package).read_text()
        assert "new_script" in changed(scripts, package, text, f"{text}\nNEW = 1\n")
    assert "new_script" not in changed(scripts, "labproof/data/audit.py", "import", "import abc, ")


def test_in_which_room_a_module_of_one_name_stands_counts(scripts):
    (scripts / "new_script.py").write_text("import labproof.data.same, labproof.judging.same\n")
    (scripts / "labproof/data/same.py").write_text("NUMBER = 1\n")
    before = hashes(scripts)["new_script"]
    (scripts / "labproof/data/same.py").rename(scripts / "labproof/judging/same.py")
    assert hashes(scripts)["new_script"] != before


def test_versions_and_memory_of_this_process():
    import numpy

    assert provenance.versions()["numpy"] == numpy.__version__
    before = provenance.peak_memory()
    block = numpy.ones((200, 2**17))  # 200 MiB
    assert provenance.peak_memory() >= before
    assert provenance.peak_memory() > block.nbytes / 2**20


def test_a_listing_changes_with_a_name_a_size_and_a_time(tmp_path):
    for name in ("a/1.png", "b/2.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"12")
        os.utime(tmp_path / name, (1, 1))
    found = [provenance.listing_hash(tmp_path)]
    assert provenance.listing_hash(tmp_path) == found[0]
    (tmp_path / "a/1.png").rename(tmp_path / "a/3.png")
    found.append(provenance.listing_hash(tmp_path))
    os.utime(tmp_path / "a/3.png", (1, 2))
    found.append(provenance.listing_hash(tmp_path))
    (tmp_path / "a/3.png").write_bytes(b"123")
    os.utime(tmp_path / "a/3.png", (1, 2))
    found.append(provenance.listing_hash(tmp_path))
    assert len(set(found)) == 4


def test_a_listing_sees_through_links(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "images/yes").symlink_to("../real")
    found = [provenance.listing_hash(tmp_path / "images")]
    (tmp_path / "real/1.png").write_bytes(b"1")
    found.append(provenance.listing_hash(tmp_path / "images"))
    (tmp_path / "images/broken.png").symlink_to("gone.png")
    found.append(provenance.listing_hash(tmp_path / "images"))
    (tmp_path / "images/gone.png").write_bytes(b"1")
    found.append(provenance.listing_hash(tmp_path / "images"))
    (tmp_path / "images/loop.png").symlink_to("loop.png")
    found.append(provenance.listing_hash(tmp_path / "images"))
    assert len(set(found)) == 5
    (tmp_path / "images/up").symlink_to("..")
    (tmp_path / "images/here").symlink_to(".")
    assert provenance.listing_hash(tmp_path / "images") == provenance.listing_hash(
        tmp_path / "images"
    )
