"""``python -m suandai``: the same as the command ``suandai``."""

from suandai.entry import main

main()
