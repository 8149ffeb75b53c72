"""Who must decide a case, with the proof: the row of the authority matrix and the facts it was asked with."""

from dataclasses import dataclass

from domain.application import ApplicationContent
from domain.authority import AuthorityRequirement
from domain.finding import Outcome, Reason
from domain.money import ZERO, Money
from policy.engine import AuthorityMatrix, Body, Bundle, absent_reason, required_authority
from services.origination.calc.conclusion import AuthorityConclusion, Check
from services.origination.calc.regulation import RegulationInputs, facts_of


class AuthorityInputs(RegulationInputs):
    """What authority is asked with: the facts of the approval, and how often the case departs from policy."""

    exceptions: int


@dataclass(frozen=True)
class AuthorityProof:
    """The bodies in the order in which they decide, the conclusion and the check it rests on."""

    chain: tuple[Body, ...]
    amount: Money
    value: AuthorityConclusion
    check: Check


def authority(inputs: AuthorityInputs, content: ApplicationContent, pinned: Bundle) -> AuthorityProof:
    """The bodies that must decide.

    While the matrix lacks a fact nobody lower may be guessed, so the highest body decides, which may decide whatever any
    other may; the finding then refers and names the facts.
    """
    matrix = pinned.authority(inputs.pinned_on)
    facts = facts_of(inputs, content, pinned, pinned) | {"case.policy_exceptions": inputs.exceptions}
    asked = required_authority(matrix, facts)
    check = Check()
    check.trace.extend(asked.decision.trace)
    deciding = asked.body or max(matrix.bodies, key=lambda item: item.rank)
    chain = _order(matrix, deciding)
    rule = asked.decision.row if asked.body is not None and asked.decision.row else "UNDECIDED"
    if asked.body is None:
        check.note("AUTHORITY_UNDECIDED", Outcome.REFER, detail=deciding.id)
        check.reasons.extend(absent_reason(referral, [matrix.id]) for referral in asked.decision.referred)
    else:
        check.note(rule, Outcome.PASS, detail=deciding.id)
    value = AuthorityConclusion(
        body=deciding.id, chain=tuple(item.id for item in chain), rule=rule, decided=asked.body is not None
    )
    return AuthorityProof(chain, inputs.exposures.group_exposure + content.lines[0].amount, value, check)


def _order(matrix: AuthorityMatrix, body: Body) -> tuple[Body, ...]:
    """Bodies heard first, the body itself, and behind a committee the approver who may refuse what it recommends."""
    heard = tuple(matrix.body(name) for name in body.heard_first)
    veto = (matrix.body(body.committee.veto),) if body.committee is not None and body.committee.veto else ()
    return (*heard, body, *veto)


def requirements(proof: AuthorityProof, policy_sha256: str, finding_sha256: str) -> tuple[AuthorityRequirement, ...]:
    """The proof as the process carries it, one requirement a body."""
    return tuple(
        AuthorityRequirement(
            body=body.id,
            rank=body.rank,
            amount=_amount(proof, body),
            rule=proof.value.rule,
            policy_sha256=policy_sha256,
            finding_sha256=finding_sha256,
            kind="person" if body.committee is None else "committee",
            seats=1 if body.committee is None else body.committee.size,
            quorum=1 if body.committee is None else body.committee.quorum,
            reason_zh=_reason(proof, body).message_zh,
            reason_en=_reason(proof, body).message_en,
        )
        for body in proof.chain
    )


def _amount(proof: AuthorityProof, body: Body) -> Money:
    """A body that is only heard needs its office, not authority over the amount: that is why a higher one decides."""
    place = [item.id for item in proof.chain].index(body.id)
    return ZERO if place < [item.id for item in proof.chain].index(proof.value.body) else proof.amount


def _reason(proof: AuthorityProof, body: Body) -> Reason:
    place = [item.id for item in proof.chain].index(body.id)
    named = [item.id for item in proof.chain].index(proof.value.body)
    zh, en = (
        ("先行审核", "is heard first")
        if place < named
        else ("审批", "decides")
        if place == named
        else ("行使一票否决权", "may refuse what the committee recommends")
    )
    return Reason(
        code=proof.value.rule,
        message_zh=f"授权矩阵 {proof.value.rule}：{body.title_zh}{zh}",
        message_en=f"authority matrix row {proof.value.rule}: {body.title_en} {en}",
    )
