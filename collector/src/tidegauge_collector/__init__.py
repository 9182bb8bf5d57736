"""Tidegauge's collector: takes in what agents ship, measures it, judges it, and tells the right people."""

__version__ = "0.1.0"
