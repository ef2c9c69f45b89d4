rule train_block:
    input:
        data=inputs_of,
        begun=begun_of,
    output:
        history=ensure("results/{preset}/blocks/{cell}/{block}/history.csv", non_empty=True),
        predictions=ensure("results/{preset}/blocks/{cell}/{block}/predictions.csv", non_empty=True),
        facts="results/{preset}/blocks/{cell}/{block}/facts.csv",
        models=directory("results/{preset}/models/{cell}/{block}"),
    log:
        "results/{preset}/logs/train_block/{cell}/{block}.log",
    benchmark:
        "results/{preset}/benchmarks/train_block/{cell}/{block}.tsv"
    priority: chain_of("train_block")
    conda:
        "../envs/labproof.yaml"
    threads: 1  # more threads gain little on such small networks; more jobs gain all
    resources:
        gpu=min(GPUS, 1),
        mem_mb=memory_of,
        runtime=minutes_of,
    params:
        code=code_of("train_block"),
        scratch="results/{preset}/scratch/train_block/{cell}/{block}",
        continued=lambda w: cell_of(w)["continued"],
        cell=lambda w: {key: x for key, x in cell_of(w).items() if key not in plan.TOLD},
    script:
        "../../scripts/train_block.py"


rule gather_blocks:
    input:
        histories=lambda w: collect(
            f"results/{w.preset}/blocks/{w.cell}/{{block}}/history.csv",
            block=blocks_of(w.preset, w.cell),
        ),
        predictions=lambda w: collect(
            f"results/{w.preset}/blocks/{w.cell}/{{block}}/predictions.csv",
            block=blocks_of(w.preset, w.cell),
        ),
        facts=lambda w: collect(
            f"results/{w.preset}/blocks/{w.cell}/{{block}}/facts.csv",
            block=blocks_of(w.preset, w.cell),
        ),
    output:
        histories="results/{preset}/histories/{cell}.csv",
        predictions="results/{preset}/predictions/{cell}.csv",
        facts="results/{preset}/facts/{cell}.csv",
    log:
        "results/{preset}/logs/gather_blocks/{cell}.log",
    benchmark:
        "results/{preset}/benchmarks/gather_blocks/{cell}.tsv"
    localrule: True
    conda:
        "../envs/labproof.yaml"
    # one header, then the rows of all blocks
    shell:
        "(awk 'NR == 1 || FNR > 1' {input.histories} > {output.histories};"
        " awk 'NR == 1 || FNR > 1' {input.predictions} > {output.predictions};"
        " awk 'NR == 1 || FNR > 1' {input.facts} > {output.facts}) 2> {log}"
