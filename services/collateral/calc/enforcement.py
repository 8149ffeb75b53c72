"""Division of the proceeds of an asset among those with a right in it, the surplus to its owner (民法典 §§410, 413).

Costs first (§389), then rank by rank as ``perfection.ranks`` has it; claims of one rank share in proportion, to the fen.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from domain.canonical import sha256_of
from domain.enforcement import ClaimShare, ProceedsDivision, ProceedsRequest, SecuredClaim
from domain.finding import Finding, ModelRef, Outcome, Reason, TraceStep
from domain.money import Money
from services.collateral.calc.perfection import Interest, ranks

MODEL: Final = ModelRef(id="proceeds_division", version="1")
_FEN: Final = Decimal("0.01")


def divide(request: ProceedsRequest, *, finding_id: UUID, made_at: datetime) -> Finding[ProceedsDivision]:
    """Divide. An agreed price below the market's, or beside a market nobody asked, refers: other creditors may have it undone."""
    found = ranks(
        [
            Interest(claim.key, claim.registered_on, claim.purchase_money, possessory=claim.possessory)
            for claim in request.claims
        ]
    )
    left = request.proceeds.amount
    costs = min(request.costs.amount, left)
    left -= costs
    trace = [_step("costs", left, proceeds=request.proceeds, costs=request.costs)]
    shares: list[ClaimShare] = []
    for rank in sorted({item.rank for item in found.values()}):
        claims = [claim for claim in request.claims if found[claim.key].rank == rank]
        received = _in_proportion(left, claims)
        left -= sum(received, Decimal(0))
        trace.append(_step(f"rank/{rank}", left, claims=", ".join(claim.key for claim in claims)))
        shares.extend(
            ClaimShare(
                key=claim.key,
                rank=rank,
                article=found[claim.key].article,
                receives=Money(amount=amount),
                short=Money(amount=claim.amount.amount - amount),
            )
            for claim, amount in zip(claims, received, strict=True)
        )
    reasons = _price_reasons(request)
    return Finding[ProceedsDivision](
        id=finding_id,
        kind="proceeds_division",
        outcome=Outcome.REFER if reasons else Outcome.PASS,
        value=ProceedsDivision(
            costs_paid=Money(amount=costs),
            shares=tuple(shares),
            surplus=Money(amount=left),
            short=Money(amount=sum((share.short.amount for share in shares), Decimal(0))),
        ),
        reasons=reasons,
        trace=tuple(trace),
        inputs_sha256=sha256_of(request),
        model=MODEL,
        as_of=request.as_of,
        made_at=made_at,
    )


def _in_proportion(available: Decimal, claims: Sequence[SecuredClaim]) -> list[Decimal]:
    """What claims of one rank receive: all of it, or shares cut to the fen, the fen left over to the largest remainders."""
    owed = [claim.amount.amount for claim in claims]
    if sum(owed, Decimal(0)) <= available:
        return owed
    fen, debts = _fen(available), [_fen(amount) for amount in owed]
    whole = sum(debts)
    shares = [fen * debt // whole for debt in debts]
    spare = fen - sum(shares)
    for index in sorted(range(len(debts)), key=lambda index: -(fen * debts[index] % whole))[:spare]:
        shares[index] += 1
    return [Decimal(share) * _FEN for share in shares]


def _fen(amount: Decimal) -> int:
    return int(amount / _FEN)


def _price_reasons(request: ProceedsRequest) -> tuple[Reason, ...]:
    if request.sold_by != "agreement":
        return ()
    if request.market_price is None:
        return (
            Reason(
                code="MARKET_PRICE_UNKNOWN",
                message_zh="协议折价未参照市场价格",
                message_en="the price was agreed and the market price is not known",
                subject="market_price",
            ),
        )
    if request.proceeds < request.market_price:
        return (
            Reason(
                code="AGREED_BELOW_MARKET",
                message_zh=f"协议价 {request.proceeds} 低于市场价 {request.market_price}，其他债权人可请求撤销",
                message_en=f"the agreed price of {request.proceeds} is below the market's {request.market_price}",
                subject="proceeds",
            ),
        )
    return ()


def _step(name: str, left: Decimal, **inputs: object) -> TraceStep:
    return TraceStep(
        step=f"proceeds/{name}",
        rule="what is left after it",
        inputs={key: str(value) for key, value in inputs.items()},
        result=str(left),
    )
