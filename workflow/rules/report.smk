rule write_report:
    input:
        shown,
        repeated=repeated,
        histories=lambda w: [results_of(w).history(cell) for cell in trained(w.preset)],
        facts=lambda w: [results_of(w).facts(cell) for cell in trained(w.preset)],
        backbones=backbones_of,
        audits=lambda w: there(results_of(w).audit(name) for name in lab_of(w.preset)["datasets"]),
        findings=JUDGED.findings,
        published=PUBLISHED,
        template=str(ROOT / "report/index.qmd.jinja"),
        parts=collect(
            str(ROOT / "report/{file}"),
            file=[
                "_task.qmd.jinja",
                "_finding.qmd.jinja",
                "_gallery.html.jinja",
                "_explorer.html.jinja",
                "explore.js",
                "find.js",
                "gallery.js",
                "page.js",
            ],
        ),
    output:
        JUDGED.report(".qmd"),
    log:
        JUDGED.log("write_report"),
    benchmark:
        JUDGED.benchmark("write_report")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("write_report"),
        # a hash, since Snakemake prints what has changed
        lab=lambda w: provenance.data_hash(claimed_by(w)),
        gaps=gaps_of,
    script:
        "../../scripts/write_report.py"


rule write_records:
    input:
        JUDGED.findings,
    output:
        JUDGED.records,
    log:
        JUDGED.log("write_records"),
    benchmark:
        JUDGED.benchmark("write_records")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("write_records"),
    script:
        "../../scripts/write_records.py"


rule bundle_library:
    output:
        RESULTS.library,
    log:
        RESULTS.log("bundle_library"),
    benchmark:
        RESULTS.benchmark("bundle_library")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("bundle_library"),
    script:
        "../../scripts/bundle_library.py"


rule render_report:
    input:
        qmd=JUDGED.report(".qmd"),
        library=RESULTS.library,
        styles=collect(
            str(ROOT / "report/{file}"),
            file=[
                "style.css",
                "light.scss",
                "dark.scss",
                "pandoc.css",
                "pandoc.html",
                "quarto.lua",
                "vega-licences.txt",
            ],
        ),
    output:
        temp(JUDGED.rendered),
    log:
        JUDGED.log("render_report"),
    benchmark:
        JUDGED.benchmark("render_report")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("render_report"),
    script:
        "../../scripts/render_report.py"


# Snakemake deletes what a rule makes before it runs. Since the page is made beside its place, one
# that cannot be made leaves the one before it, older than its source, and the next run tries again.
rule place_report:
    input:
        JUDGED.rendered,
    output:
        ensure(JUDGED.report(".html"), non_empty=True),
    log:
        JUDGED.log("place_report"),
    benchmark:
        JUDGED.benchmark("place_report")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    shell:
        "cp {input:q} {output:q} 2> {log:q}"


rule write_overview:
    input:
        findings=lambda w: [results.findings for results in judged(w.preset)],
        template=str(ROOT / "report/overview.html.jinja"),
        styles=collect(
            str(ROOT / "report/{file}"), file=["style.css", "pandoc.css", "overview.css"]
        ),
    output:
        **dict(zip(("page", "table"), RESULTS.overview)),
    log:
        RESULTS.log("write_overview"),
    benchmark:
        RESULTS.benchmark("write_overview")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("write_overview"),
        lab=lambda w: provenance.data_hash(lab_of(w.preset)),
    script:
        "../../scripts/write_overview.py"
