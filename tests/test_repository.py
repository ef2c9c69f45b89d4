"""What two files say twice is the same in both."""

import re
import tomllib

import yaml

from labproof.data import phantoms
from labproof.judging import measures
from labproof.lab import plan, validation
from project import ROOT


def test_conda_environment_follows_the_lock_file():
    lock = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.M))
    old = r"^(\w+)==(\S+) ; python_full_version < '3\.12'"
    lock |= dict(re.findall(old, (ROOT / "requirements.lock").read_text(), re.M))
    environment = yaml.safe_load((ROOT / "workflow/envs/labproof.yaml").read_text())
    pins = [pin.split(" ;")[0].split("==") for pin in environment["dependencies"][-1]["pip"]]
    assert len(pins) > 10
    for name, version in pins:
        assert lock[name] == version, name
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[\w-]+", line).group() for line in wanted}
    names = {name for name in names if not name.startswith("snakemake")}  # it makes environments
    assert names <= {name for name, _ in pins}


def test_a_config_may_set_what_phantoms_take():
    schema = validation.read(ROOT / "workflow/schemas/config.schema.yaml")
    source = schema["properties"]["sources"]["additionalProperties"]
    given = source["allOf"][0]["then"]["properties"]
    settings = {name: entry for kind in phantoms.SETTINGS.values() for name, entry in kind.items()}
    assert set(given) - {"kind", "seed"} == set(settings)
    limits = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    for name, entry in settings.items():
        for limit in limits:
            assert given[name].get(limit) == entry.get(limit), (name, limit)


def test_the_classes_are_those_that_phantoms_draw():
    assert {kind: tuple(names) for kind, names in plan.PHANTOMS.items()} == phantoms.CLASSES


def test_published_numbers_are_of_known_cells_and_plausible():
    import pandas as pd

    published = pd.read_csv(ROOT / "config/labs/lab3/published.csv")
    protocol = plan.resolve(plan.read_config(ROOT), ROOT)["protocol"]
    assert set(published["cell"]) <= set(protocol)
    assert set(published["metric"]) == {"accuracy", "val_accuracy", "val_loss"}
    assert not published.duplicated(["cell", "group", "metric"]).any()
    assert published["value"].between(0, 1).all()


def test_every_measure_has_a_docstring_with_its_unit():
    for name, measure in measures.MEASURES.items():
        unit = r"nats|0 to 1|-1 to 1|above 0, to 1|Relative"
        assert re.search(unit, measure.of.__doc__), name
