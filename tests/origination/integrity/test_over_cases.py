"""Fraud and consistency checks over several cases: what one case leaves behind is found when the next is checked."""

import json
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import create_engine as sync_engine
from sqlalchemy import text
from sqlalchemy.pool import NullPool
from sqlmodel import select

from domain.application import ApplicationContent
from domain.finding import Finding
from domain.integrity import CheckId, IntegrityConclusion
from domain.process import CaseStep, CheckResult
from services.origination.calc.integrity.examination import IntegrityInputs
from services.origination.calc.integrity.run import examine
from services.origination.outside.simulator import simulated
from services.origination.store.events import verify
from services.origination.store.integrity import books_of_all_cases
from services.origination.store.traces import left_untraced, trace_left
from services.origination.tables.base import findings
from services.origination.tables.cases import Application, ApplicationVersion, CaseFinding
from tests.fixtures.postgres import DatabaseUrls
from tests.origination.house import House, book, read
from tests.origination.sample import (
    BORROWER,
    OFFTAKER,
    SUPPLIER,
    TODAY,
    UNKNOWN,
    Draft,
    content,
    known,
    prepared,
    uscc,
    yuan,
)

GUARANTOR = uscc(4001)
CERTIFICATE = "京数登字2026第0001号"
EVALUATION = [
    "transferable", "exclusive", "sublicensing_allowed", "public_data_within_authorisation", "important_data_assessed", "escrowed",
    "personal_share", "conformity", "completeness", "accuracy", "consistency", "timeliness",
    "accessibility", "tested_on", "acquisition_cost", "processing_cost", "storage_cost", "governance_cost",
    "circulation", "scarcity", "realisation_risk", "refresh_months", "contract_months",
]  # fmt: skip


async def submitted(house: House, number: int = 1001, **sections: Any) -> Draft:
    draft = await prepared(house, number=number, prefix=f"SN-{number}-")
    if any(party["role"] == "guarantor" for party in sections.get("parties", ())):
        profile = (await read(await draft.manager.get(draft.address), 200))["content"]["borrower"]
        consent = {**profile["query_consents"][0], "subject_kind": "guarantor", "subject_uscc": GUARANTOR}
        sections["borrower"] = {**profile, "query_consents": [*profile["query_consents"], consent]}
    if sections:
        await read(await draft.patch(sections), 200)
    await read(await draft.submit(), 202)
    return draft


async def checked(house: House, draft: Draft, name: str) -> CheckResult:
    worker = await house.worker()
    step = CaseStep(case_id=UUID(draft.case_id), workflow_id=f"application-{uuid4()}", step=name, as_of=TODAY)
    return await worker.check(name, step)


async def page(draft: Draft) -> dict[str, Any]:
    found: dict[str, Any] = await read(await draft.manager.get(f"{draft.address}/integrity"), 200)
    return found


def told(view: dict[str, Any], check: CheckId) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in view["items"] if item["check"] == check.value)
    return found


def receivable(key: str = "claim") -> dict[str, Any]:
    return {
        "key": key,
        "kind": "receivable",
        "description": "算力服务应收账款",
        "existing": True,
        "contract_key": "rent",
        "encumbrances": [],
    }


def parties(number: int, *more: dict[str, str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(json.dumps(content("", "0" * 64)["parties"]))
    found[0]["uscc"] = uscc(number)
    return [*found, *more]


async def test_every_check_is_a_finding_of_its_own_that_can_be_recomputed(house: House) -> None:
    draft = await submitted(house)
    for name in ("screening", "cross_checks"):
        assert (await checked(house, draft, name)).outcome == "pass"
    view = await page(draft)
    assert [item["check"] for item in view["items"]] == [
        check.id.value
        for check in book().integrity(TODAY).checks  # type: ignore[union-attr]
        if check.id.value in {item["check"] for item in view["items"]}
    ]
    assert {CheckId.SHOWN_TWICE.value}.isdisjoint(item["check"] for item in view["items"])  # asked of a drawing only
    assert told(view, CheckId.DUPLICATE_COLLATERAL)["outcome"] == "pass"
    assert set(view["not_run"]) >= {"R12_UTILISATION_THEATRE", "REGISTRY_RECORD", "BUREAU_RECORD"}
    async with house.database.session() as session:
        rows = (await session.exec(select(CaseFinding).where(CaseFinding.kind.startswith("integrity.")))).all()  # type: ignore[attr-defined]
        version = (await session.exec(select(ApplicationVersion))).one()
        assert len(rows) == len(view["items"])
        for row in rows:
            kept = await findings.get(session, row.finding_id, Finding[IntegrityConclusion])
            assert kept is not None
            inputs = IntegrityInputs.model_validate(await findings.inputs(session, kept.inputs_sha256))
            again = {
                f"integrity.{seen.id.value.lower()}": seen
                for seen in examine(inputs, ApplicationContent.model_validate(version.content), book())
            }[row.kind]
            renewed = kept.model_copy(
                update={
                    "outcome": again.outcome(),
                    "value": again.value(),
                    "reasons": tuple(again.reasons),
                    "trace": tuple(again.trace),
                }
            )
            assert renewed.sha256() == kept.sha256() == row.sha256
        assert (await verify(session, UUID(draft.case_id))).intact


async def test_r14_a_receivable_and_data_of_an_earlier_case_decline_the_later_one(house: House) -> None:
    assets = content("", "0" * 64)["assets"]
    rest = dict.fromkeys(("right", "right_expires", "personal_data", "top_buyer_share", "reproduction_cost"), UNKNOWN)
    rest["evaluation"] = dict.fromkeys(EVALUATION, UNKNOWN)  # type: ignore[assignment]
    data = {
        "key": "data",
        "kind": "data_asset",
        "description": "训练语料",
        "existing": True,
        "encumbrances": [],
        "data_terms": {**rest, "certificate": known(CERTIFICATE), "content_sha256": known("a" * 64)},
    }
    first = await submitted(house, 1001, assets=[*assets[1:], receivable(), data])
    again = {
        **data,
        "data_terms": {
            **rest,
            "certificate": known("京数登字 ２０２６ 第 0001 号"),
            "content_sha256": known("a" * 64),
        },
    }
    second = await submitted(house, 1002, assets=[*assets[1:], receivable("other"), again], parties=parties(1002))
    assert (await checked(house, first, "screening")).outcome != "fail"
    result = await checked(house, second, "screening")
    assert result.outcome == "fail"
    assert {(reason.code, reason.subject) for reason in result.reasons} >= {
        ("PLEDGED_ELSEWHERE", "/assets/1"),
        ("PLEDGED_ELSEWHERE", "/assets/2"),
    }
    number = (await read(await first.manager.get(first.address), 200))["case_number"]
    view = await page(second)
    assert told(view, CheckId.DUPLICATE_DATA)["evidence"] == [
        f"data · data_certificate · {number}",
        f"data · data_content · {number}",
    ]
    assert told(view, CheckId.DUPLICATE_COLLATERAL)["outcome"] == "fail"


async def test_r8_an_invoice_another_case_shows_declines(house: House) -> None:
    bill = {"number": "26317000000000000001", "issued": "2026-11-02", "amount": yuan("100.00"), "check_code": "123456"}
    contracts = content("", "0" * 64)["contracts"]
    first = [{**contracts[0], "invoices": [bill]}]
    second = [{**contracts[0], "invoices": [{**bill, "amount": yuan("120.00")}]}]
    await submitted(house, 1001, contracts=first)
    later = await submitted(house, 1002, contracts=second, parties=parties(1002))
    result = await checked(house, later, "screening")
    assert result.outcome == "fail"
    reused = told(await page(later), CheckId.INVOICE_REUSED)
    assert [reason["code"] for reason in reused["reasons"]] == ["INVOICE_ALTERED"]


async def test_c3_a_guarantor_and_a_supplier_in_common_are_put_before_an_analyst(house: House) -> None:
    backing = {"key": "guarantor", "role": "guarantor", "name": "样例担保有限公司", "uscc": GUARANTOR}
    await submitted(house, 1001, parties=parties(1001, backing))
    second = await submitted(house, 1002, parties=parties(1002, backing))
    screened = await checked(house, second, "screening")
    assert screened.outcome != "pass"
    assert "GROUP_LINK_SUSPECTED" in {reason.code for reason in screened.reasons}
    await checked(house, second, "cross_checks")
    link = told(await page(second), CheckId.SUSPECTED_LINK)
    assert (link["outcome"], link["evidence"]) == ("refer", [f"{BORROWER} · {GUARANTOR} · {SUPPLIER}"])


async def test_r9_ties_of_several_files_meet(house: House) -> None:
    """The buyer's owner stands in a file of another case, the borrower's in its own; persons are not known by name there."""
    holder = uscc(5001)
    owned = {"kind": "entity", "entity_name": "样例控股", "entity_uscc": holder, "share": "0.40000000"}
    first = parties(1001)
    first[2]["record"] = {"owners": [owned], "telephones": ["0951-555 1234"]}  # type: ignore[assignment]
    await submitted(house, 1001, parties=first)
    draft = await prepared(house, number=1002, prefix="SN-B")
    profile = (await read(await draft.manager.get(draft.address), 200))["content"]["borrower"]
    profile["owners"] = [{**owned, "share": "0.60000000"}]
    await read(await draft.patch({"borrower": profile, "parties": parties(1002)}), 200)
    await read(await draft.submit(), 202)
    assert (await checked(house, draft, "cross_checks")).outcome == "refer"
    related = told(await page(draft), CheckId.RELATED_COUNTERPARTY)
    assert [reason["code"] for reason in related["reasons"]] == ["RELATED_BUYER"]
    assert holder in related["evidence"][0]
    assert "120,000,000.00" in related["reasons"][0]["message_en"]


async def test_r4_contracts_and_purchases_of_several_cases_close_a_circle(house: House) -> None:
    """1001 pays the supplier; the supplier, a borrower itself, pays the buyer; the buyer pays 1001."""
    contract = content("", "0" * 64)["contracts"][0] | {"signed": known(TODAY.isoformat())}
    seller = {"key": "vendor", "name": "样例云服务有限公司", "uscc": OFFTAKER, "account": "6400100055555555"}
    payee = content("", "0" * 64)["payees"][0] | seller
    # The supplier's own case: its code is the one that sells to the first borrower.
    first = await submitted(house, 1001, contracts=[contract])
    other = await prepared(house, number=1002, prefix="SN-C")
    await read(await other.patch({"payees": [payee], "parties": parties(1002), "contracts": []}), 200)
    async with house.database.session() as session:
        await session.execute(  # the traces of a case whose borrower is the supplier
            text(
                "INSERT INTO origination.trade_trace (id, of_case, payer, payee, on_day, source, reference)"
                " VALUES (gen_random_uuid(), :case, :payer, :payee, :day, 'purchase', 'resale')"
            ),
            {"case": other.case_id, "payer": SUPPLIER, "payee": OFFTAKER, "day": TODAY},
        )
        await session.commit()
    assert (await checked(house, first, "cross_checks")).outcome == "refer"
    circle = told(await page(first), CheckId.CIRCULAR_TRADE)
    assert circle["outcome"] == "refer"
    assert f"{BORROWER} → {SUPPLIER} → {OFFTAKER} → {BORROWER}" in circle["reasons"][0]["message_en"]


async def test_sources_outside_are_asked_and_the_bureau_only_under_consent(house: House) -> None:
    asked: list[Any] = []
    sources = simulated()
    bureau = sources.bureau
    assert bureau is not None

    class Listening:
        async def report(self, permit: Any) -> Any:
            asked.append(permit)
            return await bureau.report(permit)

    house.app.state.outside = type(sources)(sources.registry, sources.invoices, sources.courts, Listening())
    draft = await submitted(house, 1001)
    await checked(house, draft, "cross_checks")
    view = await page(draft)
    assert told(view, CheckId.COURT_RECORD)["outcome"] == "pass"
    # Of supplier and buyer there is no consent: nobody asks the bureau about them.
    assert [permit.subject_uscc for permit in asked] == [BORROWER]
    assert told(view, CheckId.BUREAU_RECORD)["outcome"] == "pass"


async def test_r6_a_look_alike_of_a_known_entity_is_put_before_the_investigators(house: House) -> None:
    body = {
        "id": "names.known",
        "vintage": "2026-11-01",
        "effective_from": "2026-11-01",
        "source": "test",
        "body": {"entries": [{"uscc": uscc(9001), "names": ["国家超级计算济南中心"]}]},
    }
    policy = await house.staff("wu.jun", "policy_admin", branch="HO")
    await read(await policy.post("/v1/reference-data", json=body, headers={"Idempotency-Key": uuid4().hex}), 201)
    contracts = [content("", "0" * 64)["contracts"][0] | {"buyer_name": "济南超算中心"}]
    draft = await submitted(house, 1001, contracts=contracts)
    result = await checked(house, draft, "cross_checks")
    assert (result.outcome, [reason.code for reason in result.reasons]) == ("refer", ["LOOK_ALIKE"])
    assert told(await page(draft), CheckId.LOOK_ALIKE)["evidence"] == [f"{OFFTAKER} · {uscc(9001)} · 1.00"]


_OTHERS = """
INSERT INTO origination.application
  (case_id, case_number, branch, lender_id, stage, currency, content, content_version, version, created_by, created_at, updated_at)
SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'X' || n, 'XX', 'nxb', 'effective', 'CNY', '{}', 0, 1, 'x',
  now(), now()
FROM generate_series(1, 2000) n
"""
_LEFT = {
    "pledge_trace": ("asset_key, what, mark", "'a', 'receivable', md5(n::text)"),
    "invoice_trace": ("mark, particulars, pointer", "md5(n::text), '', '/x'"),
    "party_trace": (
        "borrower_uscc, role, uscc",
        "'b' || n / 10, CASE WHEN n % 2 = 0 THEN 'supplier' ELSE 'guarantor' END, 'p' || n",
    ),
    "tie_trace": ("subject, kind, other", "'s' || n, 'phone', md5(n::text)"),
    "trade_trace": ("payer, payee, on_day, source, reference", "'p' || n, 'q' || n, current_date, 'purchase', ''"),
    "price_trace": ("gpu_type, per_gpu", "'T' || n, 1"),
}
"""Of 2,000 other cases, ten traces of each kind."""


async def test_among_tens_of_thousands_of_traces_everything_is_found_by_index(
    house: House, database_urls: DatabaseUrls
) -> None:
    draft = await submitted(house, 1001)
    async with house.database.session() as session:
        await session.execute(text(_OTHERS))
        for table, (columns, values) in _LEFT.items():
            statement = (
                f"INSERT INTO origination.{table} (id, of_case, {columns}) SELECT gen_random_uuid(),"
                f" ('00000000-0000-4000-8000-' || lpad((1 + n % 2000)::text, 12, '0'))::uuid, {values}"
                " FROM generate_series(1, 20000) n"
            )
            await session.execute(text(statement))
        await session.commit()
    engine = sync_engine(database_urls.superuser, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
    policy = book().integrity(TODAY)
    assert policy is not None
    async with house.database.session() as session:
        row = await session.get_one(Application, UUID(draft.case_id))
        frozen = ApplicationContent.model_validate(row.content)
        await books_of_all_cases(session, row, frozen, TODAY, book(), policy, None, house.app.state.keyring.digest)
        scanned = await session.execute(
            text(
                "SELECT relname FROM pg_stat_xact_user_tables"
                " WHERE schemaname = 'origination' AND relname LIKE '%\\_trace' AND seq_scan > 0"
            )
        )
        assert scanned.scalars().all() == []


async def test_cases_from_before_there_were_traces_leave_theirs(house: House) -> None:
    draft = await submitted(house, 1001)
    async with house.database.session() as session:
        for table in ("traced_case", "party_trace", "trade_trace"):
            await session.execute(text(f"DELETE FROM origination.{table}"))
        await session.commit()
    async with house.database.session() as session:
        assert list(await left_untraced(session, 10)) == [UUID(draft.case_id)]
        await trace_left(session, UUID(draft.case_id))
        await session.commit()
    async with house.database.session() as session:
        assert list(await left_untraced(session, 10)) == []
        left = await session.execute(text("SELECT role, uscc FROM origination.party_trace ORDER BY 1, 2"))
        assert [tuple(item) for item in left] == [
            ("asset_vendor", SUPPLIER),
            ("offtaker", OFFTAKER),
            ("supplier", SUPPLIER),
        ]


async def test_no_person_telephone_or_address_is_in_what_a_case_leaves(house: House) -> None:
    first = parties(1001)
    first[1]["record"] = {  # type: ignore[assignment]
        "directors": ["司马相如"],
        "telephones": ["13800138000"],
        "addresses": ["中卫市沙坡头区样例路1号"],
    }
    await submitted(house, 1001, parties=first)
    async with house.database.session() as session:
        kept = str((await session.execute(text("SELECT * FROM origination.tie_trace"))).all())
    for secret in ("司马相如", "13800138000", "沙坡头"):
        assert secret not in kept


async def test_r2_servers_that_stand_there_and_were_never_attested_are_not_run(house: House) -> None:
    draft = await prepared(house)
    assets = (await read(await draft.manager.get(draft.address), 200))["content"]["assets"]
    assets[0] |= {"existing": True, "acquired": known("2026-01-05"), "lien_waiver": known(True)}
    assets[0] |= dict.fromkeys(("insured_sum", "insurance_expires", "insurance_payee"), UNKNOWN)
    await read(await draft.patch({"assets": assets}), 200)
    await read(await draft.submit(), 202)
    await checked(house, draft, "cross_checks")
    attested = told(await page(draft), CheckId.PHANTOM_SERVERS)
    assert (attested["outcome"], attested["reasons"][0]["code"]) == ("not_run", "SOURCE_SILENT")
