"""``suandai bench``: what the engine and its surroundings cost, each figure beside what it was measured against in the same run.

Nothing here fails for being slow. The figures are for reading, and for telling whether a change made them better.
"""
