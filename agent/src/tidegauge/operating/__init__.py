"""What an operator can learn of spools and do with them, beside agents that run: the work behind the commands of `tidegauge`."""
