rule make_environment:
    input:
        environment_file,
    output:
        directory(f"{OF_LAB}/environments/{{environment}}"),
    log:
        f"{OF_LAB}/environments/{{environment}}.log",
    benchmark:
        f"{OF_LAB}/environments/{{environment}}.tsv"
    localrule: True  # the nodes of a cluster seldom reach the network
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("make_environment"),
    script:
        "../../scripts/make_environment.py"


rule run_command:
    input:
        given=given_of,
        shared=shared_of,
        environment=environment_of,
    output:
        history=ensure(RESULTS.block("{cell}", "{block}", "history"), non_empty=True),
        predictions=RESULTS.block("{cell}", "{block}", "predictions"),
        scalars=RESULTS.block("{cell}", "{block}", "scalars"),
        facts=RESULTS.block("{cell}", "{block}", "facts"),
        folder=directory(RESULTS.run("{cell}", "{block}")),
    log:
        RESULTS.log("run_command", "{cell}", "{block}"),
    benchmark:
        RESULTS.benchmark("run_command", "{cell}", "{block}")
    wildcard_constraints:
        cell=commanded(True),
    priority: chain_of("run_command")
    conda:
        "../envs/labproof.yaml"
    threads: lambda w: cell_of(w)["run"]["threads"]
    resources:
        gpu=lambda w: int(cell_of(w)["run"]["gpu"]),
        mem_mb=lambda w, attempt: more(cell_of(w)["run"]["mem_mb"], attempt),
        runtime=lambda w, attempt: more(cell_of(w)["run"]["runtime"], attempt, share=1),
    params:
        code=code_of("run_command"),
        cell=lambda w: trainings.settings(cell_of(w)),
        files=code_of_run,
        lab=lambda w: lab_of(w.preset)["folder"],
        scratch=RESULTS.scratch("run_command", "{cell}", "{block}"),
    script:
        "../../scripts/run_command.py"


# Is the code seeded at all? One seed of one cell is run a second time, and compared.
rule repeat_run:
    input:
        history=RESULTS.block("{cell}", "{block}", "history"),
        predictions=RESULTS.block("{cell}", "{block}", "predictions"),
        scalars=RESULTS.block("{cell}", "{block}", "scalars"),
        environment=environment_of,
    output:
        RESULTS.repeat("{cell}", "{block}"),
    log:
        RESULTS.log("repeat_run", "{cell}", "{block}"),
    benchmark:
        RESULTS.benchmark("repeat_run", "{cell}", "{block}")
    wildcard_constraints:
        cell=commanded(True),
    conda:
        "../envs/labproof.yaml"
    threads: lambda w: cell_of(w)["run"]["threads"]
    resources:
        gpu=lambda w: int(cell_of(w)["run"]["gpu"]),
        mem_mb=lambda w, attempt: more(cell_of(w)["run"]["mem_mb"], attempt),
        runtime=lambda w, attempt: more(cell_of(w)["run"]["runtime"], attempt, share=1),
    params:
        code=code_of("repeat_run"),
        cell=lambda w: trainings.settings(cell_of(w)),
        files=code_of_run,
        lab=lambda w: lab_of(w.preset)["folder"],
        scratch=RESULTS.scratch("repeat_run", "{cell}", "{block}"),
    script:
        "../../scripts/repeat_run.py"


rule gather_runs:
    input:
        histories=tables_of("history"),
        predictions=tables_of("predictions"),
        scalars=tables_of("scalars"),
        facts=tables_of("facts"),
    output:
        histories=RESULTS.history("{cell}"),
        predictions=RESULTS.predictions("{cell}"),
        scalars=RESULTS.scalars("{cell}"),
        facts=RESULTS.facts("{cell}"),
    log:
        RESULTS.log("gather_runs", "{cell}"),
    benchmark:
        RESULTS.benchmark("gather_runs", "{cell}")
    wildcard_constraints:
        cell=commanded(True),
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("gather_runs"),
        deterministic=lambda w: cell_of(w)["run"]["deterministic"],
    script:
        "../../scripts/gather_runs.py"
