"""What runs in the background, in one thread: folding, judging, baselines from production, and the upkeep of the stores."""
