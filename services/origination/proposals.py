"""What a person proposes to pricing's rules, held to them before the process is asked: an act that cannot stand is refused
with every reason at once, and not first tried on the case.
"""

from collections.abc import Mapping
from uuid import UUID

from starlette.datastructures import State

from domain.finding import Outcome
from domain.requests.overrides import override_request
from domain.tasks import GradeProposal, HumanTask, TaskBody, TaskOutcome, TaskType, Verb
from services.kit.database import Database, now
from services.kit.http import RemoteProblem
from services.kit.problems import Fault, Problem, ProblemType, register
from services.origination.store.business_day import business_day
from services.origination.store.casework import read_dossier
from services.pricing.client import PricingClient

register(
    ProblemType(
        "override_refused",
        422,
        "不能推翻该评级",
        "The rating cannot be overridden so",
        "共 {count} 处不符合规则，见 errors。",
        "{count:rule is|rules are} broken, listed in errors.",
    ),
)


def overrides(task: HumanTask, verb: Verb, body: TaskBody, subject: str) -> bool:
    """Whether this is the confirmer of a rating who proposes another grade."""
    mine = task.assignee == subject and task.type is TaskType.RATING_CONFIRMATION
    return mine and verb is Verb.COMPLETE and body.outcome is TaskOutcome.OVERRIDE


async def hold_override(state: State, case_id: UUID, body: TaskBody, subject: str) -> None:
    """Hold a proposed override to the rating scale: distance, reason, validity. Call it with no transaction open.

    Raises ``override_refused`` with every rule that it breaks.
    """
    faults = [] if body.grade else [Fault("/grade", "field_missing", "须填写级别", "an override names its grade")]
    if body.grade:
        faults = await _breaches(
            state, case_id, GradeProposal(grade=body.grade, reason=body.comment or "", proposed_by=subject)
        )
    elif not body.comment:
        faults.append(_NO_REASON)
    if faults:
        raise Problem("override_refused", errors=faults, count=len(faults))


_NO_REASON = Fault("/comment", "OVERRIDE_WITHOUT_REASON", "未说明理由", "gives no reason")
_PLACES = {"grade": "/grade", "reason": "/comment"}


async def _breaches(state: State, case_id: UUID, proposal: GradeProposal) -> list[Fault]:
    database: Database = state.database
    today = await business_day(database, state.policies, now())
    async with database.reading() as session:
        dossier = await read_dossier(session, case_id)
    if dossier.rating is None:
        return [Fault("/outcome", "no_rating", "模型未得出评级，无从推翻", "the model gave no rating to override")]
    pricing: PricingClient = state.pricing
    try:
        finding = await pricing.try_override(override_request(dossier, today.day, proposal))
    except RemoteProblem as refused:
        return foreign_faults(refused, _PLACES)
    if finding.outcome is not Outcome.FAIL:
        return []
    return [
        Fault(_PLACES.get(reason.subject, ""), reason.code, reason.message_zh, reason.message_en)
        for reason in finding.reasons
    ]


def foreign_faults(refused: RemoteProblem, places: Mapping[str, str]) -> list[Fault]:
    """The faults of a neighbour's refusal at the caller's own places. Any other refusal is raised on.

    ``places`` maps a field of the neighbour's request to the caller's.
    """
    if refused.code != "invalid_request":
        raise refused
    return [
        Fault(places.get(fault.pointer.strip("/"), ""), fault.code, fault.message, fault.message)
        for fault in refused.errors
    ]
