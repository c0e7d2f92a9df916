"""Decoding over a ``step`` function: greedy, sampling, beam."""
