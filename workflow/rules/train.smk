rule train_block:
    input:
        data=inputs_of,
        begun=begun_of,
    output:
        history=ensure(RESULTS.block("{cell}", "{block}", "history"), non_empty=True),
        predictions=ensure(RESULTS.block("{cell}", "{block}", "predictions"), non_empty=True),
        facts=RESULTS.block("{cell}", "{block}", "facts"),
        models=directory(RESULTS.models("{cell}", "{block}")),
    log:
        RESULTS.log("train_block", "{cell}", "{block}"),
    benchmark:
        RESULTS.benchmark("train_block", "{cell}", "{block}")
    wildcard_constraints:
        cell=commanded(False),
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
        scratch=RESULTS.scratch("train_block", "{cell}", "{block}"),
        continued=lambda w: cell_of(w)["continued"] is not None,
        cell=lambda w: trainings.settings(cell_of(w)),
    script:
        "../../scripts/train_block.py"


rule gather_blocks:
    input:
        histories=tables_of("history"),
        predictions=tables_of("predictions"),
        facts=tables_of("facts"),
    output:
        histories=RESULTS.history("{cell}"),
        predictions=RESULTS.predictions("{cell}"),
        facts=RESULTS.facts("{cell}"),
    log:
        RESULTS.log("gather_blocks", "{cell}"),
    benchmark:
        RESULTS.benchmark("gather_blocks", "{cell}")
    wildcard_constraints:
        cell=commanded(False),
    localrule: True
    conda:
        "../envs/labproof.yaml"
    # one header, then the rows of all blocks
    shell:
        "(awk 'NR == 1 || FNR > 1' {input.histories:q} > {output.histories:q};"
        " awk 'NR == 1 || FNR > 1' {input.predictions:q} > {output.predictions:q};"
        " awk 'NR == 1 || FNR > 1' {input.facts:q} > {output.facts:q}) 2> {log:q}"
