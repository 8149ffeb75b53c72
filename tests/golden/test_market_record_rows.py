"""Market records (§1A deals, §1B figures, §1E) as printed, by row id. The figures are those of the domain paper."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.compute_capacity import DifferentBasis
from domain.printed_figures import FigureForm, read_printed
from policy.engine import Bundle, Deal, MarketFigure, added, deal_sums

ON = date(2026, 11, 22)
D = Decimal
BILLION = D(10) ** 9


def figure(bundle: Bundle, name: str) -> MarketFigure:
    [found] = [item for file in bundle.market_records(ON) for item in file.figures if item.id == name]
    return found


def deal(bundle: Bundle, name: str) -> Deal:
    [found] = [item for file in bundle.market_records(ON) for item in file.deals if item.id == name]
    return found


def parts(item: Any) -> tuple[Any, ...]:
    return item.value, item.at_least, item.below, item.at_most


# --- printed figures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "printed", "expected"),
    [
        ("a37", "3,499.99亿", {"form": "exact", "value": "349999000000"}),
        ("a37", "2.28万套", {"form": "exact", "value": "22800"}),
        ("m4", "9574.57亿", {"form": "exact", "value": "957457000000"}),
        ("b11", "600.6亿", {"form": "exact", "value": "60060000000"}),
        ("m6", "3.6‰", {"form": "exact", "value": "0.0036"}),
        ("m6", "1.7‰", {"form": "exact", "value": "0.0017"}),
        ("m7", "13.44万亿", {"form": "exact", "value": "13440000000000"}),
        ("m7", "30.74%", {"form": "exact", "value": "0.3074"}),
        ("m8", "15.7％", {"form": "exact", "value": "0.157"}),
        ("m8", "５０００亿美元", {"form": "exact", "value": "500000000000"}),
        ("a27", "千万元级", {"form": "level", "at_least": "10000000", "below": "100000000"}),
        ("a27", "亿元级别", {"form": "level", "at_least": "100000000", "below": "1000000000"}),
        ("a21", "1.5亿—2亿", {"form": "span", "at_least": "150000000", "at_most": "200000000"}),
        ("a21", "1.5—2亿元", {"form": "span", "at_least": "150000000", "at_most": "200000000"}),
        ("a22", "超10亿", {"form": "floor", "at_least": "1000000000"}),
        ("a17", "1000亿以上", {"form": "floor", "at_least": "100000000000"}),
        ("a36", "近1000亿", {"form": "ceiling", "at_most": "100000000000"}),
        ("a29", "约10.8亿", {"form": "about", "value": "1080000000"}),
        ("a33", "20余种", {"form": "text"}),
        ("a33", "数亿元", {"form": "text"}),
        ("a37", "3,49亿", {"form": "text"}),
        ("a37", "", {"form": "text"}),
    ],
)
def test_printed_figures_are_read_and_never_improved(row: str, printed: str, expected: dict[str, str]) -> None:
    assert read_printed(printed).model_dump(mode="json", exclude_none=True) == expected


@pytest.mark.parametrize("printed", ["9" * 61, "1" * 25, "0.12345678901"])
def test_what_is_too_long_for_a_figure_is_refused(printed: str) -> None:
    with pytest.raises(ValueError, match="at most"):
        read_printed(printed)


# --- deals ------------------------------------------------------------------------------------------------------------

DEALS: Mapping[str, tuple[str | None, str, str | None, tuple[Any, ...], str]] = {
    # product, what it stands for, amount as printed, its parts, the day
    "jsb_2025q1_signing": ("jsb_compute", "intentions", "10亿", (BILLION, None, None, None), "2025-03-28"),
    "sdrcb_first": ("sdrcb_operate", "loan", None, (), "2025-04 近日"),
    "icbc_buyback": (None, "loan", "1.5亿—2亿", (None, D(150_000_000), None, D(200_000_000)), "2024-09"),
    "bob_apg": (None, "guarantee", "超10亿", (None, BILLION, None, None), ""),
    "bob_sjz": (None, "loan", "1亿", (D(100_000_000), None, None, None), ""),
    "nxb_xiyun": ("nxb_project_loan", "loan", "2.8亿", (D(280_000_000), None, None, None), ""),
    "cib_st": (None, "loan", "2.33亿", (D(233_000_000), None, None, None), "2025-01"),
    "bocom_qh": ("bocom_qh_green_fa", "loan", "5560万", (D(55_600_000), None, None, None), "2025-03中旬"),
    "icbc_tongfu": (None, "loan", "千万元级", (None, D(10_000_000), D(100_000_000), None), "2025-03中旬"),
    "citic_lease": (None, "lease", "2.9亿", (D(290_000_000), None, None, None), "2024H1"),
    "zj_gansu": (None, "project", "约10.8亿", (D(1_080_000_000), None, None, None), ""),
    "psbc_ai": (None, "lines", "近1000亿", (None, None, None, 100 * BILLION), ""),
}


@pytest.mark.parametrize("name", list(DEALS))
def test_deals_are_recorded_as_printed(bundle: Bundle, name: str) -> None:
    product, stands_for, printed, expected, day = DEALS[name]
    found = deal(bundle, name)
    assert (found.product, found.stands_for) == (product, stands_for)
    if found.amount is None:
        assert printed is None
    else:
        assert (found.amount.printed, parts(found.amount)) == (printed, expected)
    assert (found.signed.isoformat() if found.signed else found.signed_text or "") == day


def test_the_deals_of_the_book_are_these(bundle: Bundle) -> None:
    assert {item.id for file in bundle.market_records(ON) for item in file.deals} == set(DEALS)


def test_a7_five_names_share_1000m_and_a_credit_of_200m_is_beyond_the_product(bundle: Bundle) -> None:
    signing = deal(bundle, "jsb_2025q1_signing")
    assert signing.parties == ("上海数据港", "上海商湯科技", "上海优刻得", "增擎数字科技", "上海悦科数据科技")
    assert signing.amount is not None
    assert signing.amount.value is not None
    average = signing.amount.value / len(signing.parties)
    cap = bundle.product("jsb_wc", ON).amount_cap
    assert cap is not None
    assert (average, cap.amount, average > cap.amount) == (D(200_000_000), D(150_000_000), True)


def test_a10_an_undisclosed_amount_is_in_no_sum(bundle: Bundle) -> None:
    found = deal(bundle, "sdrcb_first")
    assert (found.amount, found.security, found.parties) == (None, "guarantee", ("佛山某智能芯片研发企业",))
    [total] = deal_sums(deal(bundle, name) for name in ("bob_sjz", "sdrcb_first", "icbc_tongfu"))
    assert (total.disclosed, total.counted, total.left_out) == (
        D(100_000_000),
        ("bob_sjz",),
        ("sdrcb_first", "icbc_tongfu"),
    )


def test_a7_letters_of_intention_are_in_no_sum_of_loans(bundle: Bundle) -> None:
    """Loans of 100, 280, 233 and 55.6 million; the signing of 1,000 million and the lease of 290 stand beside them."""
    deals = [deal for file in bundle.market_records(ON) for deal in file.deals]
    sums = {item.stands_for: item.disclosed for item in deal_sums(deals)}
    assert (sums["loan"], sums["intentions"], sums["lease"]) == (D(668_600_000), D(1_000_000_000), D(290_000_000))
    assert (sums["guarantee"], sums["project"], sums["lines"]) == (D(0), D(0), D(0))


def test_a23_the_borrower_supplies_one_end_customer(bundle: Bundle) -> None:
    found = deal(bundle, "bob_sjz")
    assert found.parties == ("为深度求索提供算力的上市公司",)
    assert "one end customer" in found.source


def test_a21_a24_a28_the_parties_that_were_named(bundle: Bundle) -> None:
    assert deal(bundle, "icbc_buyback").parties == ("兆易创新",)
    assert deal(bundle, "nxb_xiyun").parties == ("宁夏西云算力",)
    assert deal(bundle, "citic_lease").parties == ("某大数据中心企业",)


def test_a29_the_parts_are_80m_less_than_the_whole(bundle: Bundle) -> None:
    """3.5 + 6.5 = 10.0 against 10.8: the gap of 0.8 is reported (corrections §2)."""
    found = deal(bundle, "zj_gansu")
    assert [(part.printed, part.value) for part in found.parts] == [
        ("3.5亿", D(350_000_000)),
        ("6.5亿", D(650_000_000)),
    ]
    assert found.gap == D(80_000_000)


def test_a36_a_sum_over_unrelated_leaders_is_no_line_of_a_group(bundle: Bundle) -> None:
    found = deal(bundle, "psbc_ai")
    assert (found.parties, found.parties_related) == (("华为", "摩尔线程"), False)
    assert found.amount is not None
    assert found.amount.form is FigureForm.CEILING


# --- figures ----------------------------------------------------------------------------------------------------------

FIGURES: Mapping[str, tuple[str | None, str, str, tuple[Any, ...]]] = {
    # printed, unit, nature, value / at_least / below / at_most
    "leasing_revenue_2026": ("2600亿", "CNY", "forecast", (260 * BILLION, None, None, None)),
    "leasing_growth": (None, "fraction", "forecast", (None, D("0.20"), None, None)),
    "listed_names": (None, "company", "observed", (D(74), None, None, None)),
    "listed_revenue_2022": ("9574.57亿", "CNY", "observed", (D("957.457") * BILLION, None, None, None)),
    "listed_revenue_growth": ("7.26%", "fraction", "observed", (D("0.0726"), None, None, None)),
    "compute_2023": (None, "EFLOPS", "observed", (D(230), None, None, None)),
    "racks_2023": ("810万", "rack", "observed", (D(8_100_000), None, None, None)),
    "storage_2023": (None, "ZB", "observed", (D("1.2"), None, None, None)),
    "output_multiplier": ("3—4元", "CNY_per_CNY", "claimed", (None, D(3), None, D(4))),
    "index_to_digital": ("3.6‰", "fraction", "claimed", (D("0.0036"), None, None, None)),
    "index_to_gdp": ("1.7‰", "fraction", "claimed", (D("0.0017"), None, None, None)),
    "intelligent_share_2025": ("35%", "fraction", "target", (D("0.35"), None, None, None)),
    "advanced_storage_2025": ("30%以上", "fraction", "target", (None, D("0.30"), None, None)),
    "tech_loans_2023": ("13.44万亿", "CNY", "observed", (13_440 * BILLION, None, None, None)),
    "tech_loans_growth_2023": ("30.74%", "fraction", "observed", (D("0.3074"), None, None, None)),
    "six_banks_share": ("约72%", "fraction", "claimed", (D("0.72"), None, None, None)),
    "tech_loans_icbc": ("2.70万亿", "CNY", "observed", (2_700 * BILLION, None, None, None)),
    "tech_loans_abc": ("2.10万亿", "CNY", "observed", (2_100 * BILLION, None, None, None)),
    "tech_loans_boc": ("1.47万亿", "CNY", "observed", (1_470 * BILLION, None, None, None)),
    "tech_loans_ccb": ("2.24万亿", "CNY", "observed", (2_240 * BILLION, None, None, None)),
    "boc_digital_core_loans": ("4100亿", "CNY", "observed", (410 * BILLION, None, None, None)),
    "boc_digital_core_growth": ("11%", "fraction", "observed", (D("0.11"), None, None, None)),
    "ai_financing_2024": ("812亿", "CNY", "observed", (D("81.2") * BILLION, None, None, None)),
    "ai_hardware_share": ("15.7%", "fraction", "observed", (D("0.157"), None, None, None)),
    "ai_firms": ("超4500家", "company", "observed", (None, D(4500), None, None)),
    "ai_core_industry": ("约6000亿", "CNY", "observed", (600 * BILLION, None, None, None)),
    "stargate": ("5000亿美元", "USD", "claimed", (500 * BILLION, None, None, None)),
    "global_ai_funding_growth": ("77%", "fraction", "observed", (D("0.77"), None, None, None)),
    "ai_industry_fund_size": ("600.6亿", "CNY", "observed", (D("60.06") * BILLION, None, None, None)),
    "ccb_housing_loans": ("3,499.99亿", "CNY", "observed", (D("349.999") * BILLION, None, None, None)),
    "ccb_housing_firms": ("1600家以上", "company", "observed", (None, D(1600), None, None)),
    "ccb_fund_projects": ("28个", "project", "observed", (D(28), None, None, None)),
    "ccb_fund_assets": ("126.93亿", "CNY", "observed", (D("12.693") * BILLION, None, None, None)),
    "ccb_fund_invested": ("72.39亿", "CNY", "observed", (D("7.239") * BILLION, None, None, None)),
    "ccb_fund_units": ("2.28万套", "flat", "observed", (D(22_800), None, None, None)),
    "risk_scale_recognition": ("99.5%", "fraction", "target", (D("0.995"), None, None, None)),
}


@pytest.mark.parametrize("name", list(FIGURES))
def test_figures_are_recorded_with_unit_and_nature(bundle: Bundle, name: str) -> None:
    printed, unit, nature, expected = FIGURES[name]
    found = figure(bundle, name)
    assert (found.printed, found.unit, found.nature, parts(found)) == (printed, unit, nature, expected)


def test_the_figures_of_the_book_are_these(bundle: Bundle) -> None:
    assert {item.id for file in bundle.market_records(ON) for item in file.figures} == set(FIGURES)


@pytest.mark.parametrize(
    ("row", "name", "day"),
    [
        ("b7", "intelligent_share_2025", "2025-12-31"),
        ("b7", "advanced_storage_2025", "2025-12-31"),
        ("b11", "ai_industry_fund_size", "2025-01-17"),
        ("m4", "leasing_revenue_2026", "2026-12-31"),
        ("m6", "compute_2023", "2023-12-31"),
        ("m7", "tech_loans_2023", "2023-12-31"),
        ("m8", "ai_financing_2024", "2024-09-30"),
        ("a15", "boc_digital_core_loans", "2024-11-30"),
    ],
)
def test_a_figure_has_its_day(bundle: Bundle, row: str, name: str, day: str) -> None:
    assert figure(bundle, name).as_of.isoformat() == day


def test_m7_four_banks_are_633_permille_of_the_whole_and_not_72_percent(bundle: Bundle) -> None:
    banks = added(figure(bundle, f"tech_loans_{name}") for name in ("icbc", "abc", "boc", "ccb"))
    whole, share = figure(bundle, "tech_loans_2023").value, figure(bundle, "six_banks_share").value
    assert whole is not None
    assert share is not None
    assert banks == 8_510 * BILLION
    assert round(banks / whole, 3) == D("0.633")
    assert banks / whole < share


def test_m8_hardware_and_technology_are_127_5_of_812(bundle: Bundle) -> None:
    whole, share = figure(bundle, "ai_financing_2024").value, figure(bundle, "ai_hardware_share").value
    assert whole is not None
    assert share is not None
    assert round(whole * share / 10**8, 1) == D("127.5")


def test_m4_m6_figures_of_another_unit_or_basis_are_not_added(bundle: Bundle) -> None:
    for one, other in (
        ("compute_2023", "storage_2023"),
        ("tech_loans_2023", "tech_loans_icbc"),
        ("leasing_revenue_2026", "listed_revenue_2022"),
    ):
        with pytest.raises(DifferentBasis):
            added([figure(bundle, one), figure(bundle, other)])
    with pytest.raises(ValueError, match="no single figure"):
        added([figure(bundle, "output_multiplier")])


def test_b7_no_policy_can_name_a_target(bundle: Bundle) -> None:
    """What a card or a rule asks for is a fact of the vocabulary; records declare none."""
    records = {item.id for file in bundle.market_records(ON) for item in (*file.figures, *file.deals)}
    facts = set(bundle.vocabulary(ON))
    assert records
    assert not records & (facts | {name.rpartition(".")[2] for name in facts})


# --- statements -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "name", "word", "figures"),
    [
        ("c1", "fraud_guard", "approved by the owner in real time", ()),
        ("c2", "risk_scale", "while they are made", ("risk_scale_recognition",)),
        ("c4", "governance_view", "data security, privacy and compliance", ()),
        ("e3", "post_loan_orders", "winning orders", ()),
        ("e3", "post_loan_profit", "profit after digitalisation", ()),
        ("e3", "post_loan_research", "spends on research", ()),
        ("e3", "post_loan_team", "core team stays", ()),
    ],
)
def test_statements_are_recorded(bundle: Bundle, row: str, name: str, word: str, figures: tuple[str, ...]) -> None:
    [found] = [item for file in bundle.market_records(ON) for item in file.statements if item.id == name]
    assert word in found.says
    assert found.figures == figures


def test_c2_the_rate_of_recognition_is_a_target_without_a_definition(bundle: Bundle) -> None:
    found = figure(bundle, "risk_scale_recognition")
    assert (found.nature, found.basis, found.value) == ("target", "definition_undisclosed", D("0.995"))


# --- glossary ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "text", "refused"),
    [
        ("deals", "AIDC (automatic identification and data capture)", True),
        ("figures", "Automatic Identification and Data Capture", True),
        ("statements", "Automatic Identification and Data Capture", True),
        ("terms", "Automatic Identification and Data Capture", True),
        ("deals", "某银行首笔算力券", True),
        ("figures", "算力券规模", False),
        ("terms", "算力券", False),
        ("deals", "某银行首笔算力贷", False),
    ],
)
def test_m9_misprints_are_refused_where_they_are_misprints(
    bundle: Bundle, where: str, text: str, refused: bool
) -> None:
    [glossary] = bundle.glossaries(ON)
    assert bool(glossary.faults_in(where, [text])) is refused


def test_m9_the_words_as_they_are_meant(bundle: Bundle) -> None:
    [glossary] = bundle.glossaries(ON)
    assert {term.id: (term.zh, term.en) for term in glossary.terms} == {
        "aidc": ("智算中心", "AI data centre (AIDC)"),
        "compute_loan": ("算力贷", "Compute loan"),
        "compute_voucher": ("算力券", "Compute voucher"),
    }
