"""``python -m suandai``: the same as the command ``suandai``."""

from suandai.cli import app

app(prog_name="suandai")
