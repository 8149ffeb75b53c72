"""The repayment an application asks for: everything wrong is named with its place, and what passes can be laid out on any
day, for any smaller amount and shorter tenor."""

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.application import CreditLineRequest, Repayment, RepaymentMethod
from domain.money import yuan
from domain.pricing import ScheduleRequest
from domain.repayment import RateStep, RepaymentTerms, maturity
from domain.requests.repayment import (
    after_resets,
    drawing_ceilings,
    drawing_terms,
    fitted,
    instalments_at_least,
    plan_terms,
    planned_by,
    whole_months,
)
from policy.engine import Bundle, Product, load_book
from services.origination.calc.repayment_terms import repayment_faults
from services.pricing.calc.schedule import repayment_plan
from tests.pricing import requests
from tests.pricing.vintages import CALENDAR, dated

ON = date(2026, 11, 23)
AVAILABLE = 365


@cache
def book() -> Bundle:
    return load_book(Path(__file__).parents[3] / "policy" / "book")


@cache
def product(name: str) -> Product:
    return book().product(name, ON)


def line(repayment: dict[str, Any], *, amount: int = 12_000_000, tenor: int = 24) -> CreditLineRequest:
    """A line as it comes over the wire."""
    said = {
        "key": "main",
        "product": "jsb_fa",
        "kind": "term",
        "amount": cny(amount),
        "tenor_months": tenor,
        "purpose": "compute_equipment_purchase",
        "repayment": repayment,
    }
    return CreditLineRequest.model_validate_json(json.dumps(said))


def cny(amount: int | str) -> dict[str, str]:
    return {"amount": f"{Decimal(amount):.2f}", "currency": "CNY"}


def faults(repayment: dict[str, Any], of: str = "jsb_fa", **terms: Any) -> dict[str, str]:
    """What is wrong: code by pointer under the repayment."""
    found = repayment_faults(line(repayment, **terms), product(of), ON, AVAILABLE)
    return {item.pointer.removeprefix("/lines/0/repayment"): item.code for item in found}


def stated(*parts: tuple[int, int]) -> dict[str, Any]:
    return {"method": "custom", "instalments": [{"number": n, "principal": cny(amount)} for n, amount in parts]}


def draws(*parts: tuple[int, int]) -> list[dict[str, Any]]:
    return [{"after_months": months, "amount": cny(amount)} for months, amount in parts]


BALLOON = {"method": "balloon", "profile": {"method": "balloon", "share": "0.30"}}
SEASONAL = {"method": "seasonal", "profile": {"method": "seasonal", "months": [6, 12]}}
STEPPED = {"method": "stepped", "profile": {"method": "stepped", "every": 4, "growth": "0.10"}}
CUSTOM = {"method": "custom", "profile": stated((4, 4_000_000), (8, 8_000_000))}
PARTS = {"method": "equal_principal", "draws": draws((0, 5_000_000), (6, 7_000_000))}
TRANCHES = {
    "method": "equal_principal",
    "tranches": [
        {"key": "civil", "principal": cny(8_000_000), "grace_months": 6},
        {"key": "gpu", "principal": cny(4_000_000), "after_months": 3, "tenor_months": 18, **BALLOON},
    ],
}
STEP_UPS = {"method": "annuity", "rate_steps": [{"after_months": 12, "margin_bps": 25}]}
EVERY = [BALLOON, SEASONAL, STEPPED, CUSTOM, PARTS, TRANCHES, STEP_UPS]


@pytest.mark.parametrize("repayment", EVERY)
def test_every_shape_may_be_asked_for(repayment: dict[str, Any]) -> None:
    assert faults(repayment) == {}


@pytest.mark.parametrize(
    ("repayment", "expected"),
    [
        ({"method": "balloon"}, {"/method": "profile_of_another_method"}),
        ({"method": "annuity", "profile": BALLOON["profile"]}, {"/profile": "profile_of_another_method"}),
        ({"method": "annuity", "grace_months": 24}, {"": "grace_covers_tenor"}),
        ({"method": "annuity", "grace_months": 25}, {"": "grace_covers_tenor", "/grace_months": "grace_too_long"}),
        (
            {"method": "seasonal", "profile": {"method": "seasonal", "months": [6, 6]}},
            {"/profile/months": "repeated"},
        ),
        ({**CUSTOM, "profile": stated((4, 1))}, {"/profile/instalments": "sum_not_principal"}),
        (
            {**CUSTOM, "profile": stated((8, 6_000_000), (9, 6_000_000))},
            {"/profile/instalments/1/number": "no_such_instalment"},
        ),
        ({**CUSTOM, "draws": PARTS["draws"]}, {"/draws": "custom_drawn_at_once"}),
        ({**CUSTOM, "grace_months": 3}, {"/grace_months": "grace_in_profile"}),
        ({"method": "annuity", "draws": draws((0, 5_000_000))}, {"/draws": "sum_not_principal"}),
        ({"method": "annuity", "draws": draws((1, 12_000_000))}, {"/draws": "first_draw_elsewhere"}),
        (
            {"method": "annuity", "draws": draws((0, 6_000_000), (13, 6_000_000))},
            {"/draws": "draw_after_availability"},
        ),
        (
            {"method": "annuity", "rate_steps": [{"after_months": 24, "margin_bps": 10}]},
            {"/rate_steps/0/after_months": "date_outside_loan"},
        ),
        (
            {"method": "annuity", "tranches": [{"key": "a", "principal": cny(1)}], "draws": PARTS["draws"]},
            {"/tranches": "sum_not_principal", "/draws": "terms_of_a_tranche"},
        ),
        (
            {"method": "annuity", "tranches": [{"key": "a", "principal": cny(12_000_000), "tenor_months": 25}]},
            {"/tranches/0/tenor_months": "tranche_outlives_line"},
        ),
        ({"method": "sculpted"}, {}),
        (
            {"method": "annuity", "tranches": [{"key": "a", "principal": cny(12_000_000), "method": "sculpted"}]},
            {"/tranches/0/method": "SCULPTED_AS_A_WHOLE"},
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(repayment: dict[str, Any], expected: dict[str, str]) -> None:
    assert faults(repayment) == expected


def test_everything_is_named_at_once() -> None:
    asked = {
        "method": "bullet",
        "grace_months": 30,
        "profile": SEASONAL["profile"],
        "draws": draws((0, 1), (14, 1)),
    }
    assert faults(asked, of="shrcb_adas") == {
        "": "grace_covers_tenor",
        "/grace_months": "grace_too_long",
        "/profile": "profile_of_another_method",
        "/draws": "draw_after_availability",
    }


@pytest.mark.parametrize(
    ("of", "methods"),
    [
        ("sdrcb_operate", {"bullet", "equal_principal", "balloon", "seasonal"}),
        ("shrcb_adas", {"bullet", "equal_principal", "balloon", "stepped", "custom"}),
        ("talent_loan", {"bullet", "equal_principal", "stepped"}),
        ("bocom_qh_green_fa", {"annuity", "equal_principal"}),
    ],
)
def test_a_product_offers_its_methods_and_no_other(of: str, methods: set[str]) -> None:
    shapes = {"annuity": {}, "equal_principal": {}, "bullet": {}, "sculpted": {}} | {
        str(item["method"]): item for item in (BALLOON, SEASONAL, STEPPED, CUSTOM)
    }
    refused = {
        method: faults({"method": method, **shapes[method]}, of=of)
        for method in sorted(RepaymentMethod)
        if method not in methods
    }
    assert all(found == {"/method": "METHOD_NOT_OFFERED"} for found in refused.values()), refused
    assert all(faults({"method": method, **shapes[method]}, of=of) == {} for method in sorted(methods))


def test_a_method_of_a_tranche_is_offered_or_refused_where_it_stands() -> None:
    assert faults(TRANCHES, of="talent_loan") == {"/tranches/1/method": "METHOD_NOT_OFFERED"}
    assert faults(TRANCHES, of="bocom_qh_green_fa") == {
        "/tranches/1/method": "METHOD_NOT_OFFERED",
        "/tranches": "DRAWINGS_NOT_OFFERED",
    }


def test_an_application_from_before_these_terms_keeps_its_bytes() -> None:
    old = '{"method":"annuity","grace_months":0,"frequency":"quarterly"}'
    assert Repayment.model_validate_json(old).model_dump_json() == old


# --- what is granted --------------------------------------------------------------------------------------------------


def test_stated_amounts_shrink_with_the_loan_and_the_last_takes_the_rest() -> None:
    granted = fitted(
        line({**CUSTOM, "profile": stated((2, 4_000_000), (4, 4_000_000), (8, 4_000_000))}), yuan(10_000_000), 24
    )
    assert granted.profile is not None
    said = granted.profile.model_dump(mode="json")["instalments"]
    assert [item["principal"]["amount"] for item in said] == ["3333333.33", "3333333.33", "3333333.34"]


def test_what_was_due_after_a_shorter_end_is_due_at_the_end() -> None:
    granted = fitted(line(CUSTOM), yuan(12_000_000), 15)
    assert granted.profile is not None
    assert granted.profile.model_dump(mode="json")["instalments"] == [
        {"number": 4, "principal": cny(4_000_000)},
        {"number": 5, "principal": cny(8_000_000)},
    ]


def test_a_step_of_the_rate_adds_to_the_rate_that_is_quoted() -> None:
    terms = plan_terms(line(STEP_UPS).repayment, yuan(12_000_000), 24, Decimal("0.0350"), date(2026, 12, 1))
    assert RepaymentTerms.model_validate(terms).model_dump(mode="json")["rate_steps"] == [
        {"on": "2027-12-01", "annual_rate": "0.03750000"}
    ]


def test_a_tranche_that_is_drawn_later_ends_with_its_own_months() -> None:
    terms = RepaymentTerms.model_validate(plan_terms(line(TRANCHES).repayment, yuan(12_000_000), 24, None, ON))
    civil, gpu = terms.loans()
    assert (civil.drawn_on, civil.tenor_months, civil.grace_months) == (ON, 24, 6)
    assert (gpu.drawn_on, gpu.tenor_months, gpu.method) == (date(2027, 2, 23), 18, RepaymentMethod.BALLOON)


SHARES = st.lists(st.integers(1, 30), min_size=1, max_size=4)


def _parts(whole: int, shares: list[int]) -> list[int]:
    parts = [whole * share // sum(shares) for share in shares]
    return [*parts[:-1], whole - sum(parts[:-1])]


@st.composite
def _terms(draw: st.DrawFn, amount: int, tenor: int, *, tranche: bool) -> dict[str, Any]:
    method = draw(st.sampled_from(["annuity", "equal_principal", "bullet", "balloon", "seasonal", "stepped", "custom"]))
    asked: dict[str, Any] = {"method": method}
    match method:
        case "balloon":
            rest = draw(st.sampled_from(["annuity", "equal_principal"]))
            asked["profile"] = {"method": method, "share": draw(st.sampled_from(["0.05", "0.95"])), "rest": rest}
        case "seasonal":
            asked["profile"] = {"method": method, "months": sorted(draw(st.sets(st.integers(1, 12), min_size=1)))}
        case "stepped":
            every, growth = draw(st.integers(1, 5)), draw(st.sampled_from(["-0.50", "1"]))
            asked["profile"] = {"method": method, "every": every, "growth": growth}
        case "custom":
            last = instalments_at_least(tenor, "quarterly")
            numbers = sorted(draw(st.sets(st.integers(1, last), min_size=1, max_size=4)))
            asked["profile"] = stated(*zip(numbers, _parts(amount, [1] * len(numbers)), strict=True))
    if method != "custom":
        asked["grace_months"] = draw(st.integers(0, min(tenor - 1, 24)))
        if draw(st.booleans()):
            months = sorted(draw(st.sets(st.integers(0, min(tenor - 1, 9)), min_size=1, max_size=4)) | {0})
            asked["draws"] = draws(*zip(months, _parts(amount, [1] * len(months)), strict=True))
    if tenor > 1:
        steps = draw(st.sets(st.integers(1, tenor - 1), max_size=3))
        asked["rate_steps"] = [{"after_months": month, "margin_bps": 10 + month} for month in sorted(steps)]
    return asked


@st.composite
def lines(draw: st.DrawFn) -> CreditLineRequest:
    amount, tenor = draw(st.integers(1000, 20_000_000)), draw(st.integers(1, 60))
    if draw(st.booleans()):
        return line(draw(_terms(amount, tenor, tranche=False)), amount=amount, tenor=tenor)
    tranches = []
    for index, part in enumerate(_parts(amount, draw(SHARES))):
        after = draw(st.integers(0, min(tenor - 1, 3)))
        own = draw(st.integers(1, tenor - after))
        terms = draw(_terms(part, own, tranche=True))
        said = {
            "key": f"t{index}",
            "principal": cny(part),
            "after_months": after,
            "tenor_months": own,
            "grace_months": 0,
        }
        tranches.append(said | terms)
    return line({"method": "annuity", "tranches": tranches}, amount=amount, tenor=tenor)


@settings(deadline=None, max_examples=150)
@given(asked=lines(), share=st.integers(1, 100), shorter=st.integers(0, 59), day=st.dates(ON, date(2028, 3, 31)))
def test_what_may_be_asked_for_can_be_laid_out_however_much_is_granted(
    asked: CreditLineRequest, share: int, shorter: int, day: date
) -> None:
    offers_all = product("jsb_fa").model_copy(update={"repayment_methods": tuple(RepaymentMethod)})
    assert list(repayment_faults(asked, offers_all, ON, AVAILABLE)) == []
    amount, tenor = yuan(asked.amount.amount * share / 100), max(asked.tenor_months - shorter, 1)
    terms = plan_terms(fitted(asked, amount, tenor), amount, tenor, Decimal("0.0351"), day)
    request = ScheduleRequest.model_validate(
        requests.common(book()) | {"product": "jsb_fa", "lender_id": "jsb", "as_of": day} | terms
    )
    plan = repayment_plan(request, book(), dated("calendar.cn", CALENDAR)).value
    assert plan is not None
    assert sum(item.principal.amount for item in plan.instalments) == amount.amount
    assert all(item.principal.amount >= 0 for item in plan.instalments)


# --- one drawing of an agreement --------------------------------------------------------------------------------------

BEGAN, ENDS = date(2026, 12, 1), date(2028, 12, 1)


def drawing(repayment: dict[str, Any], amount: int, drawn_on: date) -> RepaymentTerms:
    agreed = line(repayment).repayment
    terms = drawing_terms(
        agreed,
        yuan(12_000_000),
        24,
        Decimal("0.0350"),
        began=BEGAN,
        ends=ENDS,
        amount=yuan(amount),
        drawn_on=drawn_on,
    )
    return RepaymentTerms.model_validate(terms)


def test_a_drawing_ends_with_the_agreement_and_has_what_is_left_of_its_grace() -> None:
    asked = {"method": "seasonal", "grace_months": 6, "profile": SEASONAL["profile"], "draws": PARTS["draws"]}
    first = drawing(asked, 5_000_000, date(2026, 12, 10))
    assert (first.principal, first.tenor_months, first.grace_months) == (yuan(5_000_000), 23, 6)
    later = drawing(asked, 7_000_000, date(2027, 6, 1))
    assert (later.tenor_months, later.grace_months, later.draws) == (18, 0, ())
    assert later.profile == first.profile


def test_a_drawing_bears_the_rate_that_the_steps_have_come_to() -> None:
    stepping = {"method": "annuity", "rate_steps": [{"after_months": m, "margin_bps": 10 * m} for m in (3, 9)]}
    later = drawing(stepping, 2_000_000, date(2027, 4, 1))
    assert later.annual_rate == Decimal("0.0380")
    assert later.model_dump(mode="json")["rate_steps"] == [{"on": "2027-09-01", "annual_rate": "0.04400000"}]


def test_a_drawing_takes_its_share_of_every_tranche() -> None:
    half = drawing(TRANCHES, 6_000_000, date(2026, 12, 1))
    assert [(item.key, item.principal, item.tenor_months) for item in half.tranches] == [
        ("civil", yuan(4_000_000), 24),
        ("gpu", yuan(2_000_000), 18),
    ]


def test_a_tranche_that_has_ended_takes_no_part_in_a_later_drawing() -> None:
    short = {"key": "bridge", "principal": cny(3_000_000), "tenor_months": 6}
    asked = {"method": "annuity", "tranches": [short, {"key": "rest", "principal": cny(9_000_000)}]}
    late = drawing(asked, 12_000_000, date(2027, 7, 1))
    assert [(item.key, item.principal) for item in late.tranches] == [("rest", yuan(12_000_000))]
    ended = {"method": "balloon", "tranches": [{**short, "principal": cny(12_000_000), "profile": BALLOON["profile"]}]}
    assert [(item.key, item.tenor_months) for item in drawing(ended, 1_000_000, date(2027, 7, 1)).tranches] == [
        ("bridge", 1)
    ]


def test_stated_instalments_shrink_with_the_drawing() -> None:
    part = drawing(CUSTOM, 6_000_000, date(2026, 12, 1))
    assert part.profile is not None
    assert part.profile.model_dump(mode="json")["instalments"] == stated((4, 2_000_000), (8, 4_000_000))["instalments"]


@pytest.mark.parametrize(
    ("repayment", "on", "planned"),
    [
        (PARTS, date(2027, 5, 31), 5_000_000),
        (PARTS, date(2027, 6, 1), 12_000_000),
        (TRANCHES, date(2026, 12, 1), 8_000_000),
        (TRANCHES, date(2027, 3, 1), 12_000_000),
        (BALLOON, date(2026, 12, 1), None),
    ],
)
def test_a_plan_of_drawings_says_how_much_by_when(repayment: dict[str, Any], on: date, planned: int | None) -> None:
    assert planned_by(line(repayment).repayment, BEGAN, on) == (None if planned is None else yuan(planned))


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 12, 1), date(2027, 1, 1), 1),
        (date(2026, 12, 2), date(2027, 1, 1), 0),
        (date(2026, 12, 31), date(2027, 2, 28), 2),
        (date(2027, 1, 2), date(2026, 12, 1), 0),
    ],
)
def test_months_are_whole(start: date, end: date, months: int) -> None:
    assert whole_months(start, end) == months


@settings(deadline=None, max_examples=150)
@given(asked=lines(), share=st.integers(1, 100), days=st.integers(0, 365), late=st.integers(0, 31))
def test_every_drawing_of_what_was_asked_for_can_be_laid_out(
    asked: CreditLineRequest, share: int, days: int, late: int
) -> None:
    ends = maturity(ON, asked.tenor_months)
    day = min(ON + timedelta(days=days), ends - timedelta(days=late))
    amount = yuan(asked.amount.amount * share / 100)
    terms = drawing_terms(
        asked.repayment,
        asked.amount,
        asked.tenor_months,
        Decimal("0.0351"),
        began=ON,
        ends=ends,
        amount=amount,
        drawn_on=max(day, ON),
    )
    request = ScheduleRequest.model_validate(
        requests.common(book()) | {"product": "jsb_fa", "lender_id": "jsb", "as_of": ON} | terms
    )
    plan = repayment_plan(request, book(), dated("calendar.cn", CALENDAR)).value
    assert plan is not None
    assert sum(item.principal.amount for item in plan.instalments) == amount.amount


def test_a_reset_of_the_margin_moves_every_rate_from_its_day_on() -> None:
    agreed = Repayment.model_validate(
        {"method": "annuity", "frequency": "quarterly", "rate_steps": [{"after_months": 12, "margin_bps": 50}]}
    )
    terms = plan_terms(agreed, yuan(9_000_000), 24, Decimal("0.0400"), ON)
    resets = [
        RateStep(on=ON - timedelta(days=1), annual_rate=Decimal("0.0390")),
        RateStep(on=maturity(ON, 6), annual_rate=Decimal("0.0385")),
        RateStep(on=maturity(ON, 18), annual_rate=Decimal("0.0400")),
        RateStep(on=maturity(ON, 24), annual_rate=Decimal("0.0300")),
    ]
    moved = RepaymentTerms.model_validate(after_resets(terms, Decimal("0.0400"), resets))
    assert moved.annual_rate == Decimal("0.0390")
    assert [(step.on, step.annual_rate) for step in moved.rate_steps] == [
        (maturity(ON, 6), Decimal("0.0385")),
        (maturity(ON, 12), Decimal("0.0435")),
        (maturity(ON, 18), Decimal("0.0450")),
    ]


def test_a_reset_moves_each_tranche_and_none_moves_nothing() -> None:
    agreed = Repayment.model_validate(
        {
            "method": "annuity",
            "frequency": "quarterly",
            "tranches": [
                {"key": "a", "principal": yuan(4_000_000).model_dump(mode="json"), "method": "annuity"},
                {
                    "key": "b",
                    "principal": yuan(5_000_000).model_dump(mode="json"),
                    "method": "bullet",
                    "after_months": 6,
                },
            ],
        }
    )
    terms = plan_terms(agreed, yuan(9_000_000), 24, Decimal("0.0400"), ON)
    assert after_resets(terms, Decimal("0.0400"), []) == {**terms, "tranches": _with_rate(terms, "0.0400")}
    reset = RateStep(on=maturity(ON, 3), annual_rate=Decimal("0.0410"))
    moved = RepaymentTerms.model_validate(after_resets(terms, Decimal("0.0400"), [reset]))
    early, late = moved.loans()
    assert (early.annual_rate, early.rate_steps) == (Decimal("0.0400"), (reset,))
    assert (late.annual_rate, late.rate_steps) == (Decimal("0.0410"), ())


def _with_rate(terms: dict[str, Any], rate: str) -> tuple[dict[str, Any], ...]:
    return tuple({**tranche, "annual_rate": Decimal(rate)} for tranche in terms["tranches"])


def test_a_drawing_has_its_share_of_what_is_carried_from_its_month_on() -> None:
    carried = [yuan(amount) for amount in (9_000_000, 6_000_001, 3_000_000, 0)]
    assert drawing_ceilings(carried, yuan(9_000_000), yuan(9_000_000), passed=0, months=3) == tuple(carried)
    assert drawing_ceilings(carried, yuan(9_000_000), yuan(3_000_000), passed=1, months=4) == (
        yuan("2000000.33"),
        yuan("1000000.00"),
        yuan("0.00"),
        yuan("0.00"),
        yuan("0.00"),
    )
    assert drawing_ceilings((), yuan(9_000_000), yuan(1_000_000), passed=0, months=1) == (yuan("0.00"), yuan("0.00"))
