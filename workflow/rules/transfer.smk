rule train_backbone:
    input:
        weights=weights_of,
    output:
        directory(RESULTS.backbone("{backbone}")),
    log:
        RESULTS.log("train_backbone", "{backbone}"),
    benchmark:
        RESULTS.benchmark("train_backbone", "{backbone}")
    priority: chain_of("train_backbone")
    conda:
        "../envs/labproof.yaml"
    threads: 1
    resources:
        gpu=min(GPUS, 1),
        mem_mb=at_least(5000),  # demo: 1.1 GiB and 3 minutes on a CPU
        runtime=at_least(240),
    params:
        code=code_of("train_backbone"),
        scratch=RESULTS.scratch("train_backbone", "{backbone}"),
        backbone=lambda w: lab_of(w.preset)["backbone"],
    script:
        "../../scripts/train_backbone.py"


rule extract_features:
    input:
        dataset=RESULTS.dataset("{dataset}"),
        backbone=RESULTS.backbone("{backbone}"),
    output:
        directory(RESULTS.features("{backbone}", "{dataset}")),
    log:
        RESULTS.log("extract_features", "{backbone}", "{dataset}"),
    benchmark:
        RESULTS.benchmark("extract_features", "{backbone}", "{dataset}")
    priority: chain_of("extract_features")
    conda:
        "../envs/labproof.yaml"
    threads: 1
    resources:
        gpu=min(GPUS, 1),
        mem_mb=at_least(8000),  # 1200 images of 224 pixels: 3.9 GiB and a minute on a CPU
        runtime=at_least(60),
    params:
        code=code_of("extract_features"),
        base=base_of,
    script:
        "../../scripts/extract_features.py"
