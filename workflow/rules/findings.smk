rule judge_findings:
    input:
        unpack(lambda w: evidence_of(w, LABS[w.preset]["findings"])),
        published=PUBLISHED,
    output:
        findings=ensure("results/{preset}/findings.json", non_empty=True),
    log:
        "results/{preset}/logs/judge_findings.log",
    benchmark:
        "results/{preset}/benchmarks/judge_findings.tsv"
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("judge_findings"),
        results=subpath(output.findings, parent=True),
        findings=lookup("{preset}/findings", within=LABS),
        seeds=lookup("{preset}/seeds", within=LABS),
        datasets=datasets_of,
        gaps=gaps_of,
    script:
        "../../scripts/judge_findings.py"


# One finding alone, from what it needs and no more.
use rule judge_findings as judge_finding with:
    input:
        unpack(lambda w: evidence_of(w, [finding_of(w)])),
        published=PUBLISHED,
    output:
        findings="results/{preset}/findings/{finding}.json",
        text="results/{preset}/findings/{finding}.txt",
    log:
        "results/{preset}/logs/judge_finding/{finding}.log",
    benchmark:
        "results/{preset}/benchmarks/judge_finding/{finding}.tsv"
    params:
        code=code_of("judge_findings"),
        results=subpath(output.findings, ancestor=2),
        findings=lambda w: [finding_of(w)],
        seeds=lookup("{preset}/seeds", within=LABS),
        datasets=datasets_of,
        gaps=gaps_of,
