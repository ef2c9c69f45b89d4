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
        directory(RESULTS.dataset("{dataset}")),
    log:
        RESULTS.log("prepare_dataset", "{dataset}"),
    benchmark:
        RESULTS.benchmark("prepare_dataset", "{dataset}")
    priority: 1_000_000  # before any training: what is wrong with the images is told at once
    conda:
        "../envs/labproof.yaml"
    threads: lambda w: 1 if images_of(w)["kind"] == "phantom" else 4
    resources:
        mem_mb=at_least(2000),  # 0.3 GiB: images are written as they come
        runtime=at_least(60),
    params:
        code=code_of("prepare_dataset"),
        dataset=lambda w: entry_of("dataset", w),
        files=files_of,
        scratch=RESULTS.scratch("{dataset}"),
    script:
        "../../scripts/prepare_dataset.py"


rule audit_dataset:
    input:
        RESULTS.dataset("{dataset}"),
    output:
        directory(RESULTS.audit("{dataset}")),
    log:
        RESULTS.log("audit_dataset", "{dataset}"),
    benchmark:
        RESULTS.benchmark("audit_dataset", "{dataset}")
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
