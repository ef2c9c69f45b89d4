"""The paths of results: each lab and each preset has its own."""

import dataclasses
import inspect

from labproof import paths


def test_the_labs_name_is_in_every_path():
    found = paths.of_resolved({"name": "lab4", "preset": "demo"})
    assert paths.of("lab4").history("{cell}") == "results/lab4/{preset}/histories/{cell}.csv"
    made = 0
    for name, method in inspect.getmembers(paths.Results, inspect.isfunction):
        if not name.startswith("_"):
            needed = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
            told = method(found, *("x" for p in needed if p.default is p.empty))
            told = told.root if isinstance(told, paths.Results) else told
            told = [told] if isinstance(told, str) else told
            for path in told.values() if isinstance(told, dict) else told:
                assert path.startswith("results/lab4/demo/")
                made += 1
    assert made > 15
    assert found.of_report("x").findings == "results/lab4/demo/reports/x/findings.json"
    assert found.of_report(None) == found
    assert [field.name for field in dataclasses.fields(found)] == ["root"]
