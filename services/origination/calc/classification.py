"""The class that the claims on a debtor have at best (商业银行金融资产风险分类办法), from the tables of policy.

Two passes: what each claim and the debtor say by themselves, then what follows from the share of bad claims here. The
result is the floor that the initial classification begins with; confirming and approving it are other persons' work.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.canonical import sha256_of
from domain.classification import (
    ClaimClass,
    ClaimStanding,
    Classification,
    ClassificationRequest,
    DebtorStanding,
    Floor,
    Restructuring,
    StepDue,
)
from domain.facts import Absent, Fact, Known, known
from domain.finding import Finding, ModelRef, Outcome, Reason, TraceStep
from domain.money import MONEY_SCALE, RATE_SCALE, Money, Rounding, rounded
from domain.repayment import maturity
from domain.requests.repayment import whole_months
from policy.engine import Bundle, ClassificationPolicy, FactValue, Referral, TableBody, absent_reason, evaluate

MODEL = ModelRef(id="classification", version="1")


@dataclass
class _Looked:
    """What tables said of one claim."""

    floors: list[Floor]
    referred: list[Referral]
    reviews: list[str]
    days: int | None = None


def classification(
    request: ClassificationRequest, bundle: Bundle, *, finding_id: UUID, made_at: datetime
) -> Finding[Classification]:
    """Classify all claims of one debtor by the policy in force on ``as_of``. Raises ``PolicyNotInForce`` before there is one."""
    policy = bundle.classification(request.as_of)
    trace: list[TraceStep] = []
    looked = {claim.key: _claim(claim, request.as_of, policy, trace) for claim in request.claims}
    beside = _debtor(request.debtor, policy, trace)
    for found in looked.values():
        found.floors += beside.floors
        found.referred += beside.referred
    bad = _bad_share(request, looked, policy)
    crossed = _table(
        policy.debtor, {**_debtor_facts(request.debtor), "debtor.bad_share_here": bad}, "classification/debtor", trace
    )
    for found in looked.values():
        found.floors += [floor for floor in crossed.floors if floor not in found.floors]
    claims = tuple(_concluded(claim, looked[claim.key], policy) for claim in request.claims)
    reviews = dict.fromkeys(code for source in (*looked.values(), beside, crossed) for code in source.reviews)
    reasons = [*_reasons(claims, policy), *_reviewed(reviews), *_absent(looked)]
    value = Classification(
        claims=claims,
        at_best=max((claim.at_best for claim in claims), key=policy.rank),
        bad_share=bad,
        reviews=tuple(reviews),
        steps=tuple(StepDue(id=step.id, role=step.role) for step in policy.steps),
        again_by=maturity(request.as_of, policy.every_months),
    )
    open_questions = bool(reviews) or any(claim.undecided for claim in claims)
    return Finding[Classification](
        id=finding_id,
        kind="classification",
        outcome=Outcome.REFER if open_questions or any(claim.floors for claim in claims) else Outcome.PASS,
        value=value,
        reasons=tuple(reasons),
        trace=tuple(trace),
        inputs_sha256=sha256_of(request),
        policy=bundle.ref(policy),
        model=MODEL,
        as_of=request.as_of,
        made_at=made_at,
    )


def _claim(claim: ClaimStanding, on: date, policy: ClassificationPolicy, trace: list[TraceStep]) -> _Looked:
    step = f"classification/{claim.key}"
    days = _days_past_due(claim, on, policy, trace, step)
    overdue = _table(
        policy.overdue,
        {"claim.days_past_due": days, "claim.technical_delay": claim.technical_delay},
        f"{step}/overdue",
        trace,
    )
    own = _table(policy.claim, _claim_facts(claim, on), f"{step}/claim", trace)
    return _Looked(
        floors=overdue.floors + own.floors,
        referred=[*overdue.referred, *own.referred],
        reviews=overdue.reviews + own.reviews,
        days=days,
    )


def _days_past_due(
    claim: ClaimStanding, on: date, policy: ClassificationPolicy, trace: list[TraceStep], step: str
) -> int | None:
    """Calendar days since the oldest unpaid instalment fell due; an extension agreed while overdue starts no new count."""
    if isinstance(claim.unpaid_since, Absent):
        return 0 if claim.unpaid_since.state == "not_applicable" else None
    due = claim.unpaid_since.value
    put_off = claim.extension
    case = "none" if put_off is None else "before_due" if put_off.agreed_on <= due else "overdue"
    decision = evaluate(policy.counted_from, {"claim.extended": case}, f"{step}/counted_from")
    trace.extend(decision.trace)
    if put_off is not None and decision.code("from") == "due_now":
        due = put_off.due_now
    return max((on - due).days, 0)


def _claim_facts(claim: ClaimStanding, on: date) -> dict[str, FactValue]:
    restructured = known(claim.restructuring)
    share = None
    if claim.expected_loss is not None:
        # Cut off, not rounded up: half is reached with the half and not a hair before.
        share = rounded(claim.expected_loss.amount / claim.balance.amount, RATE_SCALE, Rounding.DOWN)
    return {
        "claim.misused": claim.misused,
        "claim.refinanced": claim.refinanced,
        "claim.renewal_in_good_order": claim.renewal_in_good_order,
        "claim.restructured": _whether(claim.restructuring),
        "claim.observation_months": whole_months(restructured.first_due, on) if restructured else None,
        "claim.observed_periods": restructured.periods_kept if restructured else None,
        "claim.credit_impaired": claim.credit_impaired,
        "claim.loss_share": share,
    }


def _whether(given: Fact[Restructuring]) -> FactValue:
    if isinstance(given, Known):
        return True
    return False if given.state == "not_applicable" else given


def _debtor_facts(debtor: DebtorStanding) -> dict[str, FactValue]:
    return {
        "debtor.bad_elsewhere": debtor.bad_elsewhere,
        "debtor.rating_cut": debtor.rating_cut,
        "debtor.overdue_share": debtor.overdue_share,
        "debtor.evasion": debtor.evasion,
        "debtor.bankrupt": debtor.bankrupt,
        "debtor.group_member_bad": debtor.group_member_bad,
    }


def _debtor(debtor: DebtorStanding, policy: ClassificationPolicy, trace: list[TraceStep]) -> _Looked:
    """What holds of the debtor whatever the share of its bad claims comes to."""
    alone = _table(
        policy.debtor, {**_debtor_facts(debtor), "debtor.bad_share_here": Decimal(0)}, "classification/debtor", []
    )
    house = _table(
        policy.house,
        {
            "monitoring.offtaker_lost": debtor.offtaker_lost,
            "monitoring.cash_below_interest_quarters": debtor.cash_below_interest_quarters,
            "monitoring.missing_server_share": debtor.missing_server_share,
            "monitoring.double_pledge": debtor.double_pledge,
        },
        "classification/house",
        trace,
    )
    return _Looked(alone.floors + house.floors, alone.referred + house.referred, alone.reviews + house.reviews)


def _table(table: TableBody, facts: dict[str, FactValue], step: str, trace: list[TraceStep]) -> _Looked:
    """Every row that is met. A row that only starts a review is no floor."""
    decision = evaluate(table, facts, step)
    trace.extend(decision.trace)
    floors = []
    reviews = []
    for row, outputs in decision.rows:
        name = outputs["class"]
        if name != "normal":
            floors.append(Floor.model_validate({"code": row, "at_best": name}))
        if outputs["review"] is True:
            reviews.append(row)
    return _Looked(floors, list(decision.referred), reviews)


def _bad_share(request: ClassificationRequest, looked: dict[str, _Looked], policy: ClassificationPolicy) -> Decimal:
    """Balance of claims that are bad by themselves over the balance of all."""
    bad = sum(
        (
            claim.balance.amount
            for claim in request.claims
            if policy.risk_class(_worst(looked[claim.key].floors, policy)).bad
        ),
        Decimal(0),
    )
    whole = sum((claim.balance.amount for claim in request.claims), Decimal(0))
    return rounded(bad / whole, RATE_SCALE, Rounding.UP)


def _worst(floors: list[Floor], policy: ClassificationPolicy) -> str:
    return max((floor.at_best for floor in floors), key=policy.rank, default=policy.classes[0].id)


def _concluded(claim: ClaimStanding, found: _Looked, policy: ClassificationPolicy) -> ClaimClass:
    at_best = policy.risk_class(_worst(found.floors, policy))
    return ClaimClass(
        key=claim.key,
        at_best=at_best.id,
        bad=at_best.bad,
        days_past_due=found.days,
        floors=tuple(found.floors),
        provision_floor=Money(
            amount=rounded(claim.balance.amount * at_best.provision, MONEY_SCALE, Rounding.UP),
            currency=claim.balance.currency,
        ),
        undecided=tuple(dict.fromkeys(referral.fact for referral in found.referred)),
    )


def _reasons(claims: tuple[ClaimClass, ...], policy: ClassificationPolicy) -> list[Reason]:
    return [
        Reason(
            code=floor.code,
            message_zh=f"{claim.key}：至多为{policy.risk_class(floor.at_best).title_zh}类",
            message_en=f"{claim.key} is {floor.at_best} at best",
            subject=claim.key,
        )
        for claim in claims
        for floor in claim.floors
    ]


def _reviewed(reviews: dict[str, None]) -> list[Reason]:
    return [
        Reason(
            code=code, message_zh=f"须复核分类（{code}）", message_en=f"The classification is to be reviewed ({code})"
        )
        for code in reviews
    ]


def _absent(looked: dict[str, _Looked]) -> list[Reason]:
    needed: dict[Referral, list[str]] = {}
    for key, found in looked.items():
        for referral in dict.fromkeys(found.referred):
            needed.setdefault(referral, []).append(key)
    return [absent_reason(referral, keys) for referral, keys in needed.items()]
