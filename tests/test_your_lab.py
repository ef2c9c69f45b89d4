"""docs/your-lab.md: its files are written and its commands run, in order, as a reader would."""

import re
import subprocess

import pytest

from project import ROOT, copy_to, environment, equip

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"# (labs/\S+)\n")


def blocks():
    return BLOCK.findall((ROOT / "docs/your-lab.md").read_text())


@pytest.mark.slow
def test_what_the_page_tells_a_reader_to_do_works(tmp_path):
    project = equip(copy_to(tmp_path))
    done = 0
    for language, text in blocks():
        named = FILE.match(text)
        if named:
            file = project / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        if language != "sh":
            continue
        for line in text.splitlines():
            run = subprocess.run(
                line, shell=True, cwd=project, env=environment(), text=True, capture_output=True
            )
            assert run.returncode == 0, line + run.stdout + run.stderr
            done += 1
    assert done >= 10
    for lab in ("my-lab", "keras", "done"):
        assert (project / f"results/{lab}/smoke/report/index.html").stat().st_size > 50_000
    assert (project / "results/done/smoke/reports/index.html").is_file()
    assert (project / "results/keras/smoke/predictions/plain.csv").stat().st_size > 1000


def test_each_key_of_the_schema_is_told():
    text = (ROOT / "docs/your-lab.md").read_text()
    schema = (ROOT / "workflow/schemas/runs.schema.yaml").read_text()
    keys = re.findall(r"^  (\w+): \{\$ref", schema, re.M)
    assert len(keys) > 10
    assert [key for key in keys if f"`{key}`" not in text] == []
