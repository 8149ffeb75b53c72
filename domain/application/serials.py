"""The identity of hardware: one server or one GPU, however its number was typed, copied or read off a label.

Two numbers are the same when they differ only in width (full-width forms of a Chinese keyboard), case, separators, or in
letters that cannot be told apart on a label. Of those, digits win, as in Crockford's base 32: O is 0, I and L are 1;
Cyrillic and Greek letters that look like Latin ones are those. A vendor that issues two serials which differ in nothing
else would be refused one of them, and a person decides; the other way round a server would be lent on twice.
"""

import re
import unicodedata
from typing import Final

_NOT_IDENTITY: Final = re.compile(r"[^0-9A-Z]+")
_LOOK_ALIKE: Final = str.maketrans(
    {
        **dict(zip("АВЕЗКМНОРСТУХІЈЅ", "ABE3KMHOPCTYXIJS", strict=True)),  # Cyrillic
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),  # Greek
    }
)
_FOLDED: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_GPU_PREFIX: Final = "GPU"


def folded_width(text: str) -> str:
    """The text with full-width and other compatibility forms in their plain form (NFKC)."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def serial_identity(serial: str) -> str:
    """A serial as machines compare it; empty where it holds no letter and no digit."""
    return _compact(serial).translate(_FOLDED)


def gpu_identity(identifier: str) -> str:
    """A GPU's identifier as machines compare it: ``GPU-8f3c…`` of one tool and ``8F3C…`` of another are one GPU."""
    return _compact(identifier).removeprefix(_GPU_PREFIX).translate(_FOLDED)


def _compact(text: str) -> str:
    plain = text.upper() if text.isascii() else folded_width(text).upper().translate(_LOOK_ALIKE)
    return _NOT_IDENTITY.sub("", plain)
