"""A returned case: its lead amends it, submits it again, and what was frozen before stays as it was."""

from typing import Any
from uuid import UUID

from domain.process import CaseStep, ProgressReport, application_workflow_id
from domain.roles import Role
from domain.tasks import CaseReturn, HumanTask, TaskState, TaskType
from services.kit.database import new_id, now
from services.origination.store.events import events_of, verify
from tests.origination.house import House, key, read
from tests.origination.sample import TODAY, Draft, prepared, servers, sheet, uscc

LEAD = "zhang.wei"


async def returned(house: House, draft: Draft, *, assignee: str = LEAD) -> HumanTask:
    """The case as its process reports it after a reviewer has returned it. The engine is away throughout."""
    case_id = UUID(draft.case_id)
    at = now()
    task = HumanTask(
        task_id=new_id(),
        type=TaskType.REWORK,
        case_id=case_id,
        workflow_id=application_workflow_id(case_id),
        title_zh="退回补正",
        title_en="Amend and resubmit",
        stage="due_diligence",
        state=TaskState.RESERVED,
        role=Role.RELATIONSHIP_MANAGER,
        candidates=(LEAD,),
        assignee=assignee,
        created_at=at,
        returned=CaseReturn(
            by="reviewer.ho",
            from_stage="review",
            to_stage="due_diligence",
            reason="请补充三季度报表",
            task_id=new_id(),
            task_type=TaskType.REVIEW,
            at=at,
        ),
    )
    await report(house, task)
    return task


async def report(house: House, task: HumanTask) -> None:
    worker = await house.worker()
    await worker.progress(
        ProgressReport(
            case_id=task.case_id,
            workflow_id=task.workflow_id,
            step=f"progress-{task.version}",
            stage=task.stage,
            at=now(),
            tasks=(task,),
        )
    )


async def case_returned(house: House, **terms: Any) -> Draft:
    draft = await prepared(house, **terms)
    await read(await draft.submit(), 202)
    await returned(house, draft)
    return draft


async def submitted_again(draft: Draft, status: int, comment: str | None = None) -> Any:
    answer = await draft.manager.post(
        f"{draft.address}/submit",
        headers={**key(), "If-Match": await draft.version()},
        **({} if comment is None else {"json": {"comment": comment}}),
    )
    return await read(answer, status)


async def kinds(house: House, draft: Draft) -> list[str]:
    async with house.database.session() as session:
        case_id = UUID(draft.case_id)
        assert (await verify(session, case_id)).intact
        return [event.kind for event in await events_of(session, case_id)]


async def test_the_lead_amends_what_was_frozen_stays(house: House) -> None:
    draft = await case_returned(house)
    before = await read(await draft.manager.get(draft.address), 200)
    assert before["open_to_change"]
    amended = await read(await draft.patch({"remark": "补充三季度报表"}), 200)
    assert (amended["content"]["remark"], amended["open_to_change"]) == ("补充三季度报表", True)
    assert (amended["content_version"], amended["content_sha256"]) == (1, before["content_sha256"])
    worker = await house.worker()
    assert (await worker.dossier(UUID(draft.case_id), TODAY)).content.remark != "补充三季度报表"
    assert (await kinds(house, draft))[-1] == "application.amended"
    # A paper filed meanwhile joins the list of the application, as in a draft.
    stored = await draft.upload("other", "三季度报表")
    listed = (await read(await draft.manager.get(draft.address), 200))["content"]["documents"]
    assert stored["sha256"] in {item["sha256"] for item in listed}


async def test_only_who_has_the_rework_in_hand_changes_the_case(house: House) -> None:
    draft = await case_returned(house)
    other = await house.staff("li.si", "relationship_manager")
    headers = {"If-Match": await draft.version()}
    refused = await other.patch(draft.address, json={"remark": "x"}, headers=headers)
    assert (await read(refused, 403))["code"] == "not_assignee"
    refused = await other.post(f"{draft.address}/submit", headers={**key(), **headers})
    assert (await read(refused, 403))["code"] == "not_assignee"


async def test_what_would_make_another_case_of_it_is_refused_all_at_once(house: House) -> None:
    draft = await case_returned(house)
    view = (await read(await draft.manager.get(draft.address), 200))["content"]
    lines = [{**view["lines"][0], "product": "jsb_wc"}]
    parties = [{**party, "uscc": uscc(1777)} if party["role"] == "borrower" else party for party in view["parties"]]
    problem = await read(await draft.patch({"lines": lines, "parties": parties, "lender_id": "jsb"}), 422)
    faults = {item["pointer"] for item in problem["errors"]}
    assert faults == {"/lender_id", "/parties/0/uscc", "/lines/0/product"}
    assert {item["code"] for item in problem["errors"]} == {"fixed_at_submission"}


async def test_an_incomplete_case_is_not_taken_back(house: House) -> None:
    draft = await case_returned(house)
    await read(await draft.patch({"accounts": None, "economics": None}), 200)
    verdict = await read(await draft.submit(dry_run="true"), 200)
    problem = await submitted_again(draft, 422)
    assert problem["code"] == "application_incomplete"
    assert [item["pointer"] for item in problem["errors"]] == [item["pointer"] for item in verdict["missing"]]
    assert {"/accounts", "/economics"} <= {item["pointer"] for item in problem["errors"]}
    assert (await read(await draft.manager.get(draft.address), 200))["content_version"] == 1


async def test_submitted_again_it_is_another_version_under_the_same_policy(house: House) -> None:
    draft = await case_returned(house)
    first = await read(await draft.manager.get(draft.address), 200)
    await read(await draft.patch({"remark": "已补充"}), 200)
    answer = await draft.manager.post(
        f"{draft.address}/submit", headers={**key(), "If-Match": await draft.version()}, json={"comment": "见附件"}
    )
    # The engine is away: the new version is frozen, and the process is told when it is back.
    command = await read(answer, 202)
    assert answer.headers["location"] == f"/v1/commands/{command['command_id']}"
    second = await read(await draft.manager.get(draft.address), 200)
    assert second["content_version"] == 2
    assert second["content_sha256"] != first["content_sha256"]
    assert (second["policy_sha256"], second["pinned_on"]) == (first["policy_sha256"], first["pinned_on"])
    listed = await read(await draft.manager.get(f"{draft.address}/versions"), 200)
    assert [(item["content_version"], item["changed"]) for item in listed] == [(1, []), (2, ["/remark"])]
    assert [item["sha256"] for item in listed] == [first["content_sha256"], second["content_sha256"]]
    assert (await read(await draft.patch({"remark": "又改"}), 409))["code"] == "resubmission_pending"
    worker = await house.worker()
    opening = await worker.opening(UUID(draft.case_id), TODAY)
    assert (opening.content_version, opening.content_sha256) == (2, second["content_sha256"])
    assert (await worker.dossier(UUID(draft.case_id), TODAY)).content.remark == "已补充"
    assert (await kinds(house, draft))[-1] == "application.resubmitted"


async def test_a_case_submitted_again_unchanged_is_no_new_version(house: House) -> None:
    draft = await case_returned(house)
    await submitted_again(draft, 202, "口径一致，无须修改")
    assert (await read(await draft.manager.get(draft.address), 200))["content_version"] == 1
    assert "application.resubmitted" not in await kinds(house, draft)


async def test_another_inventory_changes_what_is_valued_and_lets_servers_go(house: House) -> None:
    draft = await case_returned(house, prefix="SN-OLD")
    worker = await house.worker()
    before = (await worker.opening(UUID(draft.case_id), TODAY)).cohorts
    await read(await draft.import_servers(sheet(servers(count=12, prefix="SN-NEW"))), 200)
    assert (await worker.opening(UUID(draft.case_id), TODAY)).cohorts == before
    await submitted_again(draft, 202)
    after = (await worker.opening(UUID(draft.case_id), TODAY)).cohorts
    assert sum(item.units for item in after if item.kind == "gpu_server") == 12
    # What the case no longer lists may secure another one.
    other = await prepared(house, number=1002, prefix="SN-OLD")
    await read(await other.submit(), 202)


async def test_a_case_that_goes_on_stands_still_again(house: House) -> None:
    draft = await prepared(house)
    await read(await draft.submit(), 202)
    task = await returned(house, draft)
    await read(await draft.patch({"remark": "改到一半"}), 200)
    done = task.model_copy(update={"state": TaskState.EXITED, "version": 2, "stage": "withdrawn"})
    await report(house, done)
    assert (await read(await draft.patch({"remark": "迟到"}), 409))["code"] == "application_not_draft"
    view = await read(await draft.manager.get(draft.address), 200)
    # What was never submitted again is nothing that anybody decided on.
    assert (view["open_to_change"], view["content"]["remark"]) == (False, None)


async def test_whoever_submits_again_has_submitted(house: House) -> None:
    draft = await prepared(house)
    await read(await draft.submit(), 202)
    await returned(house, draft, assignee="li.si")
    other = await house.staff("li.si", "relationship_manager")
    draft.manager = other
    await read(await draft.patch({"remark": "接手补正"}), 200)
    await submitted_again(draft, 202)
    opening = await (await house.worker()).opening(UUID(draft.case_id), TODAY)
    assert opening.lead_investigator == "li.si"
    assert {(held.subject, held.duty) for held in opening.duties} >= {(LEAD, "submission"), ("li.si", "submission")}
    step = CaseStep(case_id=UUID(draft.case_id), workflow_id="w", step="intake-2", as_of=TODAY)
    assert (await (await house.worker()).check("intake", step)).outcome == "pass"
