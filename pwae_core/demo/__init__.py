"""``pwae demo``: a page on which one plays with a run. ``session.py`` answers, ``server.py`` serves it to a browser."""
