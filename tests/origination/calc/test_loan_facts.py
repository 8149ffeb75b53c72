"""What the rules on loans and leases are asked with: read out of an application, its limit and the lender's books."""

from decimal import Decimal
from typing import Any

import pytest

from domain.application import ApplicationContent
from domain.facts import FactState
from domain.identity import legal_form
from domain.limit import Cap, CapName, Exposures, Limit, ProjectCapital
from domain.money import yuan
from domain.reference import LenderBooks, LessorRatios
from policy.engine import Bundle, check_rules
from services.origination.calc.case_facts import application_facts
from services.origination.calc.loan_facts import concluded_facts, loan_facts, repaid_in_instalments
from tests.origination.calc.test_checks import application
from tests.origination.sample import TODAY
from tests.shipped import shipped_book


def said(**sections: Any) -> dict[str, Any]:
    """The facts of the sample application with some sections changed."""
    body = application().model_dump(mode="json")
    content = ApplicationContent.model_validate({**body, **sections})
    return loan_facts(content, content.lines[0])


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("91110000600037341L", "enterprise"),
        ("92", "individual_business"),
        ("93", "farmers_cooperative"),
        ("12", "public_institution"),
        ("52", "social_organisation"),
        ("11", "other"),
        ("A1", "other"),
    ],
)
def test_a_credit_code_tells_the_legal_form(code: str, form: str) -> None:
    assert legal_form(code) == form


def test_an_ordinary_project_loan() -> None:
    facts = said()
    assert facts["borrower.legal_form"] == "enterprise"
    assert facts["loan.kind"] == "term"
    assert facts["loan.finances_fixed_assets"] is True
    assert facts["loan.instalments"] is True
    assert facts["loan.lpr_tenor"] is FactState.NOT_APPLICABLE
    assert facts["project.bond_capital"] is False
    assert facts["process.site_visited"] is None
    assert "lease.form" not in facts
    assert "merger.kind" not in facts


def test_fixed_assets_are_told_by_uses_and_by_assets_to_be_bought() -> None:
    working = [{"use_class": "working_capital", "amount": {"amount": "1.00", "currency": "CNY"}}]
    assert said(uses=working)["loan.finances_fixed_assets"] is True, "servers are still bought"
    assert said(uses=working, assets=[])["loan.finances_fixed_assets"] is False
    assert said(uses=[], assets=[])["loan.finances_fixed_assets"] is None, "a draft that has not said is not refused"


@pytest.mark.parametrize(
    ("fees", "payer", "commissioned"),
    [
        ([], FactState.NOT_APPLICABLE, None),
        ([("押品评估费", "lender", None)], "lender", None),
        ([("押品评估费", "borrower", "lender")], "borrower", "lender"),
        ([("押品评估费", "borrower", None)], "borrower", None),
        ([("担保费", "borrower", None)], FactState.NOT_APPLICABLE, None),
        ([("评估费", "lender", None), ("二次评估费", "borrower", "lender")], "borrower", "lender"),
    ],
)
def test_who_pays_the_appraisal(fees: list[Any], payer: object, commissioned: str | None) -> None:
    listed = [
        {"name": name, "amount": {"amount": "80000.00", "currency": "CNY"}, "payer": by, "commissioned_by": ordered}
        for name, by, ordered in fees
    ]
    facts = said(price={"fees": listed})
    assert facts["fees.appraisal_payer"] == payer
    assert facts.get("fees.appraisal_commissioned_by") == commissioned
    assert "fees.appraisal_payer" not in said(price={})


@pytest.mark.parametrize(
    ("repayment", "parts"),
    [
        ({"method": "bullet"}, False),
        ({"method": "annuity"}, True),
        ({"method": "seasonal", "profile": {"method": "seasonal", "months": [6, 12]}}, True),
        (
            {
                "method": "custom",
                "profile": {
                    "method": "custom",
                    "instalments": [{"number": 4, "principal": {"amount": "5.00", "currency": "CNY"}}],
                },
            },
            False,
        ),
    ],
)
def test_principal_repaid_before_maturity(repayment: dict[str, Any], parts: bool) -> None:
    line = application().lines[0].model_dump(mode="json")
    content = said(lines=[{**line, "repayment": repayment}])
    assert content["loan.instalments"] is parts


def test_every_part_that_lives_for_more_than_a_year_is_repaid_in_parts() -> None:
    money = {"amount": "20000000.00", "currency": "CNY"}
    line = application().lines[0]

    def asked(*tranches: dict[str, Any]) -> bool:
        body = {**line.model_dump(mode="json"), "repayment": {"method": "annuity", "tranches": list(tranches)}}
        return repaid_in_instalments(type(line).model_validate(body).repayment)

    long, short = {"key": "a", "principal": money}, {"key": "b", "principal": money, "tenor_months": 12}
    assert asked(long, {**short, "method": "bullet"})
    assert not asked({**long, "method": "bullet"}, short)


def test_a_lease_is_priced_on_its_purchase_price_else_on_the_makers() -> None:
    lease = {"form": "direct", "holder": "spv", "asset_class": "compute_center"}
    price = {"value": {"amount": "5.00", "currency": "CNY"}}
    assert said(lease={**lease, "guide_price": price})["lease.reference_price"].value == yuan(5)
    both = said(
        lease={**lease, "purchase_price": {"value": {"amount": "4.00", "currency": "CNY"}}, "guide_price": price}
    )
    assert both["lease.reference_price"].value == yuan(4)
    assert both["lease.amount"] == application().lines[0].amount
    assert said(lease=lease)["lease.reference_price"] is None


def test_shares_of_a_deal_are_rounded_against_the_borrower() -> None:
    """40m of 57,142,857.15: a hair below 70 %, which is what it comes to; of a fen less it is above."""

    def share(price: str) -> Any:
        deal = {"kind": "control", "price": {"value": {"amount": price, "currency": "CNY"}}}
        return said(acquisition=deal)["merger.share"]

    assert share("57142857.15") <= Decimal("0.70")
    assert share("57142857.14") > Decimal("0.70")
    unknown = said(acquisition={"kind": "control", "price": {"state": "unknown"}})["merger.share"]
    assert unknown.state == "unknown"


def limit(eligible: int | None, required: int, need: int | None) -> Limit:
    return Limit(
        asked=yuan(1),
        limit=yuan(1),
        tenor_months=12,
        caps=(Cap(name=CapName.NEED, amount=None if need is None else yuan(need)),),
        binding=None,
        project_capital=ProjectCapital(
            required=yuan(required),
            eligible=None if eligible is None else yuan(eligible),
            short=None,
            paid_in=None,
            drawable=None,
        ),
    )


BOOK: Bundle = shipped_book()


def concluded(value: Limit | None, lender: LenderBooks | None = None) -> dict[str, Any]:
    books = lender or bank()
    return concluded_facts(application(), BOOK.product("nxb_project_loan", TODAY), value, stake(books), books)


def stake(books: LenderBooks) -> Exposures:
    return Exposures(
        customer_loans=yuan(0),
        customer_exposure=yuan(10_000_000),
        group_exposure=yuan(0),
        net_capital=books.net_capital,
        tier1_capital=books.tier1_capital,
    )


def bank(**fields: Any) -> LenderBooks:
    plain: dict[str, Any] = {
        "lender_id": "nxb",
        "name": "宁夏银行",
        "licence": "city_bank",
        "region": "640000",
        "capital_method": "standardised",
        "net_capital": yuan(200_000_000),
        "tier1_capital": yuan(150_000_000),
        "tax_rate": Decimal("0.25"),
    }
    return LenderBooks(**{**plain, **fields})


def test_the_capitals_share_is_of_the_reconciled_investment() -> None:
    """66.0m are 20 % of 330m; 55.0m of them are a sixth of it."""
    assert concluded(limit(66_000_000, 66_000_000, 1))["project.capital_share"] == Decimal("0.20")
    assert concluded(limit(55_000_000, 66_000_000, 1))["project.capital_share"] == Decimal("0.16666666")
    assert "project.capital_share" not in concluded(limit(None, 66_000_000, 1))
    assert "project.capital_share" not in concluded(None)


def test_the_need_is_measured_where_its_cap_could_be_formed() -> None:
    assert concluded(limit(1, 1, 5))["loan.need_measured"] is True
    assert concluded(limit(1, 1, None))["loan.need_measured"] is False
    assert concluded(None)["loan.need_measured"] is None


def test_a_lessors_ratios_come_from_its_books_and_are_never_guessed() -> None:
    ratios = LessorRatios(registered_capital=yuan(1_000_000_000), leverage_ratio=Decimal("0.09"))
    facts = concluded(None, bank(licence="finance_lease", lessor=ratios))
    assert facts["lender.lessor_capital"] == yuan(1_000_000_000)
    assert facts["lender.leverage_ratio"] == Decimal("0.09")
    assert facts["lender.provision_cover"] is None
    # 40m asked for and 10m there already, of 200m.
    assert facts["exposure.related_customer_share"] == Decimal("0.25")
    assert "lender.leverage_ratio" not in concluded(None)


@pytest.mark.parametrize(
    ("asked", "cut", "evidence", "breached"),
    [
        (60, 36, False, False),
        (60, 60, False, True),
        (84, 60, True, False),
        (36, 36, False, False),
        (24, 36, False, False),
    ],
)
def test_a2_a11_approval_is_held_to_the_tenor_that_would_be_offered(
    asked: int, cut: int, evidence: bool, breached: bool
) -> None:
    """A2: 60 months without a long cycle are cut to 36, and not refused for having been asked; A11: 84 are cut to 60."""
    body = application()
    content = body.model_copy(update={"lines": (body.lines[0].model_copy(update={"tenor_months": asked}),)})
    product = BOOK.product("jsb_wc", TODAY)
    measured = limit(None, 1, 1).model_copy(update={"tenor_months": cut})
    facts = application_facts(content, content.lines[0], product)
    facts |= concluded_facts(content, product, measured, stake(bank()), bank())
    facts["loan.long_cycle_evidence"] = evidence
    rules = [rule for rule in BOOK.regulations("approval", "city_bank", TODAY) if rule.id == "WC_TENOR"]
    assert facts["loan.tenor_months"] == min(asked, cut)
    assert bool(check_rules(rules, facts).breaches) is breached


def test_a_tenor_that_no_limit_has_cut_is_the_one_asked_for() -> None:
    assert "loan.tenor_months" not in concluded(None)
