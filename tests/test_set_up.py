"""The set-up: what pip was told reaches uv, pip steps in, and nothing writes on behind a kill."""

import base64
import hashlib
import importlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from project import ROOT

ENVS = ROOT / "workflow/envs"
SET_UP = ENVS / "set_up.py"


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Writes a pip.conf; gives what uv is told then."""
    monkeypatch.syspath_prepend(str(ENVS))
    module = importlib.import_module("pip_settings")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)

    def told(text):
        (tmp_path / "pip.conf").write_text(text)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
        return module.for_uv(module.read(sys.executable))

    return told


def of(options, name):
    """The values that an option was given."""
    return [value for key, value in itertools.pairwise(options) if key == name]


def test_an_index_a_proxy_and_certificates_of_pip_reach_uv(settings, tmp_path):
    options, variables, unknown = settings(
        "[global]\nindex-url = https://me:secret@index.institute.example/simple?a=%20b\n"
        "extra-index-url =\n  https://one.example/simple\n  https://two.example/simple\n"
        "trusted-host = one.example\nproxy = http://proxy.example:3128\n"
        f"cert = {tmp_path}/institute.pem\ntimeout = 77\ncache-dir = {tmp_path}/cache\n"
        "[install]\nno-index = false\nuser = true\n[list]\nformat = columns\n"
    )
    assert unknown == []
    assert of(options, "--index-url") == ["https://me:secret@index.institute.example/simple?a=%20b"]
    both = ["https://one.example/simple", "https://two.example/simple"]
    assert of(options, "--extra-index-url") == both
    assert of(options, "--allow-insecure-host") == ["one.example"]
    assert variables["HTTPS_PROXY"] == variables["http_proxy"] == "http://proxy.example:3128"
    assert variables["SSL_CERT_FILE"] == f"{tmp_path}/institute.pem"
    assert variables["UV_HTTP_TIMEOUT"] == "77"
    assert variables["UV_CACHE_DIR"] == f"{tmp_path}/cache/uv"
    assert "--no-index" not in options


def test_a_variable_outdoes_a_file_and_an_installation_all_commands(settings, monkeypatch):
    text = "[install]\nindex-url = https://b.example/\n[global]\nindex-url = https://a.example/\n"
    assert of(settings(text)[0], "--index-url") == ["https://b.example/"]
    monkeypatch.setenv("PIP_INDEX_URL", "https://c.example/")
    assert of(settings(text)[0], "--index-url") == ["https://c.example/"]


def test_what_uv_does_not_know_is_named(settings):
    assert settings("[global]\nno-binary = :all:\n")[2] == ["no-binary"]


def package(folder, name):
    """A wheel of one module; gives its line in a lock file."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "here = True\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        rows.append(f"{path},sha256={digest.decode()},{len(text)}\n")
    files[f"{info}/RECORD"] = "".join(rows) + f"{info}/RECORD,,\n"
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def set_up(folder, *arguments, **environment):
    """Run set_up.py in a folder, with the packages that lie there and no index."""
    kept = {key: os.environ[key] for key in os.environ if not key.startswith(("PIP_", "UV_"))}
    told = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    return subprocess.run(
        [sys.executable, str(SET_UP), *arguments],
        cwd=folder,
        env={**kept, **told, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with an environment made by pip, for want of uv; gives it and what was said."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "base.lock").write_text(package(folder, "labfirst"))
    (folder / "tools.lock").write_text(package(folder, "labsecond"))
    (folder / "bad.lock").write_text(package(folder, "labthird").replace("sha256:", "sha256:00"))
    shutil.copy(ROOT / "requirements-uv.lock", folder)
    return folder, set_up(folder, "base", "env", "base.lock")


def imports(folder, name):
    python = folder / "env/bin/python"
    return (
        subprocess.run([python, "-c", f"import {name}"], stderr=subprocess.DEVNULL).returncode == 0
    )


def test_where_uv_is_not_to_be_had_pip_makes_the_environment_and_says_so(made):
    folder, run = made
    assert run.returncode == 0, run.stdout
    assert "pip makes the environment, which takes longer (uv itself could not be ins" in run.stdout
    assert imports(folder, "labfirst")
    assert (folder / "env/base.lock").read_text() == (folder / "base.lock").read_text()


def test_a_file_with_another_hash_is_not_installed(made):
    folder, _ = made
    run = set_up(folder, "tools", "env", "bad.lock")
    assert run.returncode == 1
    assert "pip could not install bad.lock" in run.stdout
    assert "Traceback" not in run.stdout
    assert not imports(folder, "labthird")
    assert not (folder / "env/bad.lock").exists()


def test_uv_makes_it_and_refuses_another_hash(made, tmp_path):
    uv = Path(sys.prefix, "bin/uv")
    if not uv.exists():
        pytest.skip("this environment was made by pip")
    folder, _ = made
    shutil.copy(uv, folder / "env/bin/uv")
    odd = {"HOME": str(tmp_path), "UV_INDEX_URL": "https://nowhere.example/", "PYTHONPATH": "odd"}
    run = set_up(folder, "tools", "env", "tools.lock", **odd)
    assert run.stdout == "Adding tools.lock to env.\n", "uv, and pip was not needed"
    assert imports(folder, "labsecond")
    set_up(folder, "tools", "env", "bad.lock")
    assert "ash" in (folder / "env/bad-uv.log").read_text()
    assert not imports(folder, "labthird")
    (tmp_path / "constraints").write_text("labsecond<1\n")
    (folder / "env/tools.lock").unlink()
    run = set_up(folder, "tools", "env", "tools.lock", PIP_CONSTRAINT=str(tmp_path / "constraints"))
    assert run.returncode == 1
    assert "(uv could not install tools.lock, why:" in run.stdout


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {envs!r})
import set_up
work = "(while sleep 0.05; do date >> written; done) & while sleep 0.05; do date >> written; done"
try:
    set_up.run(["sh", "-c", work], Path("log"))
except KeyboardInterrupt:
    sys.exit(1)
"""


@pytest.mark.parametrize("killed", ["set-up", "make"])
def test_nothing_writes_on_behind_a_kill(killed, tmp_path):
    command = [sys.executable, "-c", WRITER.format(envs=str(ENVS))]
    if killed == "make":  # the shell stands for it
        command = ["sh", "-c", '"$@" & wait', "sh", *command]
    process = subprocess.Popen(command, cwd=tmp_path)
    written = tmp_path / "written"
    until(lambda: written.exists() and written.stat().st_size > 200)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1.5)
    before = written.stat().st_size
    time.sleep(0.5)
    assert written.stat().st_size == before


def until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
