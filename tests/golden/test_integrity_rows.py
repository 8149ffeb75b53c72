"""Fraud and consistency checks (domain paper §7, rows R1 to R20 and C3) by the shipped book, each through the function the
checks of a case call. Companies, servers and invoices are invented; figures are the paper's or worked out by hand here."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.application import (
    Accounts,
    ApplicationContent,
    AssetKind,
    AssetLine,
    BorrowerProfile,
    ComputeContract,
    Condition,
    ContractKind,
    CreditLineRequest,
    FundingSource,
    Invoice,
    LenderDebt,
    LineKind,
    Owner,
    Party,
    PartyRole,
    Payee,
    Provenance,
    Repayment,
    RepaymentMethod,
    ServerItem,
    SourceKind,
)
from domain.facts import Known
from domain.finding import Outcome
from domain.identity import uscc_check_character
from domain.integrity import (
    Attested,
    BureauReport,
    CheckId,
    CheckMoment,
    CommonBacker,
    CourtRecord,
    DrawingAsked,
    EarlierInvoiceUse,
    InvoiceRecord,
    KnownEntity,
    PayeeShare,
    PaymentMade,
    PeerPrice,
    PledgedElsewhere,
    RegistryExtract,
    SerialClash,
    ShortFacility,
    Tie,
    TieKind,
    TradeLeg,
)
from domain.money import ZERO, yuan
from policy.engine import Bundle
from services.origination.calc.integrity.examination import Examination, IntegrityInputs
from services.origination.calc.integrity.names import read_name, similarity
from services.origination.calc.integrity.pledges import card_of
from services.origination.calc.integrity.run import examine

ON = date(2026, 11, 23)
CASE = UUID(int=7)
SCREENING, DUE_DILIGENCE, DRAWING = CheckMoment.SCREENING, CheckMoment.DUE_DILIGENCE, CheckMoment.DRAWING


def code(number: int) -> str:
    body = f"91640500MA76X{number:04d}"
    return body + uscc_check_character(body)


BORROWER, VENDOR, BUYER, GUARANTOR, HOLDER = code(1), code(2), code(3), code(4), code(5)


def known(value: Any) -> Known[Any]:
    return Known(value=value)


def digest(letter: str) -> str:
    return letter * 64


def server(number: int = 1, **fields: Any) -> ServerItem:
    plain: dict[str, Any] = {
        "serial": f"SN-{number:05d}",
        "model": "X640",
        "gpu_type": "H100",
        "gpu_count": 8,
        "gpu_memory_gb": 80,
        "condition": Condition.NEW,
        "price_ex_vat": yuan(2_000_000),
        "vat_rate": Decimal("0.13"),
        "provenance": Provenance.OFFICIAL_CN,
    }
    return ServerItem(**(plain | fields))


def rack(*servers: ServerItem, **fields: Any) -> AssetLine:
    plain = {"key": "gpu", "kind": AssetKind.GPU_SERVER, "description": "servers", "existing": False}
    return AssetLine.model_validate(plain | {"servers": servers} | fields)


def payee(uscc: str = VENDOR, **fields: Any) -> Payee:
    plain: dict[str, Any] = {
        "key": "vendor",
        "name": "样例服务器有限公司",
        "uscc": uscc,
        "account": "6222000011112222",
        "bank": "样例银行",
        "amount": yuan(6_000_000),
        "new": False,
        "related": False,
    }
    return Payee(**(plain | fields))


def order(**fields: Any) -> ComputeContract:
    """A firm order of 60m with a deposit of a fifth."""
    plain: dict[str, Any] = {
        "key": "order",
        "number": "SL-1",
        "buyer_name": "样例云服务有限公司",
        "buyer_uscc": BUYER,
        "kind": known(ContractKind.FIRM),
        "amount": known(yuan(60_000_000)),
        "gpu_model": known("H20"),
        "quantity": known(256),
        "unit_price": known(Decimal("19531.25")),
        "starts": known(date(2027, 1, 1)),
        "advance_received": known(yuan(12_000_000)),
        "buyer_compute_capex": known(yuan(400_000_000)),
    }
    return ComputeContract.model_validate(plain | fields)


def content(**fields: Any) -> ApplicationContent:
    line = CreditLineRequest(
        key="main",
        product="jsb_wc",
        kind=fields.pop("line_kind", LineKind.TERM),
        amount=yuan(fields.pop("amount", 30_000_000)),
        tenor_months=12,
        purpose="operations",
        repayment=Repayment(method=RepaymentMethod.ANNUITY),
    )
    plain: dict[str, Any] = {
        "lender_id": "jsb",
        "application_date": ON,
        "lines": (line,),
        "parties": (
            Party(key="borrower", role=PartyRole.BORROWER, name="宁夏样例算力科技有限公司", uscc=BORROWER),
            Party(key="vendor", role=PartyRole.SUPPLIER, name="样例服务器有限公司", uscc=VENDOR),
            Party(key="buyer", role=PartyRole.OFFTAKER, name="样例云服务有限公司", uscc=BUYER),
            Party(key="guarantor", role=PartyRole.GUARANTOR, name="样例担保有限公司", uscc=GUARANTOR),
        ),
    }
    return ApplicationContent(**(plain | fields))


def inputs(moment: CheckMoment = DUE_DILIGENCE, **fields: Any) -> IntegrityInputs:
    """A case whose sources all answer that nothing is amiss, but for what a test says."""
    plain: dict[str, Any] = {
        "content_sha256": "0" * 64,
        "policy_sha256": "0" * 64,
        "pinned_on": ON,
        "as_of": ON,
        "case_id": CASE,
        "moment": moment,
        "working_capital": True,
        "same_payee_window_days": 30,
        "serial_clashes": (),
        "known_entities": (),
        "invoice_records": (),
        "registry": (),
        "courts": (),
        "bureau": (),
    }
    return IntegrityInputs(**(plain | fields))


def conclude(
    bundle: Bundle, check: CheckId, asked: IntegrityInputs, file: ApplicationContent | None = None
) -> Examination:
    """What one check concludes; the test fails where the policy does not run it at that moment."""
    found = [item for item in examine(asked, file or content(), bundle) if item.id is check]
    assert len(found) == 1, f"{check} was not concluded at {asked.moment}"
    return found[0]


def codes(seen: Examination) -> list[str]:
    return [reason.code for reason in seen.reasons]


def drawing(*payees: PayeeShare, invoices: tuple[Invoice, ...] = ()) -> DrawingAsked:
    return DrawingAsked(number="F1-U01", payees=payees or (share(VENDOR),), invoices=invoices)


def share(uscc: str, amount: int = 6_000_000, account: str = "a", **fields: Any) -> PayeeShare:
    return PayeeShare(
        key=fields.pop("key", "vendor"), uscc=uscc, account=digest(account), amount=yuan(amount), new=False, **fields
    )


# --- R1, R14, R11: things ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [SCREENING, DRAWING])
def test_r1_two_of_512_serials_on_another_registration_block(bundle: Bundle, moment: CheckMoment) -> None:
    file = content(assets=(rack(*[server(number) for number in range(512)]),))
    clashes = tuple(SerialClash(serial=f"SN-{number:05d}", case_number="SD2026-1") for number in (17, 401))
    asked = inputs(moment, serial_clashes=clashes, drawing=drawing() if moment is DRAWING else None)
    seen = conclude(bundle, CheckId.DUPLICATE_COLLATERAL, asked, file)
    assert seen.outcome() is Outcome.FAIL
    assert seen.trace[0].result == "2 of 512"
    assert seen.reasons[0].message_en == "2 of 512 servers secure another case already: SN-00017, SN-00401"


def test_r1_is_no_pass_while_the_register_of_collateral_is_silent(bundle: Bundle) -> None:
    seen = conclude(
        bundle,
        CheckId.DUPLICATE_COLLATERAL,
        inputs(SCREENING, serial_clashes=None),
        content(assets=(rack(server()),)),
    )
    assert seen.outcome() is Outcome.NOT_RUN


def test_r1_a_receivable_pledged_in_another_case_blocks(bundle: Bundle) -> None:
    asset = AssetLine(key="claim", kind=AssetKind.RECEIVABLE, description="claim", existing=True, contract_key="order")
    file = content(assets=(asset,), contracts=(order(),))
    other = PledgedElsewhere(asset_key="claim", what="receivable", case_number="SD2026-2")
    assert conclude(bundle, CheckId.DUPLICATE_COLLATERAL, inputs(SCREENING), file).outcome() is Outcome.PASS
    seen = conclude(bundle, CheckId.DUPLICATE_COLLATERAL, inputs(SCREENING, pledged_elsewhere=(other,)), file)
    assert (seen.outcome(), seen.reasons[0].subject) == (Outcome.FAIL, "/assets/0")


@pytest.mark.parametrize("moment", [SCREENING, DRAWING])
@pytest.mark.parametrize("what", ["data_content", "data_certificate"])
def test_r14_the_same_data_in_another_case_block(bundle: Bundle, moment: CheckMoment, what: str) -> None:
    asset = AssetLine(key="data", kind=AssetKind.DATA_ASSET, description="data", existing=True)
    other = PledgedElsewhere.model_validate({"asset_key": "data", "what": what, "case_number": "SD2026-3"})
    asked = inputs(moment, pledged_elsewhere=(other,), drawing=drawing() if moment is DRAWING else None)
    seen = conclude(bundle, CheckId.DUPLICATE_DATA, asked, content(assets=(asset,)))
    assert (seen.outcome(), seen.evidence) == (Outcome.FAIL, [f"data · {what} · SD2026-3"])


@pytest.mark.parametrize(
    ("listed", "memory", "device", "fault"),
    [
        ("H100", 96, None, "H100 96 GB"),  # an H20 sold as an H100
        ("H100", 80, "10de:2329", "H100 10de:2329"),
        ("RTX4090", 24, None, "4090 consumer card"),
        ("4090D", 24, None, "4090D consumer card"),
    ],
)
def test_r11_a_card_that_is_another_one_blocks(
    bundle: Bundle, listed: str, memory: int, device: str | None, fault: str
) -> None:
    item = server(gpu_type=listed, gpu_memory_gb=memory, pci_device_id=device)
    seen = conclude(bundle, CheckId.RELABELLED_HARDWARE, inputs(SCREENING), content(assets=(rack(item),)))
    assert seen.outcome() is Outcome.FAIL
    assert seen.evidence == [f"gpu · {fault} · SN-00001"]


@pytest.mark.parametrize(
    ("gpu", "memory", "device"),
    [
        ("A100", 40, "10de:20b0"),
        ("A100", 80, "10de:20b2"),
        ("A100", 80, "10de:20b5"),
        ("A100", 40, "10de:20f1"),
        ("A800", 80, "10de:20f3"),
        ("A800", 80, "10de:20f5"),
        ("H100", 94, "10de:2321"),
        ("H100", 80, "10de:2330"),
        ("H100", 80, "10de:2331"),
        ("H800", 80, "10de:2322"),
        ("H800", 80, "10de:2324"),
        ("H20", 96, "10de:2329"),
        ("H20-141G", 141, "10de:232c"),
        ("H200", 141, "10de:2335"),
        ("H200", 141, "10de:233b"),
        ("B200", 180, "10de:2901"),
        ("B200", 192, "10de:2901"),
        ("L20", 48, "10de:26ba"),
        ("L40", 48, "10de:26b5"),
        ("L40S", 48, "10de:26b9"),
        ("4090", 24, "10de:2684"),
        ("4090D", 24, "10de:2685"),
    ],
)
def test_r11_what_the_vendors_make_agrees_with_itself(bundle: Bundle, gpu: str, memory: int, device: str) -> None:
    policy = bundle.integrity(ON)
    assert policy is not None
    card = card_of(gpu, policy)
    assert card is not None
    assert card.gpu == gpu.removesuffix("-141G")
    assert memory in card.memory_gb
    assert device in card.device_ids
    item = server(gpu_type=gpu, gpu_memory_gb=memory, pci_device_id=device)
    seen = conclude(bundle, CheckId.RELABELLED_HARDWARE, inputs(SCREENING), content(assets=(rack(item),)))
    assert seen.outcome() is (Outcome.PASS if card.data_centre else Outcome.FAIL)
    other = server(gpu_type=gpu, gpu_memory_gb=memory, pci_device_id="ffff:ffff")
    seen = conclude(bundle, CheckId.RELABELLED_HARDWARE, inputs(SCREENING), content(assets=(rack(other),)))
    assert f"{card.gpu} ffff:ffff" in str(seen.evidence)


# --- R8: invoices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [SCREENING, DRAWING])
@pytest.mark.parametrize(("altered", "told"), [(False, "INVOICE_REUSED"), (True, "INVOICE_ALTERED")])
def test_r8_the_same_invoice_in_two_draws_blocks(bundle: Bundle, moment: CheckMoment, altered: bool, told: str) -> None:
    use = EarlierInvoiceUse(pointer="/invoices/0", case_number="SD2026-4", drawing_number="F0-U01", altered=altered)
    asked = inputs(moment, invoices_presented=1, invoice_uses=(use,), drawing=drawing() if moment is DRAWING else None)
    seen = conclude(bundle, CheckId.INVOICE_REUSED, asked)
    assert (seen.outcome(), codes(seen)) == (Outcome.FAIL, [told])


BILL = Invoice(code="3100224130", number="00012345", issued=date(2026, 11, 2), amount=yuan(100), check_code="123456")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("valid", Outcome.PASS),
        ("void", Outcome.FAIL),
        ("red_letter", Outcome.FAIL),
        ("unknown", Outcome.FAIL),
        (None, Outcome.NOT_RUN),
    ],
)
@pytest.mark.parametrize("moment", [SCREENING, DRAWING])
def test_r8_a_void_or_reversed_invoice_blocks(
    bundle: Bundle, moment: CheckMoment, status: str | None, outcome: Outcome
) -> None:
    answers = () if status is None else (InvoiceRecord.model_validate({"mark": BILL.mark(), "status": status}),)
    asked = inputs(moment, invoice_records=answers, drawing=drawing(invoices=(BILL,)) if moment is DRAWING else None)
    file = content(contracts=(order(invoices=(BILL,)),))
    assert conclude(bundle, CheckId.INVOICE_VOID, asked, file).outcome() is outcome


def test_r8_without_the_tax_authority_nothing_is_concluded(bundle: Bundle) -> None:
    file = content(contracts=(order(invoices=(BILL,)),))
    seen = conclude(bundle, CheckId.INVOICE_VOID, inputs(SCREENING, invoice_records=None), file)
    assert seen.outcome() is Outcome.NOT_RUN


# --- R4, R9, C3: who deals with whom -----------------------------------------------------------------------------------


def ring(length: int, *, days: int, start: date = ON) -> tuple[TradeLeg, ...]:
    """Money that passes through ``length`` companies and comes back, the last leg so many days after the first."""
    names = [BORROWER, *[code(100 + number) for number in range(length - 1)], BORROWER]
    return tuple(
        TradeLeg(
            payer=names[place],
            payee=names[place + 1],
            on=start + timedelta(days=days if place == length - 1 else 0),
            source="transfer",
        )
        for place in range(length)
    )


@pytest.mark.parametrize(
    ("length", "days", "outcome"),
    [
        (5, 30, Outcome.REFER),
        (6, 30, Outcome.PASS),
        (5, 31, Outcome.PASS),
        (2, 0, Outcome.REFER),
    ],
)
@pytest.mark.parametrize("moment", [DUE_DILIGENCE, DRAWING])
def test_r4_money_that_returns_within_five_legs_and_thirty_days_refers(
    bundle: Bundle, moment: CheckMoment, length: int, days: int, outcome: Outcome
) -> None:
    asked = inputs(moment, legs=ring(length, days=days), drawing=drawing() if moment is DRAWING else None)
    assert conclude(bundle, CheckId.CIRCULAR_TRADE, asked).outcome() is outcome


REGISTERED = tuple(
    RegistryExtract(uscc=uscc, name="样例有限公司", status="active") for uscc in (BORROWER, VENDOR, BUYER)
)
"""The registry's word on all sides of a trade: that nothing ties them is known."""


def owner(subject: str, other: str, part: str) -> Tie:
    return Tie(subject=subject, kind=TieKind.OWNER, other=other, share=Decimal(part))


@pytest.mark.parametrize(
    ("ties", "outcome"),
    [
        ((owner(BORROWER, HOLDER, "0.25"), owner(BUYER, HOLDER, "0.25")), Outcome.REFER),
        ((owner(BORROWER, HOLDER, "0.2499"), owner(BUYER, HOLDER, "0.60")), Outcome.PASS),
        # 0.5 × 0.5 through a company between them is a quarter; 0.49 × 0.5 is not.
        (
            (owner(BUYER, code(6), "0.5"), owner(code(6), HOLDER, "0.5"), owner(BORROWER, HOLDER, "0.6")),
            Outcome.REFER,
        ),
        (
            (owner(BUYER, code(6), "0.49"), owner(code(6), HOLDER, "0.5"), owner(BORROWER, HOLDER, "0.6")),
            Outcome.PASS,
        ),
        ((owner(BUYER, BORROWER, "0.30"),), Outcome.REFER),
    ],
)
def test_r9_buyers_with_an_owner_of_a_quarter_in_common_refer(
    bundle: Bundle, ties: tuple[Tie, ...], outcome: Outcome
) -> None:
    file = content(contracts=(order(),))
    seen = conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=REGISTERED, ties=ties), file)
    assert seen.outcome() is outcome
    if outcome is Outcome.REFER:
        assert codes(seen) == ["RELATED_BUYER"]
        assert "60,000,000.00" in seen.reasons[0].message_en


def test_r9_of_whom_nothing_is_known_nothing_is_concluded(bundle: Bundle) -> None:
    """A buyer that neither file nor registry ties to anybody is not thereby unrelated; one that is tied to the borrower is found
    without the registry."""
    file = content(contracts=(order(),))
    seen = conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=REGISTERED[:2]), file)
    assert (seen.outcome(), codes(seen)) == (Outcome.NOT_RUN, ["SOURCE_SILENT"])
    assert BUYER in seen.reasons[0].message_en
    alone = conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=None), file)
    assert (alone.outcome(), alone.examined) == (Outcome.NOT_RUN, 0)
    ties = (owner(BORROWER, HOLDER, "0.60"), owner(VENDOR, HOLDER, "0.60"), owner(BUYER, code(6), "1"))
    tied = conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=None, ties=ties), file)
    assert (tied.outcome(), codes(tied)) == (Outcome.REFER, ["RELATED_SUPPLIER"])


def test_r9_a_chain_is_followed_four_ties_up(bundle: Bundle) -> None:
    """Borrower ← 1 ← 2 ← 3 ← holder is four ties; a fifth is not followed."""
    up = [code(number) for number in (11, 12, 13, 14)]
    names = [BORROWER, *up]
    ties = [owner(names[place], names[place + 1], "1") for place in range(4)]
    near = (*ties, owner(VENDOR, up[3], "1"))
    far = (*ties, owner(up[3], code(15), "1"), owner(VENDOR, code(15), "1"))
    assert (
        conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=REGISTERED, ties=near)).outcome()
        is Outcome.REFER
    )
    assert (
        conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=REGISTERED, ties=far)).outcome() is Outcome.PASS
    )


@pytest.mark.parametrize("kind", [TieKind.DIRECTOR, TieKind.PHONE, TieKind.ADDRESS, TieKind.ACCOUNT])
def test_r9_suppliers_who_share_what_companies_do_not_share_refer(bundle: Bundle, kind: TieKind) -> None:
    mark = digest("b")
    ties = tuple(Tie(subject=subject, kind=kind, other=mark) for subject in (BORROWER, VENDOR))
    seen = conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=REGISTERED, ties=ties))
    assert (seen.outcome(), codes(seen)) == (Outcome.REFER, ["RELATED_SUPPLIER"])
    common = conclude(bundle, CheckId.RELATED_COUNTERPARTY, inputs(registry=REGISTERED, ties=ties, shared=(mark,)))
    assert common.outcome() is Outcome.PASS


def test_c3_a_guarantor_and_a_supplier_in_common_refer_and_group_nobody(bundle: Bundle) -> None:
    backer = CommonBacker(borrower_uscc=code(8), guarantor_uscc=GUARANTOR, supplier_uscc=VENDOR)
    assert conclude(bundle, CheckId.SUSPECTED_LINK, inputs()).outcome() is Outcome.PASS
    seen = conclude(bundle, CheckId.SUSPECTED_LINK, inputs(common_backers=(backer,)))
    assert (seen.outcome(), codes(seen)) == (Outcome.REFER, ["SUSPECTED_LINK"])


# --- R6: names ---------------------------------------------------------------------------------------------------------

JINAN = KnownEntity(uscc=code(9), names=("国家超级计算济南中心",))


def test_r6_the_disowned_jinan_supercomputing_centre_refers(bundle: Bundle) -> None:
    file = content(contracts=(order(buyer_name="济南超算中心"),))
    seen = conclude(bundle, CheckId.LOOK_ALIKE, inputs(known_entities=(JINAN,)), file)
    assert (seen.outcome(), seen.evidence) == (Outcome.REFER, [f"{BUYER} · {code(9)} · 1.00"])
    genuine = content(contracts=(order(buyer_name="国家超级计算济南中心", buyer_uscc=code(9)),))
    assert conclude(bundle, CheckId.LOOK_ALIKE, inputs(known_entities=(JINAN,)), genuine).outcome() is Outcome.PASS


def test_r6_without_a_list_of_known_entities_nothing_is_concluded(bundle: Bundle) -> None:
    assert conclude(bundle, CheckId.LOOK_ALIKE, inputs(known_entities=None)).outcome() is Outcome.NOT_RUN


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("国家超级计算济南中心", "济南超算中心", True),
        ("国家超级计算济南中心", "国家超级计算无锡中心", False),  # another place
        ("曙光信息产业股份有限公司", "署光信息产业有限公司", True),  # sounds the same
        ("示例智算装备（北京）有限公司", "示例智算装备(上海)有限公司", False),  # a daughter in another city
        ("示例智算装备有限公司", "ＳＨＩ示例智算装备有限公司", False),
        # Nine of ten syllables the same is more than 0.8, four of five is not.
        ("一二三四五六七八九十有限公司", "一二三四五六七八九百有限公司", True),
        ("样例云服务有限公司", "样例云业务有限公司", False),
    ],
)
def test_r6_names_more_alike_than_four_fifths_are_looked_into(
    bundle: Bundle, one: str, other: str, alike: bool
) -> None:
    entity = KnownEntity(uscc=code(9), names=(one,))
    file = content(contracts=(order(buyer_name=other),), parties=content().parties[:1])
    seen = conclude(bundle, CheckId.LOOK_ALIKE, inputs(known_entities=(entity,)), file)
    assert seen.outcome() is (Outcome.REFER if alike else Outcome.PASS)


LEGAL_FORMS = (
    "股份有限责任公司", "有限责任公司", "股份有限公司", "集团有限公司", "有限公司", "集团公司", "分公司", "公司", "集团",
    "有限合伙", "合伙企业", "研究院", "中心",
)  # fmt: skip


@pytest.mark.parametrize("form", LEGAL_FORMS)
def test_r6_the_legal_form_tells_nobody_apart(bundle: Bundle, form: str) -> None:
    policy = bundle.integrity(ON)
    assert policy is not None
    assert form in policy.names.legal_forms
    assert read_name(f"甲乙丙{form}", policy.names).core == "甲乙丙"


@pytest.mark.parametrize("word", ["中华人民共和国", "国家级", "国家", "中国", "全国"])
def test_r6_weight_in_front_of_a_name_tells_nobody_apart(bundle: Bundle, word: str) -> None:
    policy = bundle.integrity(ON)
    assert policy is not None
    assert word in policy.names.ornaments
    assert read_name(f"{word}甲乙丙有限公司", policy.names).core == "甲乙丙"


@pytest.mark.parametrize(
    ("long", "short"),
    [("超级计算", "超算"), ("智能计算", "智算"), ("人工智能", "智能"), ("科学技术", "科技")],
)
def test_r6_an_abbreviation_is_the_same_name(bundle: Bundle, long: str, short: str) -> None:
    policy = bundle.integrity(ON)
    assert policy is not None
    one, other = (read_name(f"甲乙{word}有限公司", policy.names) for word in (long, short))
    assert similarity(one, other) == 1


PLACES = [
    "北京", "天津", "上海", "重庆", "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽", "福建", "江西",
    "山东", "河南", "湖北", "湖南", "广东", "海南", "四川", "贵州", "云南", "陕西", "甘肃", "青海", "台湾", "内蒙古",
    "广西", "西藏", "宁夏", "新疆", "香港", "澳门", "石家庄", "太原", "沈阳", "长春", "哈尔滨", "南京", "杭州", "合肥",
    "福州", "南昌", "济南", "郑州", "武汉", "长沙", "广州", "海口", "成都", "贵阳", "昆明", "西安", "兰州", "西宁",
    "呼和浩特", "南宁", "拉萨", "银川", "乌鲁木齐", "大连", "青岛", "宁波", "厦门", "深圳", "苏州", "无锡", "常州", "南通",
    "佛山", "东莞", "珠海", "中卫", "庆阳", "张家口", "乌兰察布", "芜湖", "韶关", "雄安",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_r6_a_place_is_read_wherever_it_stands(bundle: Bundle, place: str) -> None:
    policy = bundle.integrity(ON)
    assert policy is not None
    for name in (
        f"{place}甲乙丙有限公司",
        f"甲乙丙（{place}）有限公司",
        f"国家甲乙丙{place}中心",
        f"{place}市甲乙丙公司",
    ):
        read = read_name(name, policy.names)
        assert (read.places, read.core) == ({place}, "甲乙丙"), name


# --- R5, R10: orders and prices ----------------------------------------------------------------------------------------


def ordered(**fields: Any) -> ApplicationContent:
    asset = AssetLine(
        key="order", kind=AssetKind.COMPUTE_ORDER, description="order", existing=True, contract_key="order"
    )
    return content(assets=(asset,), contracts=(order(**fields),))


def test_r5_a_framework_order_without_deposit_model_quantity_price_and_date_refers(bundle: Bundle) -> None:
    """海南华铁: 36.9 亿, a framework, no prepayment, no model, no volume, no date."""
    soft = ordered(
        kind=known(ContractKind.FRAMEWORK),
        amount=known(yuan(3_690_000_000)),
        gpu_model=None,
        quantity=None,
        unit_price=None,
        starts=None,
        advance_received=known(ZERO),
        buyer_compute_capex=None,
    )
    seen = conclude(bundle, CheckId.SOFT_ORDER, inputs(), soft)
    assert seen.outcome() is Outcome.REFER
    assert codes(seen) == [
        "ORDER_WITHOUT_GPU_MODEL",
        "ORDER_WITHOUT_QUANTITY",
        "ORDER_WITHOUT_UNIT_PRICE",
        "ORDER_WITHOUT_STARTS",
        "ORDER_NOT_BINDING",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"advance_received": known(yuan(3_000_000))}, []),  # 5 % of 60m
        ({"advance_received": known(yuan("2999999.99"))}, ["ORDER_NOT_BINDING"]),
        ({"advance_received": known(ZERO), "kind": known(ContractKind.TAKE_OR_PAY)}, []),
        ({"advance_received": None}, ["ORDER_DEPOSIT_UNKNOWN"]),
        ({"buyer_compute_capex": known(yuan(120_000_000))}, []),  # half of what the buyer spends
        ({"buyer_compute_capex": known(yuan("119999999.99"))}, ["ORDER_TOO_LARGE"]),
    ],
)
def test_r5_deposit_and_size_of_an_order(bundle: Bundle, fields: dict[str, Any], expected: list[str]) -> None:
    assert codes(conclude(bundle, CheckId.SOFT_ORDER, inputs(), ordered(**fields))) == expected


def test_r5_an_order_that_is_lent_on_and_not_pledged_is_looked_at_as_well(bundle: Bundle) -> None:
    line = content().lines[0].model_copy(update={"product": "jsb_order", "purpose": "order_financing"})
    file = content(lines=(line,), contracts=(order(advance_received=known(ZERO)),))
    assert codes(conclude(bundle, CheckId.SOFT_ORDER, inputs(), file)) == ["ORDER_NOT_BINDING"]
    assert not [
        seen for seen in examine(inputs(), content(contracts=(order(),)), bundle) if seen.id is CheckId.SOFT_ORDER
    ]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (2_500_000, []),  # 8 × 312,500 is 250,000 + 25 %
        (2_500_001, ["PRICE_OUTLIER"]),
        (1_500_000, []),
        (1_499_999, ["PRICE_OUTLIER"]),
        (399_999, ["PRICE_BELOW_FLOOR", "PRICE_OUTLIER"]),  # M2: below 50,000 a card
    ],
)
def test_r10_a_price_a_quarter_off_the_reference_refers(bundle: Bundle, price: int, expected: list[str]) -> None:
    file = content(assets=(rack(server(price_ex_vat=yuan(price))),))
    seen = conclude(bundle, CheckId.PRICE_OUTLIER, inputs(), file)
    assert codes(seen) == expected
    assert seen.outcome() is (Outcome.REFER if expected else Outcome.PASS)


@pytest.mark.parametrize(("cases", "outcome"), [(5, Outcome.REFER), (4, None)])
def test_r10_five_other_cases_make_a_price(bundle: Bundle, cases: int, outcome: Outcome | None) -> None:
    """184,375 a GPU against 300,000 elsewhere is 38.5 % off; of four other cases nothing is said."""
    peer = PeerPrice(gpu_type="H20-141G", median_per_gpu=Decimal(300_000), cases=cases)
    item = server(gpu_type="H20-141G", gpu_memory_gb=141, price_ex_vat=yuan(1_475_000))
    file = content(assets=(rack(item),))
    found = [seen for seen in examine(inputs(peers=(peer,)), file, bundle) if seen.id is CheckId.PRICE_OUTLIER]
    assert [seen.outcome() for seen in found] == ([] if outcome is None else [outcome])


@pytest.mark.parametrize(("amount", "outcome"), [(10_000_000, Outcome.PASS), (10_000_001, Outcome.REFER)])
def test_r10_a_leaseback_above_book_refers(bundle: Bundle, amount: int, outcome: Outcome) -> None:
    file = content(line_kind=LineKind.LEASE, amount=amount, assets=(rack(existing=True, cost=yuan(10_000_000)),))
    assert conclude(bundle, CheckId.PRICE_OUTLIER, inputs(), file).outcome() is outcome


# --- R17, R19, R18: money ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["借款", "贷款", "拆借", "融资款", "信托", "垫资", "过桥", "borrowed", "loan", "bridge"]
)
def test_r17_capital_whose_origin_is_a_debt_refers(bundle: Bundle, word: str) -> None:
    policy = bundle.integrity(ON)
    assert policy is not None
    assert word in policy.capital.debt_words
    source = FundingSource(kind=SourceKind.OWN_CASH, amount=yuan(20_000_000), origin=known(f"股东 {word} 转入"))
    seen = conclude(bundle, CheckId.BORROWED_CAPITAL, inputs(), content(sources=(source,)))
    assert (seen.outcome(), codes(seen)) == (Outcome.REFER, ["CAPITAL_FROM_DEBT"])


@pytest.mark.parametrize(
    "word",
    ["借款人", "贷款人", "借款企业", "无借款", "非借款", "无贷款", "非贷款", "borrower", "no loan", "not borrowed"],
)
def test_r17_speaking_of_the_borrower_is_no_debt(bundle: Bundle, word: str) -> None:
    policy = bundle.integrity(ON)
    assert policy is not None
    assert word in policy.capital.harmless_words
    source = FundingSource(kind=SourceKind.RETAINED_PROFIT, amount=yuan(1), origin=known(f"自有资金 {word}"))
    seen = conclude(bundle, CheckId.BORROWED_CAPITAL, inputs(), content(sources=(source,)))
    assert seen.outcome() is Outcome.PASS


def test_r17_capital_whose_origin_nobody_traced_is_no_pass(bundle: Bundle) -> None:
    source = FundingSource(kind=SourceKind.OWN_CASH, amount=yuan(20_000_000))
    seen = conclude(bundle, CheckId.BORROWED_CAPITAL, inputs(), content(sources=(source,)))
    assert (seen.outcome(), codes(seen)) == (Outcome.NOT_RUN, ["SOURCE_SILENT"])


@pytest.mark.parametrize(
    ("paid_on", "balance", "outcome"),
    [
        (ON - timedelta(days=300), 20_000_000, Outcome.REFER),
        (ON - timedelta(days=300), 20_000_001, Outcome.PASS),
        (ON - timedelta(days=373), 20_000_000, Outcome.PASS),  # more than twelve months back
    ],
)
def test_r17_capital_that_equals_a_debt_of_its_time_refers(
    bundle: Bundle, paid_on: date, balance: int, outcome: Outcome
) -> None:
    source = FundingSource(
        kind=SourceKind.OWN_CASH,
        amount=yuan(50_000_000),
        paid_in=yuan(20_000_000),
        paid_on=paid_on,
        origin=known("股东自有资金"),
    )
    debt = LenderDebt(lender="样例控股", balance=yuan(balance), secured=False)
    accounts = Accounts(period_end=date(2026, 9, 30), audited=True, scope="solo", debt=(debt,))
    profile = BorrowerProfile(owners=(Owner(kind="entity", entity_name="样例控股", share=Decimal("0.8")),))
    file = content(sources=(source,), accounts=(accounts,), borrower=profile)
    seen = conclude(bundle, CheckId.BORROWED_CAPITAL, inputs(), file)
    assert seen.outcome() is outcome
    if outcome is Outcome.REFER:
        assert "owner" in seen.evidence[0]


@pytest.mark.parametrize("moment", [DUE_DILIGENCE, DRAWING])
def test_r19_working_capital_to_a_vendor_of_fixed_assets_refers(bundle: Bundle, moment: CheckMoment) -> None:
    asked = inputs(moment, asset_vendors=(VENDOR,), drawing=drawing() if moment is DRAWING else None)
    seen = conclude(bundle, CheckId.SHORT_LOANS_FOR_ASSETS, asked, content(payees=(payee(),)))
    assert (seen.outcome(), codes(seen)) == (Outcome.REFER, ["WORKING_CAPITAL_TO_ASSET_VENDOR"])


def paid(uscc: str = VENDOR, *, days_ago: int = 40, account: str = "a", working_capital: bool = True) -> PaymentMade:
    return PaymentMade(
        payee=uscc,
        account=digest(account),
        amount=yuan(6_000_000),
        made_on=ON - timedelta(days=days_ago),
        facility="F0",
        working_capital=working_capital,
    )


def test_r19_earlier_working_capital_that_went_to_assets_refers(bundle: Bundle) -> None:
    asked = inputs(asset_vendors=(VENDOR,), payments=(paid(), paid(working_capital=False)))
    seen = conclude(bundle, CheckId.SHORT_LOANS_FOR_ASSETS, asked)
    assert codes(seen) == ["WORKING_CAPITAL_WENT_TO_ASSETS"]
    assert seen.evidence == [f"F0 · {VENDOR} · 6,000,000.00 CNY"]


@pytest.mark.parametrize(
    ("months", "renewals", "outcome"),
    [(12, 3, Outcome.REFER), (12, 2, Outcome.PASS), (13, 3, Outcome.PASS)],
)
def test_r19_short_loans_rolled_three_times_refer(bundle: Bundle, months: int, renewals: int, outcome: Outcome) -> None:
    chain = tuple(
        ShortFacility(number=f"F{place}", effective_on=date(2024 + place // 2, 1, 1), months=months, replaces=place > 0)
        for place in range(renewals + 1)
    )
    assert conclude(bundle, CheckId.SHORT_LOANS_FOR_ASSETS, inputs(short_facilities=chain)).outcome() is outcome


def test_r18_two_codes_with_one_account_refer(bundle: Bundle) -> None:
    asked = inputs(DRAWING, drawing=drawing(share(VENDOR), share(BUYER, key="second")))
    seen = conclude(bundle, CheckId.SPLIT_PAYMENT, asked)
    assert (seen.outcome(), codes(seen)) == (Outcome.REFER, ["ACCOUNT_UNDER_TWO_CODES"] * 2)


@pytest.mark.parametrize(("days_ago", "told"), [(3, ["PAYEES_ARE_ONE"]), (30, ["PAYEES_ARE_ONE"]), (31, [])])
def test_r18_six_and_six_millions_to_one_owner_are_twelve(bundle: Bundle, days_ago: int, told: list[str]) -> None:
    ties = (owner(VENDOR, HOLDER, "0.9"), owner(BUYER, HOLDER, "0.9"))
    asked = inputs(
        DRAWING, drawing=drawing(share(VENDOR)), payments=(paid(BUYER, days_ago=days_ago, account="b"),), ties=ties
    )
    seen = conclude(bundle, CheckId.SPLIT_PAYMENT, asked)
    assert (seen.outcome(), codes(seen)) == (Outcome.PASS, told)
    if told:
        assert "12,000,000.00" in seen.reasons[0].message_en


# --- R2, R3, R12, R15, R20: what only others can say -------------------------------------------------------------------


@pytest.mark.parametrize("moment", [DUE_DILIGENCE, DRAWING])
def test_r2_servers_that_nobody_attested_are_no_pass(bundle: Bundle, moment: CheckMoment) -> None:
    there = content(assets=(rack(server(), existing=True),))
    extra = {"drawing": drawing() if moment is DRAWING else None}
    assert conclude(bundle, CheckId.PHANTOM_SERVERS, inputs(moment, **extra), there).outcome() is Outcome.NOT_RUN
    for outcome, expected in ((Outcome.PASS, Outcome.PASS), (Outcome.FAIL, Outcome.REFER)):
        attested = (Attested(listed=1, attested=int(outcome is Outcome.PASS), outcome=outcome),)
        asked = inputs(moment, attested=attested, **extra)
        assert conclude(bundle, CheckId.PHANTOM_SERVERS, asked, there).outcome() is expected


@pytest.mark.parametrize(
    ("check", "moment"),
    [
        (CheckId.SHOWN_TWICE, DRAWING),
        (CheckId.UTILISATION_THEATRE, DUE_DILIGENCE),
        (CheckId.TELEMETRY_TAMPERED, DUE_DILIGENCE),
    ],
)
def test_r3_r12_r20_are_not_run_without_their_source(bundle: Bundle, check: CheckId, moment: CheckMoment) -> None:
    file = content(assets=(rack(server()),))
    asked = inputs(moment, drawing=drawing() if moment is DRAWING else None)
    assert conclude(bundle, check, asked, file).outcome() is Outcome.NOT_RUN


def test_r15_a_new_payee_is_not_called_back(bundle: Bundle) -> None:
    new = PayeeShare(key="vendor", uscc=VENDOR, account=digest("a"), amount=yuan(1), new=True)
    seen = conclude(bundle, CheckId.OWNER_IMPERSONATION, inputs(DRAWING, drawing=drawing(new)))
    assert seen.outcome() is Outcome.NOT_RUN


# --- sources outside ---------------------------------------------------------------------------------------------------


def registered(uscc: str, name: str, status: str = "active") -> RegistryExtract:
    return RegistryExtract.model_validate({"uscc": uscc, "name": name, "status": status})


ALL = tuple(registered(party.uscc, party.name) for party in content().parties)


@pytest.mark.parametrize(
    ("fields", "outcome", "told"),
    [
        ({"registry": ALL}, Outcome.PASS, []),
        ({"registry": ALL[:-1], "unregistered": (GUARANTOR,)}, Outcome.REFER, ["NOT_REGISTERED"]),
        (
            {"registry": (*ALL[:-1], registered(GUARANTOR, "样例担保有限公司", "revoked"))},
            Outcome.REFER,
            ["NOT_ACTIVE"],
        ),
        (
            {"registry": (*ALL[:-1], registered(GUARANTOR, "另一家担保有限公司"))},
            Outcome.REFER,
            ["REGISTERED_NAME_DIFFERS"],
        ),
        ({"registry": ALL[:-1]}, Outcome.NOT_RUN, ["SOURCE_SILENT"]),
        ({"registry": None}, Outcome.NOT_RUN, ["SOURCE_SILENT"]),
    ],
)
def test_r6_the_business_registry_confirms_code_name_and_state(
    bundle: Bundle, fields: dict[str, Any], outcome: Outcome, told: list[str]
) -> None:
    seen = conclude(bundle, CheckId.REGISTRY_RECORD, inputs(**fields))
    assert (seen.outcome(), codes(seen)) == (outcome, told)


@pytest.mark.parametrize("moment", [DUE_DILIGENCE, DRAWING])
@pytest.mark.parametrize(
    ("dishonest", "open_cases", "outcome"),
    [(False, 0, Outcome.PASS), (True, 0, Outcome.REFER), (False, 1, Outcome.REFER)],
)
def test_courts_name_dishonest_debtors(
    bundle: Bundle, moment: CheckMoment, dishonest: bool, open_cases: int, outcome: Outcome
) -> None:
    records = tuple(
        CourtRecord(uscc=uscc, dishonest_debtor=dishonest, open_enforcements=open_cases)
        for uscc in (BORROWER, GUARANTOR)
    )
    asked = inputs(moment, courts=records, drawing=drawing() if moment is DRAWING else None)
    assert conclude(bundle, CheckId.COURT_RECORD, asked).outcome() is outcome


@pytest.mark.parametrize(
    ("overdue", "written_off", "below", "outcome"),
    [
        (0, False, 0, Outcome.PASS),
        (1, False, 0, Outcome.REFER),
        (0, True, 0, Outcome.REFER),
        (0, False, 1, Outcome.REFER),
    ],
)
def test_the_bureau_tells_of_overdue_loans(
    bundle: Bundle, overdue: int, written_off: bool, below: int, outcome: Outcome
) -> None:
    reports = tuple(
        BureauReport(
            uscc=uscc,
            consent_sha256=digest("c"),
            overdue=yuan(overdue),
            written_off=written_off,
            attention_classes=below,
        )
        for uscc in (BORROWER, GUARANTOR)
    )
    assert conclude(bundle, CheckId.BUREAU_RECORD, inputs(bureau=reports)).outcome() is outcome


def test_the_bureau_is_no_pass_for_whom_nobody_may_ask_about(bundle: Bundle) -> None:
    report = BureauReport(
        uscc=BORROWER, consent_sha256=digest("c"), overdue=ZERO, written_off=False, attention_classes=0
    )
    assert conclude(bundle, CheckId.BUREAU_RECORD, inputs(bureau=(report,))).outcome() is Outcome.NOT_RUN


@pytest.mark.parametrize(("on", "stands"), [(date(2026, 11, 19), False), (date(2026, 11, 20), True)])
def test_the_checks_are_in_force_from_their_day(bundle: Bundle, on: date, stands: bool) -> None:
    """A case pinned before has none of them, and what was concluded then stays as it was."""
    found = examine(inputs(SCREENING, pinned_on=on), content(assets=(rack(server()),)), bundle)
    assert bool(found) is stands
