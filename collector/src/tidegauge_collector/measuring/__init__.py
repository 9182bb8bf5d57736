"""Measuring: what the telemetry store holds, put against baselines by the pure core, as measurements.

Both the REST API (any range, when asked) and judging (the ready windows) measure here, so that they cannot disagree.
"""
