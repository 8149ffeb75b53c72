"""The gate of rights and compliance (domain paper §4.3): what shuts it makes the asset worth nothing to a lender.

Every test is run and every reason told at once. A fact that is not known neither opens nor shuts the gate: there is no
value until somebody has found it out.
"""

from dataclasses import dataclass

from domain.data_asset import DataRights
from domain.finding import Reason, TraceStep
from services.collateral.calc.conclusion import reason


@dataclass(frozen=True)
class Gate:
    """``shut``: reasons for a value of nought. ``unknown``: what has to be known before there is a value."""

    shut: tuple[Reason, ...]
    unknown: tuple[Reason, ...]
    trace: TraceStep


def gate(
    certificate: bool | None, personal_data: bool | None, rights: DataRights | None, encumbered: bool | None
) -> Gate:
    """Run the tests.

    ``certificate``: of the right, unexpired. ``personal_data``: personal information without consent or anonymisation.
    ``encumbered``: an earlier pledge in the registry.
    """
    verdicts: dict[str, bool | None] = {
        # code of the reason: True shuts the gate, None is not known
        "DATA_RIGHT": None if certificate is None else not certificate,
        "PIPL_BLOCK": personal_data,
        "PRIOR_RIGHT": encumbered,
    }
    if rights is None:
        verdicts |= dict.fromkeys(_RIGHTS)
    else:
        verdicts |= {
            "NO_OPERATING_RIGHT": None if rights.right is None else rights.right != "operating",
            "NOT_TRANSFERABLE": None if rights.transferable is None else not rights.transferable,
            "SUBLICENSING_FORBIDDEN": _is(rights.sublicensing, "forbidden"),
            "PUBLIC_DATA_BEYOND_AUTHORISATION": _is(rights.public_authorisation, "beyond"),
            "IMPORTANT_DATA_NOT_ASSESSED": _is(rights.important_data, "not_assessed"),
            "DATA_NOT_ESCROWED": None if rights.escrowed is None else not rights.escrowed,
        }
    return Gate(
        shut=tuple(reason(code) for code, verdict in verdicts.items() if verdict),
        unknown=tuple(_unknown(code) for code, verdict in verdicts.items() if verdict is None),
        trace=TraceStep(
            step="data_asset/gate",
            rule="one test that fails makes the value zero; one that cannot be run leaves no value",
            inputs={code: _WORDS[verdict] for code, verdict in sorted(verdicts.items())},
            result="shut" if any(verdicts.values()) else "unknown" if None in verdicts.values() else "open",
        ),
    )


_RIGHTS = (
    "NO_OPERATING_RIGHT",
    "NOT_TRANSFERABLE",
    "SUBLICENSING_FORBIDDEN",
    "PUBLIC_DATA_BEYOND_AUTHORISATION",
    "IMPORTANT_DATA_NOT_ASSESSED",
    "DATA_NOT_ESCROWED",
)
_FACTS = {
    "NO_OPERATING_RIGHT": "rights/right",
    "NOT_TRANSFERABLE": "rights/transferable",
    "SUBLICENSING_FORBIDDEN": "rights/sublicensing",
    "PUBLIC_DATA_BEYOND_AUTHORISATION": "rights/public_authorisation",
    "IMPORTANT_DATA_NOT_ASSESSED": "rights/important_data",
    "DATA_NOT_ESCROWED": "rights/escrowed",
}
_KNOWN_WORDS = {
    "DATA_RIGHT": "CERTIFICATE_UNKNOWN",
    "PIPL_BLOCK": "PERSONAL_DATA_UNKNOWN",
    "PRIOR_RIGHT": "ENCUMBRANCE_NOT_SEARCHED",
}
_WORDS = {True: "fails", False: "passes", None: "not known"}


def _is(given: str | None, shutting: str) -> bool | None:
    return None if given is None else given == shutting


def _unknown(code: str) -> Reason:
    return reason(_KNOWN_WORDS[code]) if code in _KNOWN_WORDS else reason("DATA_FACT_UNKNOWN", _FACTS[code])
