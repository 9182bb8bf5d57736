"""The pure heart of Tidegauge: columns, profiles, sketches, reference bins, windows and how they merge.

No clock, thread, file or socket is imported here; both sides of the wire use the same code.
"""
