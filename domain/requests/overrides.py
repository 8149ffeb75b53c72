"""An override of a rating, derived from a dossier: pure, and the same where it is proposed and where it is decided."""

from datetime import date

from domain.dossier import Dossier
from domain.rating_override import RatingOverrideRequest
from domain.requests.case import case_inputs
from domain.tasks import GradeProposal


def override_request(
    dossier: Dossier, as_of: date, proposal: GradeProposal, *, confirmed_by: str | None = None
) -> RatingOverrideRequest:
    """An override of the case's rating as proposed, or as a second person confirmed it.

    Raises ``KeyError`` while the case has no rating.
    """
    if dossier.rating is None or dossier.rating_finding is None:
        raise KeyError("the case has no rating")
    before = dossier.rating_override
    model = dossier.rating
    if before is not None:
        # Notches are counted from the model's grade, also where it was overridden before.
        model = model.model_copy(update={"grade": before.model_grade, "pd": before.model_pd})
    return RatingOverrideRequest(
        **case_inputs(dossier, as_of),
        rating=model,
        rating_sha256=dossier.rating_finding.sha256,
        grade=proposal.grade,
        reason=proposal.reason,
        proposed_by=proposal.proposed_by,
        confirmed_by=confirmed_by,
    )
