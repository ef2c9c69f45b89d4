rule write_report:
    input:
        shown,
        repeated=repeated,
        histories=lambda w: [results_of(w).history(cell) for cell in trained(w.preset)],
        facts=lambda w: [results_of(w).facts(cell) for cell in trained(w.preset)],
        backbones=backbones_of,
        audits=lambda w: there(results_of(w).audit(name) for name in lab_of(w.preset)["datasets"]),
        findings=RESULTS.findings,
        published=PUBLISHED,
        template=str(ROOT / "report/index.qmd.jinja"),
        parts=collect(
            str(ROOT / "report/{file}"),
            file=[
                "_task.qmd.jinja",
                "_finding.qmd.jinja",
                "_gallery.html.jinja",
                "find.js",
                "gallery.js",
                "page.js",
            ],
        ),
    output:
        RESULTS.report(".qmd"),
    log:
        RESULTS.log("write_report"),
    benchmark:
        RESULTS.benchmark("write_report")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("write_report"),
        # a hash, since Snakemake prints what has changed
        lab=lambda w: provenance.data_hash(lab_of(w.preset)),
        gaps=gaps_of,
    script:
        "../../scripts/write_report.py"


rule write_records:
    input:
        RESULTS.findings,
    output:
        RESULTS.records,
    log:
        RESULTS.log("write_records"),
    benchmark:
        RESULTS.benchmark("write_records")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("write_records"),
    script:
        "../../scripts/write_records.py"


rule render_report:
    input:
        qmd=RESULTS.report(".qmd"),
        styles=collect(
            str(ROOT / "report/{file}"),
            file=[
                "style.css",
                "light.scss",
                "dark.scss",
                "pandoc.css",
                "pandoc.html",
                "quarto.lua",
            ],
        ),
    output:
        temp(RESULTS.rendered),
    log:
        RESULTS.log("render_report"),
    benchmark:
        RESULTS.benchmark("render_report")
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
        RESULTS.rendered,
    output:
        ensure(RESULTS.report(".html"), non_empty=True),
    log:
        RESULTS.log("place_report"),
    benchmark:
        RESULTS.benchmark("place_report")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    shell:
        "cp {input:q} {output:q} 2> {log:q}"
