"""The parts of the fleet bench: frames, agents, the collector as a process, watching it, the report."""
