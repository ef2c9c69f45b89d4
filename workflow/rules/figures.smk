rule draw_task:
    input:
        histories=lambda w: collect(f"results/{w.preset}/histories/{{cell}}.csv", cell=cells_of(w)),
        predictions=lambda w: collect(
            f"results/{w.preset}/predictions/{{cell}}.csv", cell=cells_of(w)
        ),
        published=PUBLISHED,
    output:
        report(
            directory("results/{preset}/figures/{task}"),
            patterns=["{name}.svg"],
            category="Task {task}",
            caption="../../report/captions/task.rst",
            labels={"figure": "{name}"},
        ),
    log:
        "results/{preset}/logs/draw_task/{task}.log",
    benchmark:
        "results/{preset}/benchmarks/draw_task/{task}.tsv"
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("draw_task"),
        cells=lambda w: {cell: LABS[w.preset]["cells"][cell]["label"] for cell in cells_of(w)},
        classes=lambda w: classes_of(w),
    script:
        "../../scripts/draw_task.py"


rule draw_gallery:
    input:
        datasets=lambda w: collect(
            f"results/{w.preset}/datasets/{{dataset}}",
            dataset=LABS[w.preset]["tasks"][w.task]["gallery"],
        ),
    output:
        report(
            "results/{preset}/figures/gallery/{task}.svg",
            category="Task {task}",
            caption="../../report/captions/gallery.rst",
            labels={"figure": "gallery"},
        ),
        multiext("results/{preset}/figures/gallery/{task}", ".png", ".csv"),
    log:
        "results/{preset}/logs/draw_gallery/{task}.log",
    benchmark:
        "results/{preset}/benchmarks/draw_gallery/{task}.tsv"
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("draw_gallery"),
        datasets=lookup("{preset}/tasks/{task}/gallery", within=LABS),
        augmentation=plan.AUGMENTATION,
    script:
        "../../scripts/draw_gallery.py"


rule draw_dataset:
    input:
        "results/{preset}/datasets/{dataset}",
    output:
        report(
            "results/{preset}/figures/datasets/{dataset}.svg",
            category="Datasets",
            caption="../../report/captions/dataset.rst",
            labels={"figure": "{dataset}"},
        ),
        multiext("results/{preset}/figures/datasets/{dataset}", ".png", ".csv"),
    log:
        "results/{preset}/logs/draw_dataset/{dataset}.log",
    benchmark:
        "results/{preset}/benchmarks/draw_dataset/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("draw_dataset"),
        classes=lookup("{preset}/datasets/{dataset}/classes", within=LABS),
    script:
        "../../scripts/draw_dataset.py"
