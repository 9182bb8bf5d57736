"""Kinds of channels, a file each: how an event looks there, and what the answer means."""
