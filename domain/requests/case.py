"""What every deciding request derived from a dossier has in common."""

from datetime import date
from typing import Any

from domain.dossier import Dossier


def case_inputs(dossier: Dossier, as_of: date) -> dict[str, Any]:
    """The fields of ``DecisionInputs``: the case, its pinned policy, and the business date."""
    return {
        "case_id": dossier.case_id,
        "policy_sha256": dossier.policy_sha256,
        "product": dossier.line.product,
        "lender_id": dossier.lender_id,
        "as_of": as_of,
        "pinned_on": dossier.pinned_on,
    }
