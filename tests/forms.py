"""What sheets ask, for tests: forms in the shipped languages."""

from __future__ import annotations

from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.words import read_words

ENGLISH = Form(read_words("en"))
CHINESE = Form(read_words("zh"))
PAIRS = Form(read_words("en"), "pairs")
CHINESE_PAIRS = Form(read_words("zh"), "pairs")
