"""The Python interface behind the names of ``pwae_core``: answers, scores, and what the commands wrote.

Nothing heavy is imported before it is needed. Every error is a ``pwae_core.PwaeError`` whose message is one line.
"""
