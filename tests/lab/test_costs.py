"""Costs: operations and weights as Keras counts them, times as they were measured."""

import math

import pytest

from labproof.lab import costs, plan
from labproof.training import backbones, networks
from project import ROOT

LAB = plan.resolve(plan.read_config(ROOT), ROOT, preset="smoke")
MEASURED = costs.read(ROOT / "workflow/costs.csv")


def numbers(name):
    cell = LAB["cells"][name]
    return cell, LAB["datasets"][cell["dataset"]], LAB["backbone"]


@pytest.mark.parametrize("name", ["1a-plain", "5-vgg16-skin", "8-vgg16-bone", "7-transfer-skin"])
def test_weights_and_operations_are_those_of_the_network(name):
    cell, dataset, backbone = numbers(name)
    shape = (dataset["size"], dataset["size"], dataset["channels"])
    if cell["backbone"]:
        under = backbones.build(cell["backbone"], shape, base=backbone["base"])
        shape = (math.prod(under.output.shape[1:]),)
    model = networks.build(cell, shape, seed=0)
    kernels = {layer.name: layer.kernel for layer in model.layers if hasattr(layer, "kernel")}
    assert costs.parameters(cell, dataset, backbone) == sum(
        kernel.numpy().size for kernel in kernels.values()
    )
    expected = 0
    for layer in model.layers:
        if layer.name in kernels:
            places = math.prod(layer.output.shape[1:-1])
            expected += 2 * places * kernels[layer.name].numpy().size
    assert costs.operations(cell, dataset, backbone) == expected


def test_time_is_the_nearest_measurement_scaled_up_and_never_down():
    cell, dataset, backbone = numbers("1a-plain")
    own = costs.operations(cell, dataset, backbone)
    row = {"network": "alexnet", "batch_norm": 0, "augmented": 0, "operations": own}
    measured = [
        {**row, "seconds_per_image": 0.5},
        {**row, "network": "vgg16", "seconds_per_image": 9.0},
        {**row, "batch_norm": 1, "seconds_per_image": 7.0},
        {**row, "operations": own / 1000, "seconds_per_image": 8.0},
    ]
    images = 3 * cell["epochs"] * dataset["train"]
    found = costs.seconds(cell, dataset, backbone, 3, measured)
    assert found == pytest.approx(costs.SET_UP + images * 0.5)
    # one that goes on from 1a's end has but the rest to do
    cells = {"1a": {**cell, "continues": None}}
    cells["more"] = {**cell, "epochs": cell["epochs"] + 7, "continues": "1a"}
    resolved = {"cells": cells, "datasets": {cell["dataset"]: dataset}, "backbone": backbone}
    job = costs.job("train_block", {"cell": "more", "block": "0-2"}, resolved, measured)
    assert job == pytest.approx(costs.SET_UP + 3 * 7 * dataset["train"] * 0.5)
    half = [{**row, "operations": own / 2, "seconds_per_image": 0.5}]
    assert costs.per_image(cell, dataset, backbone, half) == pytest.approx(1.0)
    double = [{**row, "operations": own * 2, "seconds_per_image": 0.5}]
    assert costs.per_image(cell, dataset, backbone, double) == pytest.approx(0.5)


def test_a_chain_is_as_long_as_its_longest_branch():
    def chain(rule, **wildcards):
        return costs.chain(rule, wildcards, LAB, MEASURED)

    def job(rule, **wildcards):
        return costs.job(rule, wildcards, LAB, MEASURED)

    block = LAB["blocks"]["1a-plain"][0]
    explained = {"cell": "8-vgg16-bone"}
    assert chain("draw_heatmaps", **explained) == job("draw_heatmaps", **explained)
    assert chain("train_block", **explained, block=block) == pytest.approx(
        job("train_block", **explained, block=block) + job("draw_heatmaps", **explained)
    )
    dropouts = ["1c-dropout", "1d-dropout", "2b-dropout"]  # each goes on from the last
    assert [LAB["cells"][name]["continues"] for name in dropouts] == [None, *dropouts[:-1]]
    assert chain("train_block", cell=dropouts[0], block=block) == pytest.approx(
        sum(job("train_block", cell=name, block=block) for name in dropouts)
    )
    features = {"backbone": "vgg16", "dataset": "skin-colour"}
    head = {"cell": "7-transfer-skin", "block": block}
    assert chain("train_backbone", backbone="vgg16") == pytest.approx(
        job("train_backbone", backbone="vgg16")
        + job("extract_features", **features)
        + job("train_block", **head)
        + job("draw_heatmaps", cell="7-transfer-skin")
    )


def test_memory_grows_with_images_pixels_and_maps():
    cell, dataset, backbone = numbers("5-vgg16-skin")
    small = costs.memory(cell, dataset, backbone)
    assert small >= costs.RESIDENT
    for larger in ({"train": 50_000}, {"size": 512}):
        assert costs.memory(cell, {**dataset, **larger}, backbone) > small + 100
    assert costs.memory({**cell, "base": 64}, dataset, backbone) > small + 100
