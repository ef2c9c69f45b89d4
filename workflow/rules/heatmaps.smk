rule draw_heatmaps:
    input:
        dataset=dataset_of,
        models=models_of,
        backbone=backbone_of,
    output:
        heatmaps=directory(RESULTS.heatmaps("{cell}")),
        interventions=ensure(RESULTS.interventions("{cell}"), non_empty=True),
        sheet=report(
            RESULTS.figure("heatmaps/{cell}", ".svg"),
            category="Heatmaps",
            caption="../../report/captions/heatmaps.rst",
            labels={"cell": "{cell}"},
        ),
        scores=report(
            RESULTS.figure("heat-scores/{cell}", ".svg"),
            category="Heatmaps",
            caption="../../report/captions/heat-scores.rst",
            labels={"cell": "{cell}, scores"},
        ),
        more=multiext(RESULTS.figure("heat-scores/{cell}"), ".png", ".csv"),
        shared=multiext(RESULTS.figure("heatmaps/{cell}"), ".png", ".csv"),
    log:
        RESULTS.log("draw_heatmaps", "{cell}"),
    benchmark:
        RESULTS.benchmark("draw_heatmaps", "{cell}")
    priority: chain_of("draw_heatmaps")
    conda:
        "../envs/labproof.yaml"
    threads: 1
    resources:
        gpu=min(GPUS, 1),
        mem_mb=memory_of,
        # demo: 15 to 30 s a cell with 5 seeds
        runtime=at_least(120),
    params:
        code=code_of("draw_heatmaps"),
        cell=cell_of,
        base=base_of,
        classes=lambda w: size_of(w)[1]["classes"],
        images=lambda w: lab_of(w.preset)["heatmaps"]["images"],
        slow_images=lambda w: lab_of(w.preset)["heatmaps"]["slow_images"],
    script:
        "../../scripts/draw_heatmaps.py"
