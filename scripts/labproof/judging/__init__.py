"""What the seeds left behind -> measures, their error, and a verdict on each claim."""
