"""A case through assessment, memo, authority, decision, offer and agreement, with the real pricing and collateral beside."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from domain.application import ApplicationContent
from domain.canonical import sha256_of
from domain.facility import ApprovalCondition
from domain.finding import Finding, Outcome
from domain.process import DecisionRecord, ProgressReport
from domain.tasks import ROLE_OF, HumanTask, TaskOutcome, TaskState, TaskType
from services.kit.database import new_id, now
from services.kit.http import RemoteProblem
from services.origination.calc.conclusion import AuthorityConclusion, CheckConclusion
from services.origination.calc.cross_checks import CrossCheckInputs, cross_checks
from services.origination.store.events import verify
from services.origination.tables.base import findings
from services.origination.tables.cases import ApplicationVersion, CaseFinding, Contract
from services.origination.tables.events import CaseEvent
from tests.origination.casework.conftest import Running
from tests.origination.house import House, book, read
from tests.origination.sample import BORROWER, PERSON, TODAY, UNKNOWN, prepared, project


async def test_a_case_is_carried_from_checks_to_an_agreement(running: Running) -> None:
    worker = running.worker
    for name in ("intake", "screening", "cross_checks"):
        result = await worker.check(name, running.step(name))
        assert result.outcome is Outcome.PASS, (name, result.reasons)
    concluded = await running.assessed()
    kinds = {"rating", "limit", "quote", "amortisation", "schedule", "stress_test", "borrowing_cost", "buy_or_rent"}
    assert {ref.kind for ref in concluded.values()} == kinds

    regulation = await worker.check("regulation", running.step("regulation"))
    assert regulation.outcome is not Outcome.FAIL, regulation.reasons

    memo = await worker.memo(running.step("memo"))
    answer = await running.draft.manager.get(f"{running.draft.address}/documents/{memo.document_sha256}")
    assert answer.status_code == 200
    text = answer.text
    for ref in concluded.values():
        assert ref.sha256 in text
    for title in ("四项风险", "三难", "Four risk views", "Three difficulties", "PUE 1.18"):
        assert title in text

    chain = await worker.authority(running.step("authority"))
    assert [step.body for step in chain.steps]
    assert chain.steps[-1].policy_sha256 == running.house.policy_sha256
    async with running.house.database.session() as session:
        row = (await session.exec(select(CaseFinding).where(CaseFinding.kind == "authority"))).one()
        proof = await findings.get(session, row.finding_id, Finding[AuthorityConclusion])
    assert proof is not None
    assert proof.sha256() == chain.steps[-1].finding_sha256

    await worker.decide(
        DecisionRecord(
            case_id=running.case_id,
            workflow_id=running.workflow_id,
            step="decision",
            decision="approved_with_conditions",
            decided_by=("approver.ho",),
            authority_rule=chain.steps[-1].rule,
            conditions=(
                ApprovalCondition(text="回款专户余额不低于一期本息"),
                ApprovalCondition(text="办妥电力增容", kind="subsequent", counts_from="effective", due_days=30),
                ApprovalCondition(text="按季报送算力上架率", kind="undertaking"),
            ),
            at=now(),
            valid_until=TODAY + timedelta(days=180),
        )
    )
    offer = await worker.offer(running.step("offer"))
    assert offer.valid_until == TODAY + timedelta(days=30)
    contract = await worker.contract(running.step("contract"))
    async with running.house.database.session() as session:
        drawn = (await session.exec(select(Contract))).one()
        events = (await session.exec(select(CaseEvent.kind).where(CaseEvent.case_id == running.case_id))).all()
        chained = await verify(session, running.case_id)
    assert drawn.number == contract.number
    assert drawn.data["terms"]["amount"]["amount"] == f"{offer.amount.amount:.2f}"
    assert sha256_of(drawn.data) == contract.data_sha256
    assert contract.clauses == len(drawn.data["conditions"])
    added = [(clause["code"], clause["kind"], clause["text_zh"]) for clause in drawn.clauses[-3:]]
    assert added == [
        ("APPROVAL_1", "precedent", "首次提款前：回款专户余额不低于一期本息。"),
        ("APPROVAL_2", "subsequent", "合同生效之日起 30 日内：办妥电力增容；逾期的，暂停后续提款。"),
        ("APPROVAL_3", "undertaking", "授信存续期间持续：按季报送算力上架率。"),
    ]
    page = await read(await running.draft.manager.get(f"{running.draft.address}/assessment"), 200)
    states = {item["code"]: item["state"] for item in page["conditions"]}
    assert [states[f"APPROVAL_{place}"] for place in (1, 2, 3)] == ["open", "open", None]
    borrower = await running.house.borrower("owner@sample", BORROWER)
    seen = await read(await borrower.get(f"{running.draft.address}/offer"), 200)
    assert seen["terms_sha256"] == offer.terms_sha256 == sha256_of(seen["terms"])
    signed = await read(await borrower.get(f"{running.draft.address}/agreement"), 200)
    assert signed["data_sha256"] == contract.data_sha256 == sha256_of(signed["data"])
    await read(await borrower.get(f"{running.draft.address}/assessment"), 403)
    assert {"decision.taken", "offer.made", "contract.drawn"} <= set(events)
    assert chained.intact


async def test_a_step_that_was_done_answers_as_it_did(running: Running) -> None:
    first = await running.worker.check("intake", running.step("intake"))
    again = await running.worker.check("intake", running.step("intake"))
    assert again == first
    async with running.house.database.session() as session:
        assert len((await session.exec(select(CaseFinding))).all()) == 1


async def test_a_finding_is_recomputed_to_the_same_hash(running: Running) -> None:
    await running.worker.check("cross_checks", running.step("cross_checks"))
    async with running.house.database.session() as session:
        row = (await session.exec(select(CaseFinding).where(CaseFinding.kind == "cross_checks"))).one()
        finding = await findings.get(session, row.finding_id, Finding[CheckConclusion])
        assert finding is not None
        stored = await findings.inputs(session, finding.inputs_sha256)
        version = (await session.exec(select(ApplicationVersion))).one()
    inputs = CrossCheckInputs.model_validate(stored)
    assert inputs.content_sha256 == version.sha256
    check = cross_checks(inputs, ApplicationContent.model_validate(version.content), book())
    again: Any = finding.model_copy(
        update={
            "value": check.value(),
            "reasons": tuple(check.reasons),
            "trace": tuple(check.trace),
            "outcome": check.outcome(),
        }
    )
    assert again.sha256() == finding.sha256() == row.sha256


async def test_an_offer_needs_what_it_offers(running: Running) -> None:
    with pytest.raises(RemoteProblem) as refused:
        await running.worker.offer(running.step("offer"))
    assert (refused.value.status, refused.value.code) == (409, "step_not_possible")


async def test_without_a_grade_the_highest_body_decides(running: Running) -> None:
    chain = await running.worker.authority(running.step("authority"))
    assert [(step.body, step.kind) for step in chain.steps] == [
        ("branch_approver", "person"),
        ("credit_committee", "committee"),
        ("head_office_approver", "person"),
    ]
    assert {step.rule for step in chain.steps} == {"UNDECIDED"}
    assert chain.steps[0].amount.amount == 0
    assert chain.steps[1].quorum == 3


async def test_the_assessment_shows_the_newest_of_each_kind_to_those_who_may_see_it(running: Running) -> None:
    await running.worker.check("intake", running.step("intake"))
    await running.worker.check("intake", running.step("intake-again"))
    manager, address = running.draft.manager, running.draft.address
    view = await read(await manager.get(f"{address}/assessment"), 200)
    assert [item["finding"]["kind"] for item in view["items"]] == ["intake"]
    stranger = await running.house.staff("li.na", "relationship_manager", branch="320100")
    await read(await stranger.get(f"{address}/assessment"), 404)
    await read(await stranger.get(f"{address}/timeline"), 404)
    # The routes of the process are for the process: nobody steers a case around it.
    opening = await manager.get(f"/v1/cases/{running.case_id}/opening", params={"as_of": TODAY.isoformat()})
    await read(opening, 403)
    async with running.house.database.session() as session:
        events = (await session.exec(select(CaseEvent))).all()
        kept = (await session.exec(select(findings.content.c.body))).all()
    assert PERSON not in str([event.payload for event in events])
    assert all(PERSON.encode() not in bytes(body) for body in kept)


async def test_one_page_holds_what_an_approver_decides_on(running: Running) -> None:
    worker, address = running.worker, f"{running.draft.address}/assessment"
    for name in ("intake", "screening", "cross_checks"):
        await worker.check(name, running.step(name))
    await running.assessed()
    await worker.check("regulation", running.step("regulation"))
    approver = await running.house.staff("zhao.lei", "approver", branch="HO")
    page = await read(await approver.get(address), 200)

    request = page["request"]
    assert (request["borrower_uscc"], request["amount"]["amount"]) == (BORROWER, "40000000.00")
    assert (request["tenor_months"], request["product"], request["submitted_by"]) == (
        60,
        "nxb_project_loan",
        "zhang.wei",
    )
    limit = page["limit"]
    assert [cap["name"] for cap in limit["caps"]] == ["product", "need", "capacity", "collateral", "regulatory"]
    assert limit["binding"] in {"asked", *(cap["name"] for cap in limit["caps"])}
    assert page["rating"]["grade"]
    assert page["rating"]["factors"]
    assert page["price"]["base_rate"] in ("1Y", "5Y")
    assert {item["asset_key"] for item in page["valuations"]} == {"gpu", "power"}
    assert page["unknown"] == []
    # Each conclusion that is no plain pass says why, and what it belongs to.
    doubtful = {item["finding"]["id"]: item for item in page["items"] if item["finding"]["outcome"] != "pass"}
    assert {point["finding_id"] for point in page["open_points"]} == set(doubtful)
    assert all(point["reason"]["message_zh"] for point in page["open_points"])
    typed = {"rating": page["rating"], "limit": page["limit"], "quote": page["price"]}
    assert typed == {
        item["finding"]["kind"]: item["value"] for item in page["items"] if item["finding"]["kind"] in typed
    }


async def test_what_is_declared_unknown_stands_on_the_page(house: House) -> None:
    draft = await prepared(house, number=1009, prefix="SN-U")
    sections = project()
    sections["rack_use"] = UNKNOWN
    await read(await draft.patch({"project": sections}), 200)
    page = await read(await draft.manager.get(f"{draft.address}/assessment"), 200)
    assert page["unknown"] == ["/project/rack_use"]
    assert (page["rating"], page["limit"], page["items"], page["open_points"]) == (None, None, [], [])


def opinion(running: Running, kind: TaskType, stage: str, by: str, **fields: Any) -> HumanTask:
    return HumanTask(
        **{
            "task_id": new_id(),
            "type": kind,
            "case_id": running.case_id,
            "workflow_id": f"application-{running.case_id}",
            "title_zh": "任务",
            "title_en": "task",
            "stage": stage,
            "state": TaskState.COMPLETED,
            "outcome": TaskOutcome.APPROVE,
            "role": ROLE_OF[kind],
            "created_at": now(),
            "completed_at": now(),
            "completed_by": by,
            **fields,
        }
    )


async def test_opinions_given_side_by_side_are_read_when_their_stage_is_over(running: Running) -> None:
    told = [
        opinion(running, TaskType.LEAD_INVESTIGATION, "due_diligence", "zhang.wei", comment="现场核实"),
        opinion(running, TaskType.REVIEW, "review", "li.na", comment="同意"),
    ]
    await report(running, told, "review")
    compliance = await running.house.staff("he.gui", "compliance_officer", branch="HO")
    address = f"{running.draft.address}/assessment"
    page = await read(await compliance.get(address), 200)
    assert [(item["by"], item["comment"]) for item in page["opinions"]] == [("zhang.wei", "现场核实")]

    told += [
        opinion(running, TaskType.APPROVAL, "approval", "wang.jun", conditions=("按季报送",)),
        opinion(running, TaskType.COMMITTEE_VOTE, "approval", "member.1", comment="不宜公开"),
    ]
    await report(running, told, "approval")
    page = await read(await compliance.get(address), 200)
    assert [item["by"] for item in page["opinions"]] == ["zhang.wei", "li.na", "wang.jun"]
    assert [item["text"] for item in page["opinions"][-1]["conditions"]] == ["按季报送"]


async def report(running: Running, tasks: list[HumanTask], stage: str) -> None:
    await running.worker.progress(
        ProgressReport(
            case_id=running.case_id,
            workflow_id=f"application-{running.case_id}",
            step=f"progress-{stage}",
            stage=stage,
            at=now(),
            tasks=tuple(tasks),
        )
    )


async def test_a_conclusion_is_read_with_its_whole_trace_by_whoever_sees_its_case(running: Running) -> None:
    result = await running.worker.check("screening", running.step("screening"))
    house = running.house
    reader = await house.staff("auditor.reads", "auditor", branch="HO")
    shown = await read(await reader.get(f"/v1/findings/{result.finding.id}"), 200)
    assert (shown["id"], shown["kind"], shown["outcome"]) == (str(result.finding.id), "screening", "pass")
    assert shown["policy"]["sha256"] == house.policy_sha256
    rules = {step["step"].rpartition("/")[2]: step["result"] for step in shown["trace"]}
    assert rules["BLACKLIST"] == "kept"
    elsewhere = await house.staff("rm.elsewhere", "relationship_manager", branch="XX")
    await read(await elsewhere.get(f"/v1/findings/{result.finding.id}"), 404)
    await read(await reader.get(f"/v1/findings/{new_id()}"), 404)
