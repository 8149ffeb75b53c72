"""Events as sentences: with actor, what, outcome and reason in both languages; what only moves papers about is marked."""

from typing import Any

import pytest

from services.origination.calc.chronicle import CaseNames, RecordedEvent, line_of
from services.origination.calc.chronicle_words import STAGES, Words
from services.origination.store.positions import _STAGES as PROCESSES

TASK = "0190a0a0-0000-7000-8000-000000000001"
TRANSFER = "0190a0a0-0000-7000-8000-000000000002"
DRAWING = "0190a0a0-0000-7000-8000-000000000003"
NAMES = CaseNames(
    tasks={TASK: Words("授信审查", "Credit review")},
    conditions={"CP_FLOATING_MORTGAGE": Words("浮动抵押登记", "Floating mortgage registered")},
    transfers={TRANSFER: Words("甲公司 5.00 CNY", "5.00 CNY to 甲公司")},
    utilisations={DRAWING: "FA2026-XN-000001-U01"},
)


def event(
    kind: str, *, actor: str = "li.na", of: str = "staff", moved: str | None = None, **fields: Any
) -> RecordedEvent:
    rows = tuple(fields.pop("rows", ()))
    return RecordedEvent(kind=kind, actor=actor, actor_kind=of, facts=fields, stage=moved, rows=rows)


def by_process(kind: str, **fields: Any) -> RecordedEvent:
    return event(kind, actor="suandai-worker", of="service", **fields)


TOLD = [
    (
        event("task.complete", command={"task_id": TASK, "outcome": "approve", "comment": "同意"}),
        ("li.na 办结“授信审查”：同意；理由：同意", "li.na completed Credit review: approve; reason: 同意", "approve"),
    ),
    (
        event(
            "task.complete",
            command={"task_id": TASK, "outcome": "return", "return_to": "due_diligence", "comment": "补充报表"},
        ),
        (
            "li.na 办结“授信审查”：退回至“尽职调查”；理由：补充报表",
            "li.na completed Credit review: return to due diligence; reason: 补充报表",
            "return",
        ),
    ),
    (
        event("application.amended", sections=["lines"]),
        (
            "li.na 补正：修改了申请：额度",
            "li.na amended the returned case: changed the application: line",
            None,
        ),
    ),
    (
        event(
            "application.resubmitted",
            content_version=2,
            changed=["/lines/0/tenor_months", "/lines/0/amount"],
            comment="见附件",
        ),
        (
            "li.na 重新提交申请，第 2 版，变更：额度；理由：见附件",
            "li.na submitted the application again as version 2, with changes in: line; reason: 见附件",
            "resubmitted",
        ),
    ),
    (
        event("application.withdrawn", reason="另有安排"),
        ("li.na 撤回申请；理由：另有安排", "li.na withdrew the application; reason: 另有安排", "withdrawn"),
    ),
    (
        event("task.complete", command={"task_id": TASK, "outcome": "approve_with_conditions", "conditions": ["甲"]}),
        (
            "li.na 办结“授信审查”：有条件同意，附 1 项条件",
            "li.na completed Credit review: approve with conditions, with 1 condition",
            "approve_with_conditions",
        ),
    ),
    (
        event("task.forward", command={"task_id": TASK, "target": "wang.jun", "comment": "超出授权"}),
        (
            "li.na 转办“授信审查”给 wang.jun；理由：超出授权",
            "li.na forwarded Credit review to wang.jun; reason: 超出授权",
            None,
        ),
    ),
    (
        by_process("finding.limit", finding={"kind": "limit", "outcome": "refer", "value": "40m · collateral"}),
        (
            "系统 得出额度结论：待人工判断（40m · collateral）",
            "the process concluded the limit: refer (40m · collateral)",
            "refer",
        ),
    ),
    (
        by_process(
            "decision.taken",
            decision="declined",
            rows=[("decision", {"decided_by": ["wang.jun"], "conditions": [], "decision": "declined"})],
        ),
        (
            "系统 登记授信决策：否决（wang.jun）",
            "the process entered the credit decision: declined, by wang.jun",
            "declined",
        ),
    ),
    (
        by_process("limit.reserved", amount="280000000.00"),
        (
            "系统 占用客户及集团额度 280000000.00 CNY",
            "the process reserved under the limits of customer and group: 280000000.00 CNY",
            "reserved",
        ),
    ),
    (
        by_process("limit.short", amount="280000000.00", reasons=[{"message_zh": "集团额度不足"}]),
        (
            "系统 额度不足，未能占用 280000000.00 CNY；理由：集团额度不足",
            "the process found no room under the limits for 280000000.00 CNY; reason: 集团额度不足",
            "refused",
        ),
    ),
    (
        by_process(
            "condition.waived", code="CP_FLOATING_MORTGAGE", state="waived", decided_by="wang.jun", note="另行安排"
        ),
        (
            "系统 登记条件 浮动抵押登记：已豁免（wang.jun）；理由：另行安排",
            "the process entered the condition Floating mortgage registered: waived, by wang.jun; reason: 另行安排",
            "waived",
        ),
    ),
    (
        event("transfer.owner_confirm", actor="owner", of="borrower", command={"transfer_id": TRANSFER}),
        ("owner 确认付款：甲公司 5.00 CNY", "owner confirmed the transfer 5.00 CNY to 甲公司", "confirmed_by_owner"),
    ),
    (
        by_process("process.progress", workflow_id="application-x", stage="review"),
        ("系统 业务进入“审查”", "the process took the case to review", None),
    ),
    (
        by_process(
            "process.progress",
            workflow_id=f"utilisation-{DRAWING}",
            stage="refused",
            reasons=["LTV_EXCEEDED"],
            rows=[("utilisation", {"stage": "refused"})],
        ),
        (
            "系统 支用 FA2026-XN-000001-U01进入“不予支用”；理由：LTV_EXCEEDED",
            "the process took drawing FA2026-XN-000001-U01 to refused; reason: LTV_EXCEEDED",
            "refused",
        ),
    ),
    (
        event("application.changed", sections=["lines", "project"]),
        ("li.na 修改了申请：额度、项目", "li.na changed the application: line, project", None),
    ),
    (
        event("application.reopened"),
        ("li.na 登记 application.reopened", "li.na recorded application reopened", None),
    ),
]


@pytest.mark.parametrize(("said", "expected"), TOLD, ids=[f"{n}-{said.kind}" for n, (said, _) in enumerate(TOLD)])
def test_an_event_is_a_sentence(said: RecordedEvent, expected: tuple[str, str, str | None]) -> None:
    line = line_of(said, NAMES)
    assert (line.text_zh, line.text_en, line.outcome) == expected


@pytest.mark.parametrize(
    "said",
    [
        *(
            event(f"task.{verb}", command={"task_id": TASK})
            for verb in ("claim", "release", "start", "remind", "resume")
        ),
        by_process("process.progress", workflow_id="application-x", stage="review"),
        by_process("utilisation.gated"),
    ],
    ids=lambda said: said.kind,
)
def test_what_only_moves_papers_about_is_passing(said: RecordedEvent) -> None:
    assert line_of(said, NAMES).passing


def test_a_report_that_moves_the_case_is_part_of_the_story() -> None:
    line = line_of(by_process("process.progress", workflow_id="application-x", stage="review", moved="review"), NAMES)
    assert (line.passing, line.outcome, line.text_zh) == (False, "review", "系统 业务进入“审查”")


def test_every_stage_of_every_process_has_a_name() -> None:
    assert {(process, stage) for process, stages in PROCESSES.items() for stage in stages} == set(STAGES)
