rule prepare_dataset:
    output:
        directory("results/{preset}/datasets/{dataset}"),
    log:
        "results/{preset}/logs/prepare_dataset/{dataset}.log",
    benchmark:
        "results/{preset}/benchmarks/prepare_dataset/{dataset}.tsv"
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("prepare_dataset"),
        dataset=lookup("{preset}/datasets/{dataset}", within=LABS),
        source=lambda w: LABS[w.preset]["sources"][LABS[w.preset]["datasets"][w.dataset]["source"]],
    script:
        "../../scripts/prepare_dataset.py"
