"""Servers into cohorts: those of one model, one age and one contract are worth the same, and are valued once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Grouped:
    """``first[c]`` is a server of cohort c, ``servers[c]`` how many it has, ``cohort[s]`` the cohort of server s."""

    first: Codes
    servers: Codes
    cohort: Codes


def grouped(*traits: Codes) -> Grouped:
    """The cohorts of servers that are alike in every trait (model, age in months, contract), each a code from 0 on.

    Raises ``ValueError`` for traits of different lengths, a negative code, or more combinations than can be numbered.
    """
    if not traits or len({trait.shape for trait in traits}) != 1 or traits[0].ndim != 1:
        raise ValueError("each trait has one code a server")
    key, combinations = np.zeros(traits[0].shape, dtype=np.int64), 1
    for trait in traits:
        if trait.size and trait.min() < 0:
            raise ValueError("codes lie in [0, ∞)")
        span = int(trait.max(initial=0)) + 1
        combinations *= span
        if combinations > np.iinfo(np.int64).max:
            raise ValueError("more combinations of traits than can be numbered")
        key = key * span + trait
    _, first, cohort, servers = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return Grouped(first.astype(np.int64), servers.astype(np.int64), cohort.astype(np.int64))
