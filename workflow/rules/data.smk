rule prepare_dataset:
    output:
        directory("results/{preset}/datasets/{dataset}"),
    log:
        "results/{preset}/logs/prepare_dataset/{dataset}.log",
    benchmark:
        "results/{preset}/benchmarks/prepare_dataset/{dataset}.tsv"
    conda:
        "../envs/labproof.yaml"
    threads: lambda w: 4 if LABS[w.preset]["sources"][source_of(w)]["kind"] == "folder" else 1
    params:
        code=code_of("prepare_dataset"),
        dataset=lookup("{preset}/datasets/{dataset}", within=LABS),
        files=files_of,
        source=lambda w: LABS[w.preset]["sources"][source_of(w)],
    script:
        "../../scripts/prepare_dataset.py"
