"""Rows over HTTP, from other languages and files: read in bounded batches, profiled by the agent's core, sent through the same intake.

A body is received into a file, read and profiled as a whole, and only then are its frames taken: all of a request or nothing. What is
taken lies in a redo file and a row of the control store before the first frame goes out, so that a kill leaves it to be finished.
"""
