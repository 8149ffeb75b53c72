"""Legal-entity codes: 统一社会信用代码 (GB 32100-2015) and LEI (ISO 17442).

A wrong position 18 refuses the code. A wrong inner digit (position 17, the organisation code's own check digit by
GB 11714) is only suspect: such codes exist in the registers, so it becomes a warning for a person to decide on.
"""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_AUTHORITIES = "123456789ANY"
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def uscc_check_character(first_17: str) -> str:
    """Position 18 of a code from its first 17 characters (GB 32100-2015, mod 31)."""
    total = sum(_ALPHABET.index(c) * w for c, w in zip(first_17, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total) % 31]


def uscc_inner_digit_suspect(code: str) -> bool:
    """Whether position 17 disagrees with the check digit of the organisation code in positions 9-16 (GB 11714, mod 11)."""
    body, check = code[8:16], code[16]
    total = sum(int(c, 36) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    expected = (11 - total % 11) % 11
    return check != ("X" if expected == 10 else str(expected))


LegalForm = Literal[
    "enterprise",
    "farmers_cooperative",
    "public_institution",
    "social_organisation",
    "individual_business",
    "natural_person",
    "other",
]
_LEGAL_FORMS: Final[dict[str, LegalForm]] = {
    "91": "enterprise",
    "92": "individual_business",
    "93": "farmers_cooperative",
    "12": "public_institution",
    "51": "social_organisation",
    "52": "social_organisation",
    "53": "social_organisation",
}


def legal_form(code: str) -> LegalForm:
    """What kind of subject a credit code belongs to: registering authority and category (GB 32100-2015, positions 1-2)."""
    return _LEGAL_FORMS.get(code[:2], "other")


def _uscc(value: str) -> str:
    code = value.strip().upper().replace(" ", "").replace("-", "")
    if len(code) != 18 or any(c not in _ALPHABET for c in code):
        raise PydanticCustomError("uscc_format", "must be 18 characters of 0-9 and A-Y without I, O, S, V and Z")
    if code[0] not in _AUTHORITIES:
        raise PydanticCustomError("uscc_authority", "position 1 names no registering authority of GB 32100-2015")
    if not code[2:8].isdigit():
        raise PydanticCustomError("uscc_division", "positions 3-8 must be a GB/T 2260 division code")
    if uscc_check_character(code[:17]) != code[17]:
        raise PydanticCustomError("uscc_check_digit", "position 18 does not match the check character of GB 32100-2015")
    return code


Uscc = Annotated[
    str,
    AfterValidator(_uscc),
    WithJsonSchema({"type": "string", "minLength": 18, "maxLength": 30, "description": "GB 32100-2015 code"}),
]
"""统一社会信用代码, stored compact and upper-case."""


def _lei(value: str) -> str:
    code = value.strip().upper()
    if len(code) != 20 or not code.isascii() or not code.isalnum():
        raise PydanticCustomError("lei_format", "must be 20 letters and digits")
    if int("".join(str(int(c, 36)) for c in code)) % 97 != 1:
        raise PydanticCustomError("lei_check_digits", "check digits do not match ISO 7064 mod 97-10")
    return code


Lei = Annotated[str, AfterValidator(_lei), WithJsonSchema({"type": "string", "minLength": 20, "maxLength": 20})]
