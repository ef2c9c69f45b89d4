rule draw_heatmaps:
    input:
        dataset=lambda w: f"results/{w.preset}/datasets/{cell_of(w)['dataset']}",
        models=models_of,
        backbone=backbone_of,
    output:
        heatmaps=directory("results/{preset}/heatmaps/{cell}"),
        interventions=ensure("results/{preset}/interventions/{cell}.csv", non_empty=True),
        sheet=report(
            "results/{preset}/figures/heatmaps/{cell}.svg",
            category="Heatmaps",
            caption="../../report/captions/heatmaps.rst",
            labels={"cell": "{cell}"},
        ),
        scores=report(
            "results/{preset}/figures/heat-scores/{cell}.svg",
            category="Heatmaps",
            caption="../../report/captions/heat-scores.rst",
            labels={"cell": "{cell}, scores"},
        ),
        more=multiext("results/{preset}/figures/heat-scores/{cell}", ".png", ".csv"),
        shared=multiext("results/{preset}/figures/heatmaps/{cell}", ".png", ".csv"),
    log:
        "results/{preset}/logs/draw_heatmaps/{cell}.log",
    benchmark:
        "results/{preset}/benchmarks/draw_heatmaps/{cell}.tsv"
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
        cell=lookup("{preset}/cells/{cell}", within=LABS),
        base=lambda w: LABS[w.preset]["backbone"].get("base", 64),
        classes=lambda w: LABS[w.preset]["datasets"][cell_of(w)["dataset"]]["classes"],
        images=lookup("{preset}/heatmaps/images", within=LABS),
        slow_images=lookup("{preset}/heatmaps/slow_images", within=LABS),
    script:
        "../../scripts/draw_heatmaps.py"
