rule write_report:
    input:
        shown,
        histories=lambda w: collect(
            f"results/{w.preset}/histories/{{cell}}.csv", cell=trained(w.preset)
        ),
        facts=lambda w: collect(f"results/{w.preset}/facts/{{cell}}.csv", cell=trained(w.preset)),
        backbones=lambda w: there(
            {
                f"results/{w.preset}/backbones/{LABS[w.preset]['cells'][cell]['backbone']}"
                for cell in with_key(w.preset, "cells", "backbone")
            }
        ),
        audits=lambda w: there(
            f"results/{w.preset}/audit/{name}" for name in LABS[w.preset]["datasets"]
        ),
        findings="results/{preset}/findings.json",
        published=PUBLISHED,
        template=str(ROOT / "report/index.qmd.jinja"),
        parts=collect(
            str(ROOT / "report/{file}"),
            file=["_task.qmd.jinja", "_gallery.html.jinja", "gallery.js", "page.js"],
        ),
    output:
        "results/{preset}/report/index.qmd",
    log:
        "results/{preset}/logs/write_report.log",
    benchmark:
        "results/{preset}/benchmarks/write_report.tsv"
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("write_report"),
        lab=lookup("{preset}", within=LABS),
        gaps=gaps_of,
        results=subpath(output[0], ancestor=2),
    script:
        "../../scripts/write_report.py"


rule render_report:
    input:
        qmd="results/{preset}/report/index.qmd",
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
        temp("results/{preset}/report/rendered.html"),
    log:
        "results/{preset}/logs/render_report.log",
    benchmark:
        "results/{preset}/benchmarks/render_report.tsv"
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
        "results/{preset}/report/rendered.html",
    output:
        ensure("results/{preset}/report/index.html", non_empty=True),
    log:
        "results/{preset}/logs/place_report.log",
    benchmark:
        "results/{preset}/benchmarks/place_report.tsv"
    localrule: True
    conda:
        "../envs/labproof.yaml"
    shell:
        "cp {input:q} {output:q} 2> {log:q}"
