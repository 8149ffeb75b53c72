"""Any loan, whatever its terms: principal sums to the fen, nothing is negative, and a ledger kept day by day agrees."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.application import RepaymentMethod
from domain.money import yuan
from domain.pricing import Instalment, ScheduleRequest
from domain.repayment import maturity
from services.pricing.calc.conclusion import Inadmissible
from services.pricing.calc.schedule import repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated

DAY = timedelta(days=1)
FEN = st.integers(min_value=1, max_value=10**12)
RATES = st.decimals(min_value=0, max_value="0.24", places=6)


def amount(fen: int) -> Decimal:
    return Decimal(fen) / 100


@st.composite
def profiles(draw: st.DrawFn, method: RepaymentMethod, principal: int, tenor: int) -> dict[str, Any] | None:
    match method:
        case RepaymentMethod.BALLOON:
            return {
                "method": "balloon",
                "share": draw(st.sampled_from(["0.01", "0.3", "0.99"])),
                "rest": draw(st.sampled_from(["annuity", "equal_principal"])),
            }
        case RepaymentMethod.SEASONAL:
            return {"method": "seasonal", "months": sorted(draw(st.sets(st.integers(1, 12), min_size=1)))}
        case RepaymentMethod.STEPPED:
            return {
                "method": "stepped",
                "every": draw(st.integers(1, 13)),
                "growth": draw(st.sampled_from(["-0.5", "-0.01", "0", "0.1", "1"])),
            }
        case RepaymentMethod.CUSTOM:
            first = draw(st.integers(1, principal))
            stated = [{"number": 1, "principal": yuan(amount(first))}]
            if principal > first:
                stated.append({"number": 2, "principal": yuan(amount(principal - first))})
            return {"method": "custom", "instalments": stated}
        case RepaymentMethod.SCULPTED:
            ceilings = draw(st.lists(st.integers(0, 2 * principal), min_size=tenor, max_size=tenor))
            return {"method": "sculpted", "ceilings": [yuan(amount(fen)) for fen in ceilings]}
        case _:
            return None


@st.composite
def loans(
    draw: st.DrawFn, day_counts: tuple[str, ...] = ("act_360", "thirty_360"), most_prepayments: int = 3
) -> dict[str, Any]:
    principal, tenor = draw(FEN), draw(st.integers(1, 60))
    drawn_on = draw(st.dates(date(2024, 1, 1), date(2032, 12, 31)))
    ends = maturity(drawn_on, tenor)
    inside = st.dates(drawn_on + DAY, ends - DAY)
    method = draw(st.sampled_from(RepaymentMethod))
    without_grace = method in (RepaymentMethod.CUSTOM, RepaymentMethod.SCULPTED)
    found: dict[str, Any] = {
        "principal": yuan(amount(principal)),
        "annual_rate": draw(RATES),
        "drawn_on": drawn_on,
        "tenor_months": tenor,
        "method": method,
        "profile": draw(profiles(method, principal, tenor)),
        "grace_months": 0 if without_grace else min(draw(st.integers(0, 24)), tenor - 1),
        "frequency": draw(st.sampled_from(["monthly", "quarterly"])),
        "day_count": draw(st.sampled_from(day_counts)),
        "rate_steps": [
            {"on": on, "annual_rate": draw(RATES)} for on in draw(st.lists(inside, max_size=2, unique=True))
        ],
        "prepayments": [
            {
                "on": on,
                "amount": yuan(amount(draw(st.integers(1, max(1, principal // 2))))),
                "effect": draw(st.sampled_from(["reduce", "shorten"])),
            }
            for on in draw(st.lists(inside, max_size=most_prepayments))
        ],
    }
    later = draw(st.lists(inside, max_size=3))
    if principal > len(later):
        cuts = (
            sorted(draw(st.sets(st.integers(1, principal - 1), min_size=len(later), max_size=len(later))))
            if later
            else []
        )
        parts = [end - begin for begin, end in zip([0, *cuts], [*cuts, principal], strict=True)]
        found["draws"] = [
            {"on": on, "amount": yuan(amount(part))} for on, part in zip([drawn_on, *later], parts, strict=True)
        ]
    return found


def laid_out(terms: dict[str, Any]) -> tuple[ScheduleRequest, tuple[Instalment, ...]]:
    """The plan; examples that no calculation answers (a prepayment of more than is owed) are put aside."""
    request = requests.schedule(book(), **terms)
    try:
        found = repayment_plan(request, book(), dated("calendar.cn", CALENDAR))
    except Inadmissible:
        assume(False)
        raise
    assert found.value is not None
    return request, found.value.instalments


@settings(max_examples=200, deadline=None)
@given(loans())
def test_principal_sums_and_nothing_is_negative(terms: dict[str, Any]) -> None:
    request, rows = laid_out(terms)
    assert sum(row.principal.amount for row in rows) == request.principal.amount
    assert rows[-1].balance == yuan(0)
    balance = request.draws[0].amount.amount if request.draws else request.principal.amount
    balance += sum(draw.amount.amount for draw in request.draws[1:] if draw.on == request.drawn_on)
    for number, row in enumerate(rows, start=1):
        balance += (row.drawn.amount if row.drawn else Decimal(0)) - row.principal.amount
        assert row.number == number
        assert row.principal.amount >= 0
        assert row.interest.amount >= 0
        assert row.balance.amount == balance >= 0
    assert [row.due for row in rows] == sorted(row.due for row in rows)
    scheduled = [row for row in rows if row.kind == "scheduled"]
    assert [row.period_start for row in scheduled[1:]] == [row.period_end + DAY for row in scheduled[:-1]]
    assert len([row for row in rows if row.kind == "prepayment"]) == len(request.prepayments)


@settings(max_examples=120, deadline=None)
@given(loans(day_counts=("act_360",)))
def test_a_ledger_kept_day_by_day_agrees(terms: dict[str, Any]) -> None:
    """What a core banking system does at the end of each day: interest of one day on what is owed, in exact fractions."""
    request, rows = laid_out(terms)
    assert request.annual_rate is not None
    draws = {draw.on: Fraction(0) for draw in request.draws} or {request.drawn_on: Fraction(request.principal.amount)}
    for draw in request.draws:
        draws[draw.on] += Fraction(draw.amount.amount)
    rates = {step.on: Fraction(step.annual_rate) for step in request.rate_steps}
    day, owed, accrued, rate = request.drawn_on, Fraction(0), Fraction(0), Fraction(request.annual_rate)
    for row in rows:
        while day <= row.period_end:
            owed += draws.pop(day, Fraction(0))
            rate = rates.get(day, rate)
            accrued += owed * rate / 360
            day += DAY
        if row.kind == "scheduled":
            assert abs(Fraction(row.interest.amount) - accrued) <= Fraction(1, 200) + Fraction(1, 10**12)
            accrued = Fraction(0)
        else:
            part = accrued * Fraction(row.principal.amount) / owed
            assert abs(Fraction(row.interest.amount) - part) <= Fraction(1, 200) + Fraction(1, 10**12)
            accrued -= Fraction(row.interest.amount)
        owed -= Fraction(row.principal.amount)
    assert owed == 0
    assert not draws


@settings(max_examples=100, deadline=None)
@given(
    principal=st.integers(10**6, 10**12),
    rate=st.decimals(min_value=0, max_value="0.15", places=6),
    tenor=st.integers(6, 60),
    share=st.sampled_from([None, "0.2", "0.6"]),
    at=st.floats(0.05, 0.9),
    event=st.sampled_from(["step", "reduce", "draw"]),
)
def test_a_level_payment_is_level_between_two_events(
    principal: int, rate: Decimal, tenor: int, share: str | None, at: float, event: str
) -> None:
    """Whatever happens to the loan, and on whichever day: no lump is left for the end but the balloon."""
    drawn_on = date(2026, 3, 5)
    on = drawn_on + DAY * max(1, int((maturity(drawn_on, tenor) - drawn_on).days * at))
    terms: dict[str, Any] = {"principal": yuan(amount(principal)), "annual_rate": rate, "drawn_on": drawn_on}
    terms |= {"tenor_months": tenor, "method": "balloon" if share else "annuity"}
    if share:
        terms["profile"] = {"method": "balloon", "share": share}
    if event == "step":
        terms["rate_steps"] = [{"on": on, "annual_rate": rate + Decimal("0.02")}]
    elif event == "reduce":
        terms["prepayments"] = [{"on": on, "amount": yuan(amount(principal // 100)), "effect": "reduce"}]
    else:
        parts = (principal - principal // 3, principal // 3)
        terms["draws"] = [
            {"on": day, "amount": yuan(amount(part))} for day, part in zip((drawn_on, on), parts, strict=True)
        ]
    _, rows = laid_out(terms)
    scheduled = [row for row in rows if row.kind == "scheduled"]
    paid = [row.principal.amount + row.interest.amount for row in scheduled]
    after = [
        amount for amount, row in zip(paid, scheduled, strict=True) if row.period_end >= on and row is not scheduled[-1]
    ]
    assume(len(after) > 1)
    interest_only = [row for row in scheduled[:-1] if not row.principal.amount]
    assume(not interest_only)
    assert len(set(after)) == 1
    if share is None:
        # A fen of rounding in each payment grows with the interest on it.
        assert abs(paid[-1] - after[-1]) <= Decimal("0.02") * len(rows) * (1 + rate * 5)


@settings(max_examples=60, deadline=None)
@given(st.lists(loans(most_prepayments=1), min_size=1, max_size=4))
def test_tranches_together_owe_what_each_owes(tranches: list[dict[str, Any]]) -> None:
    shared = {name: tranches[0][name] for name in ("annual_rate", "drawn_on", "tenor_months", "frequency", "day_count")}
    whole = sum((item["principal"].amount for item in tranches), Decimal(0))
    given = [
        {name: value for name, value in item.items() if name not in ("frequency", "day_count")} | {"key": f"t{place}"}
        for place, item in enumerate(tranches)
    ]
    request, rows = laid_out({**shared, "method": "bullet", "principal": yuan(whole), "tranches": given})
    assert sum(row.principal.amount for row in rows) == whole == request.principal.amount
    assert rows[-1].balance == yuan(0)
    assert all(row.balance.amount >= 0 for row in rows)
    assert [row.period_start for row in rows[1:]] == [row.period_end + DAY for row in rows[:-1]]
    assert [row.period_end for row in rows] == sorted({row.period_end for row in rows})
