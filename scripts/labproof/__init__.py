"""Labproof's library: from a lab's protocol to measured findings, without Snakemake."""

__version__ = "0.1.0"
