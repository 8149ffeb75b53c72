"""Programmes, vouchers, tags and registers of the domain paper, by row id: floors that refuse nothing, nothing counted twice."""

import copy
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.application import ApplicationContent, ApplicationTag
from domain.books import CreditLineKind
from domain.calendar import BusinessCalendar
from domain.finding import Outcome
from domain.money import Money, yuan
from domain.programmes import InstrumentCode, IntentionLine, ProgrammeStanding
from domain.requests.card_facts import card_facts
from domain.requests.pricing import limit_request, rating_request
from domain.support import VoucherClaim
from domain.support_claims import SupportClaimBody
from domain.visits import VisitBody, VisitEntry, VisitImport
from policy.engine import (
    Bundle,
    ComputeVoucherTerms,
    PolicyNotInForce,
    SupportProgramme,
    VoucherDue,
    score,
    voucher_due,
)
from services.origination.calc.conclusion import Check
from services.origination.calc.programmes import (
    Booked,
    Intended,
    Reported,
    families_of,
    lines_above_cap,
    programme_standing,
    strategic_flag_report,
)
from services.origination.calc.support_checks import RegisteredClaim, SupportOfCase, support_notes
from services.origination.calc.support_claims import RegisterFacts, contract_key, decided
from services.origination.calc.tags import tag_faults, tag_views
from services.origination.calc.visits import answer_due, checksum_faults, sla, visit_faults
from tests.golden.test_policy_rows import WORKED_CARD
from tests.origination.sample import uscc
from tests.pricing.dossiers import AS_OF, content, dossier

ON = date(2026, 11, 22)
TRILLION = 1_000_000_000_000

# --- vouchers ---------------------------------------------------------------------------------------------------------


def due(bundle: Bundle, programme: str, on: date, **changes: Any) -> VoucherDue:
    claim = VoucherClaim.model_validate(
        {
            "programme": programme,
            "contract_amount": yuan(12_000_000),
            "signed_on": on,
            "contract_months": 12,
            "supplier_related": False,
            "claimed_this_year": yuan(0),
            "otherwise_supported": False,
        }
        | changes
    )
    terms = bundle.programme(programme, on).terms
    assert isinstance(terms, ComputeVoucherTerms)
    return voucher_due(terms, claim)


@pytest.mark.parametrize(
    ("changes", "amount", "code"),
    [
        ({}, 2_000_000, "VOUCHER_CAP"),
        ({"contract_amount": yuan(10_000_000)}, 2_000_000, ""),
        ({"contract_amount": yuan("9999999.99")}, "1999999.99", ""),
        ({"supplier_related": True}, 0, "VOUCHER_RELATED_SUPPLIER"),
        ({"otherwise_supported": True}, 0, "VOUCHER_SECOND_CLAIM"),
        ({"contract_months": 13}, 0, "VOUCHER_CONTRACT_TOO_LONG"),
        ({"signed_on": date(2023, 8, 31)}, 0, "VOUCHER_WINDOW"),
        ({"signed_on": date(2023, 9, 1)}, 2_000_000, "VOUCHER_CAP"),
        ({"signed_on": date(2025, 12, 31)}, 2_000_000, "VOUCHER_CAP"),
        ({"signed_on": date(2026, 1, 1)}, 0, "VOUCHER_WINDOW"),
        ({"claimed_this_year": yuan(1_500_000)}, 500_000, "VOUCHER_CAP"),
    ],
)
def test_b1_beijing_gives_a_fifth_up_to_2m_a_firm_and_year(
    bundle: Bundle, changes: dict[str, Any], amount: int | str, code: str
) -> None:
    found = due(bundle, "bj_voucher", date(2024, 6, 3), **changes)
    assert (found.amount, found.code) == (yuan(amount), code)


def test_b1_the_programme_has_its_days(bundle: Bundle) -> None:
    assert bundle.programme("bj_voucher", date(2023, 9, 1)).version == "1"
    assert bundle.programme("bj_voucher", date(2025, 12, 31)).version == "1"
    for day in (date(2023, 8, 31), date(2026, 1, 1)):
        with pytest.raises(PolicyNotInForce):
            bundle.programme("bj_voucher", day)


@pytest.mark.parametrize(
    ("listed", "signed_on", "amount", "code", "missing"),
    [
        (False, date(2024, 6, 3), yuan(0), "VOUCHER_SUPPLIER_NOT_LISTED", ()),
        (True, date(2024, 6, 3), None, "", ("programme_share",)),
        (None, date(2024, 6, 3), None, "", ("supplier_listed", "programme_share")),
        (True, date(2022, 12, 31), yuan(0), "VOUCHER_WINDOW", ()),
        (True, date(2023, 1, 1), None, "", ("programme_share",)),
        (True, date(2024, 12, 31), None, "", ("programme_share",)),
        (True, date(2025, 1, 1), yuan(0), "VOUCHER_WINDOW", ()),
    ],
)
def test_b2_henan_gives_nothing_for_a_supplier_that_is_not_listed(
    bundle: Bundle, listed: bool | None, signed_on: date, amount: Money | None, code: str, missing: tuple[str, ...]
) -> None:
    found = due(bundle, "hn_voucher", date(2024, 6, 3), supplier_listed=listed, signed_on=signed_on)
    assert (found.amount, found.code, found.missing) == (amount, code, missing)
    terms = bundle.programme("hn_voucher", date(2024, 6, 3)).terms
    assert isinstance(terms, ComputeVoucherTerms)
    assert terms.supplier_list == "list.hn_voucher_suppliers"


@pytest.mark.parametrize("day", [date(2025, 6, 2), ON])
@pytest.mark.parametrize(
    ("changes", "amount", "code"),
    [
        ({"contract_amount": yuan(5_000_000)}, 2_000_000, "VOUCHER_CAP"),
        ({"contract_amount": yuan(3_000_000)}, 1_500_000, ""),
        ({"contract_amount": yuan(30_000_000), "standing": "national_champion"}, 10_000_000, "VOUCHER_CAP"),
        ({"contract_amount": yuan(18_000_000), "standing": "national_champion"}, 9_000_000, ""),
    ],
)
def test_b3_zhuhai_gives_half_by_tiers(
    bundle: Bundle, day: date, changes: dict[str, Any], amount: int, code: str
) -> None:
    found = due(bundle, "zh_voucher", day, pool_taken=yuan(0), **changes)
    assert (found.amount, found.code) == (yuan(amount), code)


@pytest.mark.parametrize(
    ("taken", "amount", "code"),
    [
        (498_000_000, 2_000_000, "VOUCHER_CAP"),
        (498_000_001, 1_999_999, "VOUCHER_POOL"),
        (500_000_000, 0, "VOUCHER_POOL"),
    ],
)
def test_b3_the_pool_of_500m_is_not_exceeded(bundle: Bundle, taken: int, amount: int, code: str) -> None:
    five = {"contract_amount": yuan(5_000_000)}
    found = due(bundle, "zh_voucher", date(2026, 11, 20), pool_taken=yuan(taken), **five)
    assert (found.amount, found.code) == (yuan(amount), code)
    # The version before the pool was entered does not know of it; without the register the amount stays open.
    assert due(bundle, "zh_voucher", date(2026, 11, 19), pool_taken=yuan(taken), **five).amount == yuan(2_000_000)
    assert due(bundle, "zh_voucher", ON, **five).missing == ("pool_taken",)


def test_r13_a_contract_another_programme_pays_for_is_paid_once(bundle: Bundle) -> None:
    terms = bundle.programme("bj_voucher", date(2024, 6, 3)).terms
    assert isinstance(terms, ComputeVoucherTerms)
    body = SupportClaimBody.model_validate(
        {
            "programme": "bj_voucher",
            "claimed_on": date(2024, 6, 3),
            "firm_uscc": uscc(1001),
            "contract_number": "SL-1",
            "contract_amount": yuan(12_000_000),
            "signed_on": date(2024, 5, 6),
            "contract_months": 12,
            "supplier_uscc": "91110000600037341L",
            "supplier_related": False,
            "supported_elsewhere": False,
        }
    )
    known = RegisterFacts(yuan(0), yuan(0), (), None)
    assert decided(terms, body, known).amount == yuan(2_000_000)
    second = decided(terms, body, RegisterFacts(yuan(0), yuan(0), ("zh_voucher",), None))
    assert (second.state.value, second.code) == ("refused", "VOUCHER_SECOND_CLAIM")


def test_r13_a_contract_is_known_by_its_number_in_any_spelling() -> None:
    assert contract_key(" ｓｌ－2024／001 ") == contract_key("SL-2024/001") == "sl2024001"
    assert contract_key("苏算〔2025〕7号") == "苏算20257号"
    assert contract_key("SL-2024/002") != contract_key("SL-2024/001")
    assert contract_key("---") == ""


def test_r13_a_voucher_is_no_income_of_the_borrower() -> None:
    plain, claimed = copy.deepcopy(content()), copy.deepcopy(content())
    claimed["price"] = {**claimed["price"], "subsidies": [{"programme": "bj_voucher", "contract_number": "HT-1"}]}
    one, other = dossier(plain), dossier(claimed)
    assert limit_request(one, AS_OF) == limit_request(other, AS_OF)
    assert rating_request(one, AS_OF) == rating_request(other, AS_OF)


@pytest.mark.parametrize(
    ("stated", "registered", "codes"),
    [
        ([("bj_voucher", "HT-1")], [], set()),
        ([("bj_voucher", "HT-1"), ("zh_voucher", "HT-2")], [("hn_voucher", "ht3")], set()),
        ([("bj_voucher", "HT-1"), ("bj_voucher", "ht 1")], [], {"SUPPORT_CLAIM_REPEATED"}),
        ([("bj_voucher", "HT-1"), ("zh_voucher", "HT-1")], [], {"SUPPORT_CLAIMED_ELSEWHERE"}),
        ([("bj_voucher", "HT-1")], [("zh_voucher", "ht1")], {"SUPPORT_CLAIMED_ELSEWHERE"}),
        ([("bj_voucher", "HT-1")], [("bj_voucher", "ht1")], set()),
        ([("bj_voucher", "HT-1"), ("equipment_renewal_subsidy", "HT-1")], [], set()),
    ],
)
def test_r13_a_case_that_counts_support_twice_is_referred(
    bundle: Bundle, stated: list[tuple[str, str]], registered: list[tuple[str, str]], codes: set[str]
) -> None:
    told = copy.deepcopy(content())
    claims = [{"programme": programme, "contract_number": number} for programme, number in stated]
    told["price"] = {**told["price"], "subsidies": claims}
    known = SupportOfCase(
        vouchers=tuple(
            file.id
            for file in bundle.files()
            if isinstance(file, SupportProgramme) and file.terms.form == "compute_voucher"
        ),
        registered=tuple(RegisteredClaim(programme=programme, contract_key=key) for programme, key in registered),
    )
    check = Check()
    support_notes(check, dossier(told).content, known)
    assert {reason.code for reason in check.reasons if reason.code.startswith("SUPPORT_")} == codes
    assert check.outcome() is (Outcome.REFER if codes else Outcome.PASS)


# --- programmes and their floors --------------------------------------------------------------------------------------


def standing(
    bundle: Bundle,
    programme: str,
    booked: tuple[Booked, ...] = (),
    reported: Mapping[InstrumentCode, int] | None = None,
    intended: tuple[Intended, ...] = (),
    on: date = ON,
) -> ProgrammeStanding:
    figures = [
        Reported(book="group", instrument=name, amount=yuan(amount), as_of=on)
        for name, amount in (reported or {}).items()
    ]
    return programme_standing(bundle.initiative(programme, on), on, booked, figures, intended, families_of(bundle))


def booked(
    facility: str, amount: int, *tags: tuple[str, str], on: date = ON, product: str = "nxb_project_loan"
) -> Booked:
    return Booked.model_validate(
        {
            "facility": facility,
            "product": product,
            "instrument": "loan",
            "amount": yuan(amount),
            "effective_on": on,
            "tags": [{"list": name, "tag": tag} for name, tag in tags],
        }
    )


def test_a15_one_trillion_with_a_quarter_in_equity_and_bonds_is_50bn_short(bundle: Bundle) -> None:
    found = standing(
        bundle, "boc_ai", reported={"loan": TRILLION * 3 // 4, "equity": TRILLION // 10, "bond": TRILLION * 15 // 100}
    )
    total, part = found.floors
    assert (total.id, total.at_least, total.status) == ("BOC_AI_TOTAL", yuan(TRILLION), "met")
    assert (part.id, part.at_least) == ("BOC_AI_EQUITY_AND_BONDS", yuan(TRILLION * 3 // 10))
    assert (part.status, part.code, part.short_by) == ("short", "SUB_TARGET_SHORT", yuan(TRILLION // 20))


@pytest.mark.parametrize("instrument", ["equity", "loan", "bond", "guarantee", "lease"])
def test_a15_every_instrument_counts_in_the_total_and_two_in_the_part(
    bundle: Bundle, instrument: InstrumentCode
) -> None:
    total, part = standing(bundle, "boc_ai", reported={instrument: 7}).floors
    assert total.counted == yuan(7)
    assert total.code == "TARGET_SHORT"
    assert part.counted == yuan(7 if instrument in ("equity", "bond") else 0)


def test_a15_what_exceeds_a_target_is_met_and_refuses_nothing(bundle: Bundle) -> None:
    found = standing(bundle, "boc_ai", reported={"equity": 3 * TRILLION})
    assert {(floor.status, floor.code, floor.short_by) for floor in found.floors} == {("met", "", yuan(0))}
    # No rule, table or card can ask for a counter: the vocabulary has none.
    assert not [name for name in bundle.vocabulary(ON) if "programme" in name or "initiative" in name]


@pytest.mark.parametrize(
    ("programme", "first", "last"),
    [
        ("boc_ai", date(2025, 1, 23), date(2030, 1, 22)),
        ("boc_sh_ai", date(2025, 7, 1), date(2030, 6, 30)),
    ],
)
def test_a15_a16_a_facility_counts_within_the_programmes_days(
    bundle: Bundle, programme: str, first: date, last: date
) -> None:
    tag = {"boc_ai": ("boc_ai_targets", "self_reliance"), "boc_sh_ai": ("boc_sh_layers", "application")}[programme]
    late = date(2031, 1, 1)
    for day, counted in ((first, 5), (last, 5), (date.fromordinal(last.toordinal() + 1), 0)):
        found = standing(bundle, programme, (booked("F", 5, tag, on=day),), on=late)
        assert found.total == yuan(counted)
    before = booked("F", 5, tag, on=date.fromordinal(first.toordinal() - 1))
    assert standing(bundle, programme, (before,), on=late).total == yuan(0)


@pytest.mark.parametrize(
    ("programme", "floor", "code", "instruments"),
    [
        ("boc_sh_ai", 100_000_000_000, "TARGET_SHORT", {"equity", "loan", "bond", "guarantee", "lease"}),
        ("zh_trio", 10_000_000_000, "TARGET_SHORT", {"loan"}),
    ],
)
def test_a16_a34_floors_of_what_is_booked(
    bundle: Bundle, programme: str, floor: int, code: str, instruments: set[str]
) -> None:
    [short] = standing(bundle, programme, reported={"loan": floor - 1}).floors
    assert (short.status, short.code, short.short_by) == ("short", code, yuan(1))
    [met] = standing(bundle, programme, reported={"loan": floor}).floors
    assert (met.status, met.at_least) == ("met", yuan(floor))
    names: tuple[InstrumentCode, ...] = ("equity", "loan", "bond", "guarantee", "lease")
    counted = {name for name in names if standing(bundle, programme, reported={name: 1}).floors[0].counted == yuan(1)}
    assert counted == instruments


@pytest.mark.parametrize("instrument", ["equity", "loan", "bond", "guarantee", "lease"])
def test_a17_intentions_are_counted_and_bookings_are_not(bundle: Bundle, instrument: InstrumentCode) -> None:
    letter = Intended(signed_on=ON, lines=(IntentionLine(instrument=instrument, amount=yuan(500_000_000)),))
    facility = booked("F", 7, ("icbc_sh_actions", "factors"))
    found = standing(bundle, "icbc_sh_ai", (facility,), intended=(letter,))
    [floor] = found.floors
    assert (floor.at_least, floor.counted) == (yuan(100_000_000_000), yuan(500_000_000))
    assert (found.intentions, found.facilities, floor.code) == (1, 0, "TARGET_SHORT")


def test_a17_an_intention_is_no_kind_of_exposure(bundle: Bundle) -> None:
    """What is at stake is made of kinds of lines and commitments that the book converts; a letter of intention is none."""
    kinds = {kind.value for kind in CreditLineKind} | set(bundle.vocabulary(ON)["exposure.kind"].values)
    assert "loan" in kinds
    assert not [kind for kind in kinds if "intention" in kind]


def test_the_latest_figure_of_a_book_counts_and_nothing_is_added_twice(bundle: Bundle) -> None:
    def said(book: str, amount: int, day: date) -> Reported:
        return Reported(book=book, instrument="loan", amount=yuan(amount), as_of=day)

    figures = [said("a", 5, date(2026, 1, 31)), said("a", 3, date(2026, 2, 28)), said("b", 2, date(2026, 2, 28))]
    late = said("b", 100, date(2027, 1, 31))
    found = programme_standing(bundle.initiative("zh_trio", ON), ON, (), [*figures, late], (), {})
    assert found.total == yuan(5)


@pytest.mark.parametrize(
    ("as_of", "counted"),
    [(date(2025, 1, 22), 0), (date(2025, 1, 23), 5), (date(2030, 1, 22), 5), (date(2030, 1, 23), 0)],
)
def test_a15_a_reported_figure_is_of_the_programmes_days(bundle: Bundle, as_of: date, counted: int) -> None:
    figure = Reported(book="group", instrument="bond", amount=yuan(5), as_of=as_of)
    found = programme_standing(bundle.initiative("boc_ai", ON), date(2031, 1, 1), (), [figure], (), {})
    assert found.total == yuan(counted)


def test_a_later_version_of_a_programme_counts_what_was_booked_before_it(bundle: Bundle) -> None:
    first = bundle.initiative("boc_ai", ON)
    facility = booked("F", 9, ("boc_ai_targets", "self_reliance"), on=date(2025, 2, 1))
    later = first.model_copy(update={"effective_from": date(2026, 1, 1)})
    assert programme_standing(later, ON, [facility], (), (), {}).total == yuan(0)
    later = later.model_copy(update={"since": first.effective_from})
    assert programme_standing(later, ON, [facility], (), (), {}).total == yuan(9)
    assert not later.inconsistencies()
    early = first.model_copy(update={"since": date(2025, 1, 24)})
    assert early.inconsistencies() == [(("since",), "the programme begins after its file")]


def test_a_facility_with_two_tags_of_a_programme_counts_once(bundle: Bundle) -> None:
    facility = booked("F", 9, ("boc_sh_layers", "technology"), ("boc_sh_scenarios", "ai_education"))
    assert standing(bundle, "boc_sh_ai", (facility, facility)).total == yuan(9)
    assert standing(bundle, "boc_sh_ai", (booked("F", 9, ("boc_sh_scenarios", "ai_finance")),)).total == yuan(9)
    assert standing(bundle, "zh_trio", (facility,)).total == yuan(0)


@pytest.mark.parametrize("tag", ["compute_loan", "algorithm_loan", "data_loan"])
def test_a34_a_loan_of_any_lender_counts_by_its_tag_since_nobody_books_the_programmes_own(
    bundle: Bundle, tag: str
) -> None:
    facility = booked("F", 9, ("zh_trio_loans", tag), product="jsb_wc")
    assert standing(bundle, "zh_trio", (facility,)).total == yuan(9)
    for product in ("zh_compute_loan", "zh_algorithm_loan", "zh_data_loan"):
        assert bundle.product(product, ON).not_booked == "PROGRAMME_NOT_BOOKABLE"


@pytest.mark.parametrize("product", ["zh_compute_loan", "zh_algorithm_loan", "zh_data_loan"])
def test_a34_the_three_loans_of_zhuhai_count_by_their_family(bundle: Bundle, product: str) -> None:
    assert standing(bundle, "zh_trio", (booked("F", 9, product=product),)).total == yuan(9)
    assert standing(bundle, "zh_trio", (booked("F", 9, product="jsb_wc"),)).total == yuan(0)


@pytest.mark.parametrize(
    ("programme", "institution", "counts", "lists"),
    [
        ("boc_ai", "boc", "booked", ("boc_ai_targets",)),
        ("boc_sh_ai", "boc_sh", "booked", ("boc_sh_layers", "boc_sh_scenarios")),
        ("icbc_sh_ai", "icbc_sh", "intentions", ("icbc_sh_actions", "icbc_sh_services")),
        ("icbc_commons", "icbc", "nothing", ()),
        ("abc_sh_123", "abc_sh", "nothing", ("abc_sh_chains",)),
        ("shrcb_six", "shrcb", "nothing", ("shrcb_six_services",)),
        ("zh_trio", "zhuhai", "booked", ("zh_trio_loans",)),
        ("psbc_ai", "psbc", "nothing", ("psbc_research",)),
    ],
)
def test_the_programmes_of_the_lenders(
    bundle: Bundle, programme: str, institution: str, counts: str, lists: tuple[str, ...]
) -> None:
    found = bundle.initiative(programme, ON)
    assert (found.institution, found.counts, found.tag_lists) == (institution, counts, lists)
    assert len(bundle.initiatives(ON)) == 8


def test_a7_a_credit_above_the_products_150m_is_to_be_split(bundle: Bundle) -> None:
    products = {product.id: product for product in bundle.products(ON)}

    def line(product: str | None, amount: int) -> IntentionLine:
        return IntentionLine(instrument="loan", product=product, amount=yuan(amount))

    whole = [line("jsb_wc", 200_000_000)]
    assert lines_above_cap(whole, products) == (0,)
    assert lines_above_cap([line("jsb_wc", 150_000_000), line("jsb_fa", 50_000_000)], products) == ()
    assert lines_above_cap([line("jsb_wc", 150_000_001)], products) == (0,)
    assert lines_above_cap([line(None, 200_000_000)], products) == ()
    # Two lines of one product are one credit of it.
    assert lines_above_cap([line("jsb_wc", 100_000_000), line("jsb_wc", 100_000_000)], products) == (1,)
    assert lines_above_cap([line("jsb_wc", 100_000_000), line("jsb_wc", 50_000_000)], products) == ()


# --- tags -------------------------------------------------------------------------------------------------------------

TAGS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "boc_ai_targets": (
        "programme",
        ("self_reliance", "factor_supply", "technical_innovation", "scenario_application"),
    ),
    "boc_sh_layers": ("programme", ("foundation", "technology", "application")),
    "boc_sh_scenarios": (
        "programme",
        (
            "ai_finance",
            "ai_manufacturing",
            "ai_education",
            "ai_healthcare",
            "ai_culture_tourism",
            "ai_city_governance",
        ),
    ),
    "zh_trio_loans": ("programme", ("compute_loan", "algorithm_loan", "data_loan")),
    "icbc_sh_actions": ("programme", ("zhiyong_foundation", "factors", "scenarios", "ecosystem")),
    "icbc_sh_services": ("service", ("equity", "loan", "bond", "guarantee", "lease", "advisory")),
    "shrcb_six_services": (
        "service",
        (
            "policy_liaison",
            "industry_integration",
            "investor_introduction",
            "professional_coaching",
            "talent_management",
            "research_conversion",
        ),
    ),
    "abc_sh_chains": ("programme", ("cooperation", "product", "service")),
    "psbc_research": ("research", ("large_models", "big_data", "chips", "scenarios")),
    "policy_documents": (
        "policy_document",
        ("data_infrastructure_guideline", "point_chain_network_surface", "shanghai_ai_regulation", "mosu_shencheng"),
    ),
    "regions": ("region", ("henan_2024_2026", "qinghai_2030")),
    "investors": ("investor", ("ai_industry_fund", "guidance_fund", "venture_capital")),
    "strategic_flags": ("strategic_flag", ("technology", "green", "inclusive", "digital")),
}


@pytest.mark.parametrize("name", list(TAGS))
def test_lists_of_tags_are_closed(bundle: Bundle, name: str) -> None:
    """A13 has six services, A16 six scenarios, A17 six services and the four actions that are named, A19 three chains."""
    family, tags = TAGS[name]
    found = bundle.tag_lists(ON)[name]
    assert (found.family, tuple(tag.id for tag in found.tags)) == (family, tags)
    assert found.needs_document_number is (name == "policy_documents")


def faults_of(bundle: Bundle, *tags: tuple[str, str, str | None]) -> set[tuple[str, str]]:
    given = [ApplicationTag(list=name, tag=tag, document_number=number) for name, tag, number in tags]
    return {(item.pointer, item.code) for item in tag_faults(given, bundle.tag_lists(ON))}


def test_a16_ai_energy_is_not_one_of_the_six_scenarios(bundle: Bundle) -> None:
    assert faults_of(bundle, ("boc_sh_scenarios", "ai_energy", None)) == {("/tags/0/tag", "unknown_tag")}
    for name in TAGS["boc_sh_scenarios"][1]:
        assert faults_of(bundle, ("boc_sh_scenarios", name, None)) == set()


def test_b6_a_policy_document_without_its_number_is_refused(bundle: Bundle) -> None:
    for name in TAGS["policy_documents"][1]:
        missing = {("/tags/0/document_number", "document_number_missing")}
        assert faults_of(bundle, ("policy_documents", name, None)) == missing
        assert faults_of(bundle, ("policy_documents", name, "发改数据〔2024〕1853号")) == set()


def test_what_else_is_wrong_with_tags(bundle: Bundle) -> None:
    assert faults_of(
        bundle,
        ("no_such_list", "x", None),
        ("shrcb_six_services", "policy_liaison", None),
        ("strategic_flags", "green", None),
        ("strategic_flags", "green", None),
    ) == {
        ("/tags/0/list", "unknown_tag_list"),
        ("/tags/1/list", "tag_not_for_cases"),
        ("/tags/3", "duplicate_tag"),
    }


EVERY_TAG = [{"list": "regions", "tag": "henan_2024_2026"}, {"list": "investors", "tag": "ai_industry_fund"}]


def test_b8_a_region_shows_the_case_to_a_desk_and_decides_nothing(bundle: Bundle) -> None:
    """No points at all are fewer than the five that the paper allows; what is concluded is concluded without the tag."""
    given = [{"list": "regions", "tag": name} for name in TAGS["regions"][1]]
    tagged = ApplicationContent.model_validate({"lender_id": "nxb", "tags": given})
    assert {view.tag: view.route_to for view in tag_views(tagged, bundle.tag_lists(ON))} == {
        "henan_2024_2026": "scitech_credit_desk",
        "qinghai_2030": "green_finance_desk",
    }
    one, other = dossier(content()), dossier(content() | {"tags": EVERY_TAG})
    assert card_facts(one, AS_OF) == card_facts(other, AS_OF)
    assert rating_request(one, AS_OF) == rating_request(other, AS_OF)


def test_b11_an_investors_tag_is_neither_debt_nor_guarantee_nor_capital() -> None:
    one, other = dossier(content()), dossier(content() | {"tags": EVERY_TAG})
    assert other.content.tags
    assert limit_request(one, AS_OF) == limit_request(other, AS_OF)
    assert limit_request(other, AS_OF).guarantees == limit_request(one, AS_OF).guarantees


def test_b12_sums_by_flag_overlap_and_the_total_does_not(bundle: Bundle) -> None:
    flags = TAGS["strategic_flags"][1]
    loans = [
        booked("1", 30, ("strategic_flags", "technology"), ("strategic_flags", "green")),
        booked("2", 20, ("strategic_flags", "inclusive"), ("strategic_flags", "digital")),
        booked("3", 10, ("boc_sh_scenarios", "ai_finance")),
        booked("4", 5, ("strategic_flags", "technology"), on=date(2026, 12, 1)),
    ]
    found = strategic_flag_report(bundle.tag_lists(ON).values(), loans, ON)
    assert {row.flag: row.amount for row in found.flags} == dict(zip(flags, map(yuan, (30, 30, 20, 20)), strict=True))
    assert (found.loans, found.amount) == (2, yuan(50))


# --- registers --------------------------------------------------------------------------------------------------------


def test_a18_only_a_certified_project_is_worth_points(bundle: Bundle) -> None:
    """Standards and awards: none is 0 points, one or two are half of them (card_jsb_v1)."""
    assert bundle.initiative("icbc_commons", ON).awards_projects
    assert [item.id for item in bundle.initiatives(ON) if item.awards_projects] == ["icbc_commons"]

    def points(certificates: list[str] | None) -> Decimal:
        told = copy.deepcopy(content())
        told["technology"] = {
            **told.get("technology", {}),
            "standards_or_awards": {"value": 0},
            "innovation_certificates": certificates,
        }
        awards = card_facts(dossier(told), AS_OF).plain()["ip.standards_or_awards"]
        result = score(bundle.scorecard("card_jsb_v1", ON), {**WORKED_CARD, "ip.standards_or_awards": awards})
        assert result.points is not None
        return result.points

    assert points(["JB-2026-007"]) - points(None) == Decimal("2.0")
    assert points([]) == points(None)


def visit(**more: Any) -> VisitBody:
    return VisitBody.model_validate(
        {"programme": "abc_sh_123", "reference": "1", "visited_on": date(2025, 7, 25), "firm_name": "样例"} | more
    )


PLAIN_WEEK = BusinessCalendar(
    id="calendar.test",
    vintage="1",
    source="test",
    holidays=(),
    working_weekends=(),
    published_from=date(2025, 1, 1),
    published_through=date(2025, 12, 31),
)


@pytest.mark.parametrize(
    ("channel", "due_on"),
    [("integrated_services", date(2025, 8, 1)), ("investment_and_financing", date(2025, 7, 30)), (None, None)],
)
def test_a19_a_green_channel_says_by_when_a_need_is_answered(
    bundle: Bundle, channel: str | None, due_on: date | None
) -> None:
    """2025-07-25 is a Friday: five business days end on the next one, three on the Wednesday before."""
    campaign = bundle.initiative("abc_sh_123", ON)
    found = answer_due(visit(green_channel=channel, need={"purpose": "x"}), campaign, PLAIN_WEEK)
    assert found == due_on
    assert {item.id for item in campaign.green_channels} == {"integrated_services", "investment_and_financing"}


def test_a19_the_promise_is_kept_missed_or_running() -> None:
    due_on = date(2025, 8, 1)
    assert sla(due_on, None, due_on) == "running"
    assert sla(due_on, None, date(2025, 8, 2)) == "missed"
    assert sla(due_on, due_on, date(2025, 9, 1)) == "met"
    assert sla(due_on, date(2025, 8, 2), date(2025, 9, 1)) == "missed"
    assert sla(None, None, due_on) == "none"


def test_a19_a_channel_without_a_need_is_a_fault(bundle: Bundle) -> None:
    campaign = bundle.initiative("abc_sh_123", ON)
    found = {item.code for item in visit_faults([visit(green_channel="integrated_services")], campaign, {}, ON)}
    assert found == {"channel_without_need"}
    assert {item.code for item in visit_faults([visit(green_channel="slow")], campaign, {}, ON)} == {
        "unknown_channel",
        "channel_without_need",
    }


@pytest.mark.parametrize(
    ("visits", "needs", "day", "codes"),
    [
        (1127, 1100, date(2025, 7, 25), set()),
        (1127, 1101, date(2025, 7, 25), set()),
        (1127, 1099, date(2025, 7, 25), {"needs_checksum"}),
        (1126, 1100, date(2025, 7, 25), {"visits_checksum"}),
        (1128, 1100, date(2025, 7, 25), {"visits_checksum"}),
        (1127, 1100, date(2025, 7, 24), {"no_count_announced"}),
    ],
)
def test_a19_an_import_is_held_against_1127_visits_and_1100_needs(
    bundle: Bundle, visits: int, needs: int, day: date, codes: set[str]
) -> None:
    one = VisitEntry.model_validate({"reference": "1", "visited_on": "2025-07-01", "firm_name": "样例"})
    wanting = VisitEntry.model_validate({**one.model_dump(), "need": {"purpose": "x"}})
    entries = (wanting,) * needs + (one,) * (visits - needs)
    body = VisitImport(programme="abc_sh_123", counted_on=day, visits=entries)
    assert {item.code for item in checksum_faults(body, bundle.initiative("abc_sh_123", ON))} == codes
