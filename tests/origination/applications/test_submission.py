"""From a draft to a case: everything missing at once, a verdict without writing, and one submission."""

import asyncio
import shutil
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlmodel import select

from domain.process import CaseStep
from services.collateral.client import CollateralClient
from services.origination.store import applications
from services.origination.store.events import record
from services.origination.store.policies import PolicyShelf
from services.origination.tables.cases import ApplicationVersion
from services.origination.tables.events import CaseEvent, StartRequest
from tests.fixtures.identity import free_port
from tests.origination.house import IN_FORCE_FROM, House, book, key, read
from tests.origination.sample import TODAY, opened, prepared, uscc
from tests.origination.seed import BOOK, publish_book


async def test_a_complete_draft_is_accepted_with_its_case_number(house: House) -> None:
    draft = await prepared(house)
    receipt = await read(await draft.submit(), 202)
    assert receipt["stage"] == "submitted"
    assert receipt["case_number"].startswith("SD20")
    assert receipt["case_number"].split("-")[1] == "640100"
    assert receipt["policy_sha256"] == house.policy_sha256
    async with house.database.session() as session:
        start = (await session.exec(select(StartRequest))).one()
        version = (await session.exec(select(ApplicationVersion))).one()
        event = (await session.exec(select(CaseEvent).where(CaseEvent.kind == "application.submitted"))).one()
    assert start.workflow_id == f"application-{draft.case_id}"
    assert start.message["content_sha256"] == version.sha256 == receipt["content_sha256"]
    assert event.payload["facts"]["policy_sha256"] == house.policy_sha256


async def test_everything_missing_is_reported_at_once(house: House) -> None:
    draft = await opened(house)
    problem = await read(await draft.submit(), 422)
    assert problem["code"] == "application_incomplete"
    found = {(item["pointer"], item["code"]) for item in problem["errors"]}
    assert ("/assets/0/servers", "servers_required") in found
    assert ("/documents", "document_required:business_licence") in found
    assert ("/documents", "document_required:server_inventory") in found
    assert ("/borrower/query_consents/0/document_sha256", "document_not_uploaded") in found
    assert len(found) == 9


async def test_an_empty_draft_is_told_all_that_a_product_needs(house: House) -> None:
    manager = await house.manager()
    made = await read(await manager.post("/v1/applications", json={"lender_id": "nxb"}, headers=key()), 201)
    answer = await manager.post(
        f"/v1/applications/{made['application_id']}/submit", headers={**key(), "If-Match": '"1"'}
    )
    pointers = {item["pointer"] for item in (await read(answer, 422))["errors"]}
    assert {
        "/customer_id",
        "/application_date",
        "/lines",
        "/parties",
        "/accounts",
        "/borrower/query_consents",
    } <= pointers


async def test_declared_unknown_is_a_statement_and_silence_is_not(house: House) -> None:
    draft = await prepared(house)
    view = (await draft.manager.get(draft.address)).json()["content"]
    technology = {**view["technology"], "utilisation": {"state": "unknown"}, "staff": None}
    borrower = {**view["borrower"], "established": {"state": "unknown"}}
    await read(await draft.patch({"technology": technology, "borrower": borrower}), 200)
    found = {(item["pointer"], item["code"]) for item in (await read(await draft.submit(), 422))["errors"]}
    assert found == {("/technology/staff", "statement_required"), ("/borrower/established", "value_required")}


async def test_a_dry_run_says_the_verdict_and_writes_nothing(house: House) -> None:
    draft = await prepared(house)
    before = await draft.version()
    verdict = await read(await draft.submit(dry_run="true"), 200)
    assert verdict["complete"]
    assert (verdict["missing"], verdict["reasons"], verdict["admission"]) == ([], [], "pass")
    assert await draft.version() == before
    async with house.database.session() as session:
        assert (await session.exec(select(StartRequest))).all() == []


async def test_a_dry_run_compares_serials_with_the_register_and_lets_nothing_go(house: House) -> None:
    first = await prepared(house, number=1001, prefix="SN-Q")
    second = await prepared(house, number=1002, prefix="SN-Q")
    await read(await first.submit(), 202)
    verdict = await read(await second.submit(dry_run="true"), 200)
    assert verdict["admission"] == "fail"
    assert [reason["code"] for reason in verdict["reasons"]] == ["DUPLICATE_SERIAL"]

    async with house.database.session() as session:
        row = await applications.case(session, UUID(first.case_id), lock=True)
        row.stage = "withdrawn"
        await record(session, row.case_id, "process.progress", "system:test", rows=[row])
    assert (await read(await second.submit(dry_run="true"), 200))["admission"] == "pass"
    register: CollateralClient = house.app.state.collateral
    # Only a submission makes the ended case let go; to ask changed nothing.
    assert await register.holders(["SN-Q0000"]) == {"SN-Q0000": frozenset({UUID(first.case_id)})}


async def test_what_a_dry_run_cannot_know_refers_and_is_named(house: House) -> None:
    draft = await prepared(house)
    register = house.app.state.collateral
    house.app.state.collateral = CollateralClient(f"http://127.0.0.1:{free_port()}", None, attempts=1)
    verdict = await read(await draft.submit(dry_run="true"), 200)
    house.app.state.collateral = register
    assert verdict["admission"] == "refer"
    assert [(reason["code"], reason["subject"]) for reason in verdict["reasons"]] == [
        ("FACT_ABSENT", "asset.duplicate_serial")
    ]
    bare = await opened(house, number=1003)
    verdict = await read(await bare.submit(dry_run="true"), 200)
    assert "asset.duplicate_serial" in {reason["subject"] for reason in verdict["reasons"]}


async def test_a_dry_run_refuses_what_a_submission_would_refuse(house: House) -> None:
    draft = await prepared(house)
    stale = await draft.manager.post(f"{draft.address}/submit?dry_run=true", headers={**key(), "If-Match": '"1"'})
    assert (await read(stale, 412))["code"] == "version_mismatch"
    await read(await draft.submit(), 202)
    assert (await read(await draft.submit(dry_run="true"), 409))["code"] == "application_not_draft"


async def test_a_dry_run_of_an_ineligible_segment_names_the_rule(house: House) -> None:
    draft = await prepared(house)
    view = (await draft.manager.get(draft.address)).json()["content"]
    await read(await draft.patch({"borrower": {**view["borrower"], "chain_segment": {"value": "real_estate"}}}), 200)
    verdict = await read(await draft.submit(dry_run="true"), 200)
    assert verdict["admission"] == "fail"
    assert "SEGMENT_NOT_ELIGIBLE" in {reason["code"] for reason in verdict["reasons"]}


async def test_a_retry_of_a_submission_brings_the_same_receipt(house: House) -> None:
    draft = await prepared(house)
    headers = {**key(), "If-Match": await draft.version()}
    first = await draft.manager.post(f"{draft.address}/submit", headers=headers)
    second = await draft.manager.post(f"{draft.address}/submit", headers=headers)
    assert await read(first, 202) == await read(second, 202)
    assert second.headers["idempotency-replayed"] == "true"


async def test_of_simultaneous_submissions_one_wins(house: House) -> None:
    draft = await prepared(house)
    tag = await draft.version()
    answers = await asyncio.gather(
        *[draft.manager.post(f"{draft.address}/submit", headers={**key(), "If-Match": tag}) for _ in range(6)]
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [202, 409, 409, 409, 409, 409]
    async with house.database.session() as session:
        assert len((await session.exec(select(StartRequest))).all()) == 1


async def test_a_submission_on_an_older_version_is_refused(house: House) -> None:
    draft = await prepared(house)
    answer = await draft.manager.post(f"{draft.address}/submit", headers={**key(), "If-Match": '"1"'})
    assert (await read(answer, 412))["code"] == "version_mismatch"


async def test_a_submitted_application_does_not_change(house: House) -> None:
    draft = await prepared(house)
    await read(await draft.submit(), 202)
    assert (await read(await draft.patch({"remark": "later"}), 409))["code"] == "application_not_draft"
    assert (await read(await draft.submit(), 409))["code"] == "application_not_draft"


async def test_servers_that_secure_another_case_refuse_the_submission(house: House) -> None:
    first = await prepared(house, number=1001, prefix="SN-D")
    second = await prepared(house, number=1002, prefix="SN-D")
    await read(await first.submit(), 202)
    problem = await read(await second.submit(), 422)
    assert {item["code"] for item in problem["errors"]} == {"serial_pledged"}
    assert problem["errors"][0]["pointer"] == "/assets/0/servers/0/serial"
    assert len(problem["errors"]) == 16


async def test_an_ended_case_lets_go_of_its_servers(house: House) -> None:
    first = await prepared(house, number=1001, prefix="SN-E")
    await read(await first.submit(), 202)
    async with house.database.session() as session:
        row = await applications.case(session, UUID(first.case_id), lock=True)
        row.stage = "withdrawn"
        await record(session, row.case_id, "process.progress", "system:test", rows=[row])
    second = await prepared(house, number=1002, prefix="SN-E")
    await read(await second.submit(), 202)


async def test_a_case_keeps_its_policy_when_the_files_are_gone(house: House, tmp_path: Path) -> None:
    files = tmp_path / "book"
    shutil.copytree(BOOK, files)
    rule = files / "controls" / "business_day.yaml"
    later = rule.read_text("utf-8").replace("version: 1", "version: 2").replace("2024-07-01", "2024-07-02")
    (files / "controls" / "business_day_2.yaml").write_text(later, "utf-8")
    own = await publish_book(house.database, book=files, maker="a", checker="b", in_force_from=date(2024, 7, 2))
    assert own != house.policy_sha256
    draft = await prepared(house)
    await read(await draft.submit(), 202)
    await publish_book(house.database, book=book(), maker="a", checker="b", in_force_from=IN_FORCE_FROM)
    shutil.rmtree(files)
    # A fresh shelf has nothing in memory: what it loads are the bytes in the books.
    house.app.state.policies = PolicyShelf(house.database)
    worker = await house.worker()
    opening = await worker.opening(UUID(draft.case_id), TODAY)
    assert opening.rulebook.policy_sha256 == own
    step = CaseStep(case_id=UUID(draft.case_id), workflow_id="w", step="screening", as_of=TODAY)
    assert (await worker.check("screening", step)).outcome == "pass"


async def test_a_draft_that_is_withdrawn_ends_without_a_process(house: House) -> None:
    draft = await opened(house)
    headers = key()
    body = {"reason": "客户另有安排"}
    ended = await read(await draft.manager.post(f"{draft.address}/withdraw", json=body, headers=headers), 200)
    assert ended["stage"] == "withdrawn"
    again = await draft.manager.post(f"{draft.address}/withdraw", json=body, headers=headers)
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", ended)
    refused = await draft.manager.post(f"{draft.address}/withdraw", json=body, headers=key())
    assert (await read(refused, 409))["code"] == "application_not_running"
    assert (await read(await draft.patch({"remark": "迟到"}), 409))["code"] == "application_not_draft"
    assert (await read(await draft.submit(), 409))["code"] == "application_not_draft"
    [line] = [
        item
        for item in await read(await draft.manager.get(f"{draft.address}/timeline"), 200)
        if item["kind"] == "application.withdrawn"
    ]
    assert (line["stage"], line["reason"]) == ("withdrawn", "客户另有安排")
    async with house.database.session() as session:
        assert (await session.exec(select(StartRequest))).all() == []


async def test_a_case_is_withdrawn_when_the_engine_is_back(house: House) -> None:
    draft = await prepared(house)
    body = {"reason": "资金安排变化"}
    await read(await draft.submit(), 202)
    accepted = await draft.manager.post(f"{draft.address}/withdraw", json=body, headers=key())
    command = await read(accepted, 202)
    assert accepted.headers["location"] == f"/v1/commands/{command['command_id']}"
    stranger = await house.borrower("owner@other", uscc(1777))
    await read(await stranger.post(f"{draft.address}/withdraw", json=body, headers=key()), 404)
