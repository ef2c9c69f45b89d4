# Only a source of this kind in the config asks for it: no default run downloads anything.
rule fetch_archive:
    output:
        directory("downloads/{archive}"),
    log:
        "downloads/logs/{archive}.log",
    benchmark:
        "downloads/benchmarks/{archive}.tsv"
    retries: 2
    localrule: True  # the nodes of a cluster seldom reach the network
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("fetch_archive"),
        # kept apart, so that an archive that is there is not fetched again to be unpacked again
        packed="downloads/archives",
    script:
        "../../scripts/fetch_archive.py"


rule prepare_dataset:
    input:
        archive=archive_of,
    output:
        directory("results/{preset}/datasets/{dataset}"),
    log:
        "results/{preset}/logs/prepare_dataset/{dataset}.log",
    benchmark:
        "results/{preset}/benchmarks/prepare_dataset/{dataset}.tsv"
    priority: 1_000_000  # before any training: what is wrong with the images is told at once
    conda:
        "../envs/labproof.yaml"
    threads: lambda w: 1 if images_of(w)["kind"] == "phantom" else 4
    resources:
        mem_mb=at_least(2000),  # 0.3 GiB: images are written as they come
        runtime=at_least(60),
    params:
        code=code_of("prepare_dataset"),
        dataset=lookup("{preset}/datasets/{dataset}", within=LABS),
        files=files_of,
        scratch=lambda w: f"results/{w.preset}/scratch/{w.dataset}",
    script:
        "../../scripts/prepare_dataset.py"


rule audit_dataset:
    input:
        "results/{preset}/datasets/{dataset}",
    output:
        directory("results/{preset}/audit/{dataset}"),
    log:
        "results/{preset}/logs/audit_dataset/{dataset}.log",
    benchmark:
        "results/{preset}/benchmarks/audit_dataset/{dataset}.tsv"
    conda:
        "../envs/labproof.yaml"
    threads: lambda w: 1 if images_of(w)["kind"] == "phantom" else 2
    resources:
        mem_mb=at_least(4000),  # 0.75 GiB for 1200 images, 2 GiB for 10,000
        runtime=at_least(60),
    params:
        code=code_of("audit_dataset"),
    script:
        "../../scripts/audit_dataset.py"
