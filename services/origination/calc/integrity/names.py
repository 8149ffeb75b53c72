"""Names of companies, compared (R6): a name that is nearly another's, under another code, borrows its reputation.

A name is read as place, core and legal form. Two cores are compared as they are written, in the order of their syllables,
and by sound, so that neither another character of the same sound (署光 for 曙光) nor other order (济南超算 for 超级计算济南)
makes another name of it. Companies of different places are different ones: groups have a daughter in every city.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from pypinyin import Style, lazy_pinyin
from rapidfuzz.distance import Levenshtein

from domain.application.serials import folded_width
from domain.money import from_float
from policy.engine.integrity import NameRules

_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
_NOISE: Final = re.compile(r"[\s·.,，。、'\"“”‘’《》<>\-—_&/]+")
_LEVELS: Final = ("特别行政区", "自治区", "自治州", "新区", "地区", "省", "市", "区", "县")
"""What may follow a place: 济南市."""


@dataclass(frozen=True)
class ReadName:
    """A company's name: the places it names, and what is left of it without them and without its legal form."""

    places: frozenset[str]
    core: str

    def syllables(self) -> tuple[str, ...]:
        """The core by sound, without tones; what is not Chinese stays as it is, letter by letter."""
        return _sounds(self.core)


@lru_cache(8192)
def _sounds(core: str) -> tuple[str, ...]:
    # A list of letters is taken letter by letter, which the declared type of ``errors`` leaves out.
    return tuple(lazy_pinyin(core, style=Style.NORMAL, errors=list))  # type: ignore[arg-type]


def read_name(text: str, rules: NameRules) -> ReadName:
    """Read a name. What is nothing but place and legal form keeps them as its core."""
    plain = folded_width(text).casefold()
    places: set[str] = set()
    inside = _BRACKETED.findall(plain)
    plain = _BRACKETED.sub("", plain)
    for part in inside:
        place, rest = _leading_place(_NOISE.sub("", part), rules)
        if place is not None and not rest:
            places.add(place)
        else:
            plain += part
    whole = plain = _NOISE.sub("", plain)
    plain = _without_forms(plain, rules)
    plain = _without_ornaments(plain, rules)
    place, plain = _leading_place(plain, rules)
    while place is not None and plain:
        places.add(place)
        plain = _without_ornaments(plain, rules)
        place, plain = _leading_place(plain, rules)
    if place is not None:
        places.add(place)
    for form in rules.abbreviations:
        plain = plain.replace(form.long.casefold(), form.short.casefold())
    place, plain = _trailing_place(plain, rules)
    if place is not None:
        places.add(place)
    return ReadName(frozenset(places), plain or whole)


def similarity(one: ReadName, other: ReadName) -> Decimal:
    """How alike two names are, from 0 to 1, to four places: nothing where they name different places, else the most
    that writing, sound or the same syllables in another order give."""
    if one.places and other.places and not one.places & other.places:
        return Decimal(0)
    sounds, heard = one.syllables(), other.syllables()
    alike = max(
        Levenshtein.normalized_similarity(one.core, other.core),
        Levenshtein.normalized_similarity(sounds, heard),
        Levenshtein.normalized_similarity(sorted(sounds), sorted(heard)),
    )
    # Four of five is 0.8 and not a hair more, as it is in binary.
    return from_float(alike, 4)


def _without_forms(text: str, rules: NameRules) -> str:
    for ending in rules.legal_forms:
        if text.endswith(ending) and len(text) > len(ending):
            return _without_forms(text[: -len(ending)], rules)
    return text


def _without_ornaments(text: str, rules: NameRules) -> str:
    for word in rules.ornaments:
        if text.startswith(word) and len(text) > len(word):
            return _without_ornaments(text[len(word) :], rules)
    return text


def _leading_place(text: str, rules: NameRules) -> tuple[str | None, str]:
    for place in rules.regions:
        if text.startswith(place):
            rest = text[len(place) :]
            level = next((item for item in _LEVELS if rest.startswith(item)), "")
            return place, rest[len(level) :]
    return None, text


def _trailing_place(text: str, rules: NameRules) -> tuple[str | None, str]:
    for place in rules.regions:
        if text.endswith(place) and len(text) > len(place):
            return place, text[: -len(place)]
    return None, text
