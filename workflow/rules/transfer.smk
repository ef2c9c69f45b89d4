rule train_backbone:
    input:
        weights=weights_of,
    output:
        directory("results/{preset}/backbones/{backbone}"),
    log:
        "results/{preset}/logs/train_backbone/{backbone}.log",
    benchmark:
        "results/{preset}/benchmarks/train_backbone/{backbone}.tsv"
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
        scratch="results/{preset}/scratch/train_backbone/{backbone}",
        backbone=lookup("{preset}/backbone", within=LABS),
    script:
        "../../scripts/train_backbone.py"


rule extract_features:
    input:
        dataset="results/{preset}/datasets/{dataset}",
        backbone="results/{preset}/backbones/{backbone}",
    output:
        directory("results/{preset}/features/{backbone}/{dataset}"),
    log:
        "results/{preset}/logs/extract_features/{backbone}/{dataset}.log",
    benchmark:
        "results/{preset}/benchmarks/extract_features/{backbone}/{dataset}.tsv"
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
        base=lambda w: LABS[w.preset]["backbone"].get("base", 64),
    script:
        "../../scripts/extract_features.py"
