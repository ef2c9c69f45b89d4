"""The plan: YAML files -> a checked, resolved lab, and what it costs. Imports nothing heavy:
Snakemake reads it while it plans.
"""
