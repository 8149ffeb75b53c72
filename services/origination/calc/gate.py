"""The drawing gate (放款审核): whether a utilisation may be paid, how, and the most that might be drawn.

Every rule is looked at, whatever the others say, so that a refusal names everything at once. What is not known refers,
and a drawing that is referred is not paid.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from domain.application import ApplicationContent, PartyRole
from domain.canonical import sha256_of
from domain.facility import PaymentMode
from domain.finding import Finding, FindingValue, ModelRef, Outcome, PolicyRef, Reason, TraceStep, worst
from domain.limit import Exposures
from domain.model import Value
from domain.money import MONEY_SCALE, ZERO, Money, Rate, Rounding, rounded
from domain.reference import LenderBooks
from domain.stages import FacilityStage
from policy.engine import Bundle, FactValue, Product, check_rules, rules_in_force
from services.origination.calc.case_facts import Relationship, application_facts, book_facts, relationship_facts
from services.origination.calc.concentration_facts import concentration_facts
from services.origination.calc.exposures import conversion_of
from services.origination.calc.payment_mode import EarlierPayment, PayeeAsked, payee_facts, payment_mode

MODEL = ModelRef(id="drawing_gate", version="1")
MOMENT = "utilisation"


class SecurityHeld(Value):
    """What an asset carries by its newest valuation."""

    asset_key: str
    cohort: str
    lending_value: Money
    ltv: Rate
    eligible: bool
    valid_until: date


class CapitalPaid(Value):
    """Project capital of a fixed-asset loan; ``None`` is not known."""

    required: Money | None
    paid_in: Money | None


class Screened(Value):
    """The newest screening: when, what it concluded, and what was looked up in it."""

    on: date
    outcome: Outcome
    blacklisted: bool | None
    duplicate_serial: bool | None
    decided: bool = False
    """A referral that says nothing new: people had it before them when they approved the case."""


class DrawingDoubt(Value):
    """A fraud or consistency check of this drawing that failed or refers."""

    check: str
    outcome: Outcome
    message_zh: str
    message_en: str


class GateInputs(Value):
    """All that the gate decides from. The application's content and the bundles are found under their hashes."""

    content_sha256: str
    policy_sha256: str
    current_policy_sha256: str
    pinned_on: date
    as_of: date
    product: str
    lender: LenderBooks
    exposures: Exposures
    """From the books, this facility not counted in."""
    facility_stage: str
    facility_limit: Money
    effective_on: date
    availability_end: date
    amount: Money
    value_date: date
    drawn_before: Money
    """Drawn and reserved by other utilisations."""
    reserved: Money
    """Reserved for this one."""
    payees: tuple[PayeeAsked, ...]
    earlier_payments: tuple[EarlierPayment, ...]
    precedent_open: tuple[str, ...]
    subsequent_breached: tuple[str, ...]
    capital: CapitalPaid | None
    """``None`` where the product asks for no project capital."""
    security: tuple[SecurityHeld, ...]
    unvalued: tuple[str, ...]
    """Assets offered as security that have no valuation."""
    guaranteed: Money
    unsecured: Money | None
    """What the rating class leaves without security; ``None`` without a rating."""
    screened: Screened | None
    relationship: Relationship | None = None
    doubts: tuple[DrawingDoubt, ...] = Field(default=(), exclude_if=lambda doubts: not doubts)
    """What the fraud and consistency checks made before this drawing do not let pass."""
    planned: Money | None = Field(default=None, exclude_if=lambda amount: amount is None)
    """What the agreement's plan of drawings lets be drawn by the value date; ``None`` where it plans none."""
    working_days_waited: int | None = Field(default=None, exclude_if=lambda days: days is None)
    """Working days after the value date up to today; ``None`` where they were not counted."""

    def waited(self) -> int | None:
        """Working days since the value date; none before it."""
        return 0 if self.as_of <= self.value_date else self.working_days_waited


class GateConclusion(FindingValue):
    """What the gate concluded."""

    allowed: bool
    payment_mode: PaymentMode
    maximum: Money
    codes: tuple[str, ...] = ()

    def headline(self) -> str:
        verdict = "allowed" if self.allowed else ", ".join(self.codes)
        return f"{verdict} · {self.payment_mode.value} · ≤ {self.maximum}"


class _Gate:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.reasons: list[Reason] = []
        self.trace: list[TraceStep] = []

    def look(self, code: str, outcome: Outcome, rule: str, zh: str, en: str, **terms: object) -> None:
        self.outcomes.append(outcome)
        inputs = {name: str(term) for name, term in terms.items()}
        self.trace.append(TraceStep(step=f"gate/{code}", rule=rule, inputs=inputs, result=outcome.value))
        if outcome is not Outcome.PASS:
            self.reasons.append(Reason(code=code, message_zh=zh, message_en=en))


def drawing_gate(
    inputs: GateInputs,
    content: ApplicationContent,
    pinned: Bundle,
    current: Bundle,
    *,
    finding_id: UUID,
    made_at: datetime,
) -> Finding[GateConclusion]:
    """Run the gate. ``pinned`` is the case's policy, ``current`` the one in force, whose BLOCK rules apply despite it."""
    gate = _Gate()
    product = pinned.product(inputs.product, inputs.pinned_on)
    policy = pinned.payment(inputs.pinned_on)
    drawn_after = inputs.drawn_before + inputs.amount
    _period(gate, inputs)
    _drawings(gate, inputs, product)
    _planned(gate, inputs, drawn_after)
    capital_maximum = _capital(inputs) if policy.capital_pro_rata else inputs.facility_limit
    _security(gate, inputs, drawn_after)
    rescreened = _rescreened(gate, inputs, pinned)
    for doubt in inputs.doubts:
        gate.look(doubt.check, doubt.outcome, "the check before the drawing passes", doubt.message_zh, doubt.message_en)
    facts: dict[str, FactValue] = {
        **application_facts(content, content.lines[0], product),
        "borrower.blacklisted": inputs.screened.blacklisted if inputs.screened else None,
        "asset.duplicate_serial": inputs.screened.duplicate_serial if inputs.screened else None,
        "utilisation.drawn_after": drawn_after,
        "utilisation.commitment": inputs.facility_limit,
        "utilisation.capital_maximum": capital_maximum,
        "utilisation.precedent_open": len(inputs.precedent_open),
        "utilisation.subsequent_breached": len(inputs.subsequent_breached),
        "utilisation.rescreened": rescreened,
        "utilisation.working_days_waited": inputs.waited(),
        # Up to the gate nobody waits for the borrower: a drawing whose conditions are open is refused, not kept waiting.
        "utilisation.delay_cause": "none",
        **book_facts(
            inputs.facility_limit,
            inputs.exposures,
            inputs.lender,
            conversion_of(product, current, inputs.as_of),
        ),
        **concentration_facts(content, content.lines[0], inputs.exposures, inputs.lender, current, inputs.as_of),
        **relationship_facts(inputs.relationship),
    }
    mode = _mode_and_rules(gate, inputs, content, product, pinned, current, facts)
    outcome = worst(gate.outcomes)
    value = GateConclusion(
        allowed=outcome is Outcome.PASS,
        payment_mode=mode,
        maximum=_maximum(inputs, capital_maximum),
        codes=tuple(dict.fromkeys(_code(reason) for reason in gate.reasons)),
    )
    return Finding[GateConclusion](
        id=finding_id,
        kind="gate",
        outcome=outcome,
        value=value,
        reasons=tuple(gate.reasons),
        trace=tuple(gate.trace),
        inputs_sha256=sha256_of(inputs),
        policy=PolicyRef(id=policy.id, version=policy.version, sha256=pinned.sha256),
        model=MODEL,
        as_of=inputs.as_of,
        made_at=made_at,
    )


def _code(reason: Reason) -> str:
    """An absent fact is told apart by its name: ``FACT_ABSENT:borrower.blacklisted``."""
    return f"{reason.code}:{reason.subject}" if reason.code == "FACT_ABSENT" else reason.code


def _drawings(gate: _Gate, inputs: GateInputs, product: Product) -> None:
    """A loan that is paid out in one sum has no second drawing."""
    if product.drawings != "single":
        return
    gate.look(
        "SINGLE_DRAWING",
        Outcome.FAIL if inputs.drawn_before > ZERO else Outcome.PASS,
        "the product is drawn once",
        f"本产品一次性提款，已支用或占用 {inputs.drawn_before}",
        f"the product is drawn once, and {inputs.drawn_before} is drawn or reserved already",
        drawn_before=inputs.drawn_before,
    )


def _planned(gate: _Gate, inputs: GateInputs, drawn_after: Money) -> None:
    """Where the agreement plans its drawings, no more is drawn than is planned by then."""
    if inputs.planned is None:
        return
    gate.look(
        "DRAWN_AHEAD_OF_PLAN",
        Outcome.PASS if drawn_after <= inputs.planned else Outcome.FAIL,
        "drawn after ≤ Σ drawings planned by the value date",
        f"累计支用 {drawn_after} 超过提款计划至该日的 {inputs.planned}",
        f"{drawn_after} would be drawn, and the plan of drawings has {inputs.planned} by then",
        drawn_after=drawn_after,
        planned=inputs.planned,
    )


def _period(gate: _Gate, inputs: GateInputs) -> None:
    standing = inputs.facility_stage == FacilityStage.EFFECTIVE
    gate.look(
        "FACILITY_NOT_EFFECTIVE",
        Outcome.PASS if standing else Outcome.FAIL,
        "the facility is effective",
        f"授信协议状态为 {inputs.facility_stage}，不能支用",
        f"a facility that is {inputs.facility_stage} cannot be drawn",
        stage=inputs.facility_stage,
    )
    inside = all(inputs.effective_on <= day <= inputs.availability_end for day in (inputs.value_date, inputs.as_of))
    gate.look(
        "AVAILABILITY_PERIOD",
        Outcome.PASS if inside else Outcome.FAIL,
        "effective_on ≤ value date and today ≤ availability_end",
        f"起息日须在提款期 {inputs.effective_on} 至 {inputs.availability_end} 内",
        f"the value date must lie in the availability period {inputs.effective_on} to {inputs.availability_end}",
        value_date=inputs.value_date,
        as_of=inputs.as_of,
    )
    gate.look(
        "COMMITMENT_NOT_RESERVED",
        Outcome.PASS if inputs.reserved == inputs.amount else Outcome.FAIL,
        "reserved = amount",
        "本次支用未占用额度",
        "the commitment is not reserved for this drawing",
        reserved=inputs.reserved,
        amount=inputs.amount,
    )


def _capital(inputs: GateInputs) -> Money | None:
    """Loan and capital are used pro rata: cumulative draw / loan ≤ paid-in capital / required capital."""
    if inputs.capital is None:
        return inputs.facility_limit
    required, paid = inputs.capital.required, inputs.capital.paid_in
    if required is None or paid is None:
        return None
    if required <= ZERO:
        return inputs.facility_limit
    # Multiplied before it is divided: a third of the capital allows a third of the loan to the fen.
    allowed = inputs.facility_limit.amount * paid.amount / required.amount
    return min(inputs.facility_limit, Money(amount=rounded(allowed, MONEY_SCALE, Rounding.DOWN)))


def _security(gate: _Gate, inputs: GateInputs, drawn_after: Money) -> None:
    stale = sorted({f"{held.asset_key}/{held.cohort}" for held in inputs.security if held.valid_until < inputs.as_of})
    gate.look(
        "VALUATION_STALE",
        Outcome.REFER if stale else Outcome.PASS,
        "valid_until ≥ today",
        f"估值已过有效期：{', '.join(stale)}",
        f"valuations have expired: {', '.join(stale)}",
        assets=", ".join(held.asset_key for held in inputs.security),
    )
    if inputs.unvalued or inputs.unsecured is None:
        missing = [*inputs.unvalued, *(["rating"] if inputs.unsecured is None else [])]
        gate.look(
            "SECURITY_UNKNOWN",
            Outcome.REFER,
            "Σ assets + guarantees + unsecured",
            f"担保覆盖无法判定，缺少：{', '.join(missing)}",
            f"the cover cannot be told without: {', '.join(missing)}",
        )
        return
    cover = _cover(inputs)
    gate.look(
        "LTV_EXCEEDED",
        Outcome.PASS if drawn_after <= cover else Outcome.FAIL,
        "drawn after ≤ Σ lending value × LTV + guarantees + unsecured",
        f"累计支用 {drawn_after} 超过担保覆盖 {cover}",
        f"drawn in total {drawn_after} exceeds the cover of {cover}",
        drawn_after=drawn_after,
        cover=cover,
    )


def _cover(inputs: GateInputs) -> Money:
    carried = sum(
        (
            rounded(held.lending_value.amount * held.ltv, MONEY_SCALE, Rounding.DOWN)
            for held in inputs.security
            if held.eligible
        ),
        Decimal(0),
    )
    return Money(amount=carried) + inputs.guaranteed + (inputs.unsecured or ZERO)


def _rescreened(gate: _Gate, inputs: GateInputs, pinned: Bundle) -> bool:
    """Whether a screening not older than policy allows stands; one that failed or was referred does not pass."""
    days = pinned.validity(inputs.pinned_on).screening_days
    fresh = inputs.screened is not None and 0 <= (inputs.as_of - inputs.screened.on).days <= days
    if inputs.screened is not None and fresh:
        outcome = inputs.screened.outcome
        settled = outcome is Outcome.REFER and inputs.screened.decided
        gate.look(
            "SCREENING_NOT_PASSED",
            Outcome.PASS if settled else outcome,
            "the newest screening passed, or refers only what was decided with the case",
            f"支用前筛查结果为 {outcome.value}",
            f"the screening before the drawing concluded: {outcome.value}",
            on=inputs.screened.on,
        )
    return fresh


def _mode_and_rules(
    gate: _Gate,
    inputs: GateInputs,
    content: ApplicationContent,
    product: Product,
    pinned: Bundle,
    current: Bundle,
    facts: dict[str, FactValue],
) -> PaymentMode:
    policy = pinned.payment(inputs.pinned_on)
    decision = payment_mode(
        pinned.table("payment_mode", inputs.pinned_on),
        facts,
        inputs.payees,
        inputs.earlier_payments,
        inputs.as_of,
        policy.same_payee_window_days,
    )
    gate.trace += decision.trace
    for name in decision.referred:
        gate.outcomes.append(Outcome.REFER)
        gate.reasons.append(
            Reason(
                code="FACT_ABSENT",
                message_zh=f"缺少 {name}，支付方式无法判定",
                message_en=f"{name} is absent: the payment mode cannot be decided",
                subject=name,
            )
        )
    rules = rules_in_force(pinned, current, MOMENT, inputs.lender.licence, inputs.pinned_on, inputs.as_of)
    party = content.party(PartyRole.BORROWER)
    borrower = party.uscc if party is not None else None
    seen: set[tuple[str, str]] = set()
    for payee, paid in zip(inputs.payees, decision.payees, strict=True):
        about = facts | payee_facts(payee, paid.total, borrower) | {"payment.mode": decision.mode.value}
        checked = check_rules((*rules, *product.payment_rules), about, f"regulation/{payee.key}")
        gate.trace += checked.trace
        gate.outcomes.append(checked.outcome)
        for reason in checked.reasons:
            # A rule about the whole drawing says the same for every payee; it is told once.
            if (reason.code, reason.message_en) not in seen:
                seen.add((reason.code, reason.message_en))
                gate.reasons.append(reason)
    return decision.mode


def _maximum(inputs: GateInputs, capital_maximum: Money | None) -> Money:
    """The most that could be drawn now, never less than nothing. What is not known allows nothing."""
    if capital_maximum is None or inputs.unsecured is None or inputs.unvalued:
        return ZERO
    ceilings = (inputs.facility_limit, capital_maximum, _cover(inputs), inputs.planned or inputs.facility_limit)
    room = min(ceiling.amount for ceiling in ceilings) - inputs.drawn_before.amount
    return Money(amount=max(room, Decimal(0)))
