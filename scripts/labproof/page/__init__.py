"""Verdicts and tables -> figures, sentences, and the rendered report."""
