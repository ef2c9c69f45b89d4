"""The first screen: surprises by their numbers, the price of what is undecided, the scale."""

import math

import fake_results
from labproof.page import answer
from labproof.page.data import bearing


def entry(name, verdict, **changed):
    base = {"id": name, "verdict": verdict, "ours": False, "p": 0.5, "effect": 1.0, "n": 5}
    part = {"estimate": 0.1, "low": -0.04, "high": 0.12, "least": changed.pop("least", None)}
    return {
        **base,
        "seeds_needed": None,
        "cells": ["a"],
        "estimate": 0.1,
        "parts": [part],
        **changed,
    }


def test_the_strongest_contradictions_come_first_and_are_the_labs_own():
    judged = [
        entry("weak", "not reproduced", p=0.04),
        entry("true", "reproduced", p=1e-9),
        entry("ours", "not reproduced", p=1e-12, ours=True),
        entry("strong", "not reproduced", p=1e-6),
        entry("no difference", "not reproduced", p=1e-9, least=0.2),
        entry("another way", "not reproduced", p=1e-5, least=0.05),
        entry("far", "not reproduced", p=0.04, effect=-3.0),
        entry("open", "undecided", p=1e-7),
    ]
    assert [each["id"] for each in answer.surprises(judged)] == ["strong", "another way", "far"]
    assert [each["id"] for each in answer.surprises(judged, most=9)][3:] == [
        "weak",
        "no difference",
    ]
    assert [each["id"] for each in answer.surprises(judged, most=1)] == ["strong"]


def test_a_training_that_several_sentences_need_is_paid_once():
    seconds = {"a": 10.0, "b": 3.0}
    one = entry("one", "undecided", seeds_needed=20.0)
    two = entry("two", "undecided", seeds_needed=12.0, cells=["a", "b"])
    assert answer.price(one, seconds) == (15, 150.0)
    assert answer.price(two, seconds) == (14, 91.0)
    assert answer.price_of_all([one, two], seconds) == (15 + 7, 150 + 21.0)
    said = " ".join(answer.undecided([one, two, entry("never", "undecided")], seconds))
    said = said.replace("\u00a0", " ")
    assert said.startswith("3 of 3 sentences. More seeds would decide 2: about 22 more trainings")
    assert "The others need more validation data" in said


def test_what_no_seeds_decide_has_no_price():
    for needed in (None, 1001.0):
        assert answer.price(entry("a", "undecided", seeds_needed=needed), {}) is None
    assert answer.price(entry("a", "reproduced", seeds_needed=9.0), {}) is None
    unknown = answer.price(entry("a", "undecided", seeds_needed=9.0), {})
    assert unknown.trainings == 4 and math.isnan(unknown.seconds)
    assert "core" not in str(unknown)
    assert answer.undecided([entry("a", "reproduced")], {}) == ["Nothing is undecided."]


def test_the_scale_is_told_and_the_protocols_own_is_not():
    lab = fake_results.lab()
    found = [text.replace("\u00a0", " ") for text in answer.scale(lab)]
    assert found == ["64 of 128 px", "30 of 60 images", "20 of 50 epochs"]
    own = {"asked": lab["datasets"], "protocol": lab["cells"]}
    assert answer.scale({**lab, **own}) == []


def test_a_lab_without_images_has_a_scale_of_its_own():
    lab = {"cells": {"a": {"epochs": 3}}, "protocol": {"a": {"epochs": 30}}}
    assert answer.scale(lab) == ["3 of 30 epochs"]
    assert answer.scale({"cells": {"a": {}}}) == [] == answer.sources({}, {})


def test_a_warning_bears_on_answers_and_not_on_noise():
    def told(measure, cell, other=None):
        part = {"measure": measure, "at": None, "cell": cell, "other": other}
        part["other_measure"] = measure
        found = {"warnings": ["x: the border tells"], "parts": [part]}
        return bool(bearing(found, {"a": "x", "b": "x", "c": "y"}))

    assert told("final_val_accuracy", "a") and told("heat_peak_in_zone", "a")
    assert told("final_val_accuracy", "a", "c")
    assert not told("final_val_accuracy", "a", "b")  # both have seen the same border
    assert not told("noise", "a") and not told("final_loss", "a")
