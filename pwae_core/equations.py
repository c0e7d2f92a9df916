"""The formulas of the paper, one small pure function each."""
