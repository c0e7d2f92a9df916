"""``pwae demo``: a page for trying out a run. ``session.py`` answers, ``server.py`` serves the page to a browser."""
