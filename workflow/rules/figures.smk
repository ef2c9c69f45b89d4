rule draw_task:
    input:
        histories=lambda w: [results_of(w).history(cell) for cell in cells_of(w)],
        predictions=lambda w: [results_of(w).predictions(cell) for cell in cells_of(w)],
        published=PUBLISHED,
    output:
        report(
            directory(RESULTS.figure("{task}")),
            patterns=["{name}.svg"],
            category="Task {task}",
            caption="../../report/captions/task.rst",
            labels={"figure": "{name}"},
        ),
    log:
        RESULTS.log("draw_task", "{task}"),
    benchmark:
        RESULTS.benchmark("draw_task", "{task}")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("draw_task"),
        cells=labels_of,
        classes=classes_of,
        units=units_of,
    script:
        "../../scripts/draw_task.py"


rule draw_gallery:
    input:
        datasets=lambda w: [results_of(w).dataset(name) for name in entry_of("task", w)["gallery"]],
    output:
        report(
            RESULTS.figure("gallery/{task}", ".svg"),
            category="Task {task}",
            caption="../../report/captions/gallery.rst",
            labels={"figure": "gallery"},
        ),
        multiext(RESULTS.figure("gallery/{task}"), ".png", ".csv"),
    log:
        RESULTS.log("draw_gallery", "{task}"),
    benchmark:
        RESULTS.benchmark("draw_gallery", "{task}")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("draw_gallery"),
        datasets=lambda w: entry_of("task", w)["gallery"],
        augmentation=plan.AUGMENTATION,
    script:
        "../../scripts/draw_gallery.py"


rule draw_dataset:
    input:
        RESULTS.dataset("{dataset}"),
    output:
        report(
            RESULTS.figure("datasets/{dataset}", ".svg"),
            category="Datasets",
            caption="../../report/captions/dataset.rst",
            labels={"figure": "{dataset}"},
        ),
        multiext(RESULTS.figure("datasets/{dataset}"), ".png", ".csv"),
    log:
        RESULTS.log("draw_dataset", "{dataset}"),
    benchmark:
        RESULTS.benchmark("draw_dataset", "{dataset}")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("draw_dataset"),
        classes=lambda w: entry_of("dataset", w)["classes"],
    script:
        "../../scripts/draw_dataset.py"
