"""Tidegauge: one line wraps any model's `predict`; its statistics are spooled to disk and shipped to a collector."""

__version__ = "0.1.0"
