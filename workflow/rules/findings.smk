rule judge_findings:
    input:
        unpack(evidence_of),
        published=PUBLISHED,
    output:
        findings=ensure(JUDGED.findings, non_empty=True),
    log:
        JUDGED.log("judge_findings"),
    benchmark:
        JUDGED.benchmark("judge_findings")
    localrule: True
    conda:
        "../envs/labproof.yaml"
    params:
        code=code_of("judge_findings"),
        judged_by=judged_by,
        gaps=gaps_of,
    script:
        "../../scripts/judge_findings.py"


# One finding alone, from what it needs and no more.
use rule judge_findings as judge_finding with:
    output:
        findings=JUDGED.finding("{finding}", ".json"),
        text=JUDGED.finding("{finding}", ".txt"),
    log:
        JUDGED.log("judge_finding", "{finding}"),
    benchmark:
        JUDGED.benchmark("judge_finding", "{finding}")
