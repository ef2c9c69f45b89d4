"""Trained networks and images -> heatmaps, their scores, and interventions."""
