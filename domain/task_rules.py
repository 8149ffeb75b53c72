"""The rules of the task verbs: who may do what to a task in which state, and what the task becomes.

Pure. The workflow's validators decide by them and the inbox shows the caller's allowed actions by them, so the two never
differ. States and verbs follow WS-HumanTask 1.1; 转办 hands over for good, 委派 hands over and comes back to its owner.
"""

from datetime import datetime

from domain.model import Value
from domain.money import ZERO
from domain.refusals import Refusal
from domain.roles import Role
from domain.rulebook import Rulebook
from domain.tasks import (
    OUTCOMES_OF,
    GradeProposal,
    Handover,
    HumanTask,
    TaskCommand,
    TaskOutcome,
    TaskState,
    TaskType,
    Verb,
)

MAX_REMINDERS = 10
MAX_HANDOVERS = 20
"""A task that passes through more hands than that is remembered by its events."""

_FROM: dict[Verb, frozenset[TaskState]] = {
    Verb.CLAIM: frozenset({TaskState.READY}),
    Verb.RELEASE: frozenset({TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.START: frozenset({TaskState.RESERVED}),
    Verb.COMPLETE: frozenset({TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.DELEGATE: frozenset({TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.RESOLVE: frozenset({TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.FORWARD: frozenset({TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.ESCALATE: frozenset({TaskState.READY, TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.SUSPEND: frozenset({TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.RESUME: frozenset({TaskState.SUSPENDED}),
    Verb.ASSIGN: frozenset({TaskState.READY, TaskState.RESERVED, TaskState.IN_PROGRESS}),
    Verb.REMIND: frozenset({TaskState.READY, TaskState.RESERVED, TaskState.IN_PROGRESS}),
}
_BY_ADMINISTRATOR = frozenset({Verb.ASSIGN})
_BY_ANYONE_OF_THE_CASE = frozenset({Verb.REMIND, Verb.ESCALATE})
_NEEDS_TARGET = frozenset({Verb.DELEGATE, Verb.FORWARD, Verb.ASSIGN})
_HANDS_OVER = frozenset({Verb.DELEGATE, Verb.RESOLVE, Verb.FORWARD, Verb.ASSIGN})
_NEEDS_REASON = frozenset({Verb.SUSPEND, Verb.ESCALATE})


class RefusedCommand(Value):
    """A refusal with the rule it stands on and bilingual text."""

    code: Refusal
    rule: str = ""
    pointer: str = ""
    """JSON pointer into the body of the request, where a field of it is at fault."""
    message_zh: str
    message_en: str


def _refuse(code: Refusal, zh: str, en: str, rule: str = "", pointer: str = "") -> RefusedCommand:
    return RefusedCommand(code=code, rule=rule, pointer=pointer, message_zh=zh, message_en=en)


def _lacking(pointer: str, zh: str, en: str) -> RefusedCommand:
    return _refuse(Refusal.FIELD_MISSING, zh, en, pointer=pointer)


def _eligible(task: HumanTask, subject: str, roles: tuple[Role, ...]) -> RefusedCommand | None:
    if task.role not in roles:
        return _refuse(Refusal.ROLE_MISSING, f"此任务须由 {task.role} 办理", f"this task is for the role {task.role}")
    if task.candidates and subject not in task.candidates:
        return _refuse(Refusal.ROLE_MISSING, "此任务已指定他人办理", "this task is offered to other persons")
    return None


def _separated(
    task: HumanTask, subject: str, held: frozenset[str], rulebook: Rulebook, front_office: bool
) -> RefusedCommand | None:
    second = _second_person(task, subject)
    if second is not None:
        return second
    if subject in task.excluded:
        return _refuse(Refusal.DUTIES_SEPARATE, "您已被排除在此任务之外", "you are excluded from this task")
    rule = rulebook.conflict(task.type.value, held)
    if rule is not None:
        return _refuse(
            Refusal.DUTIES_SEPARATE,
            f"职责分离：{rule.name_zh}",
            f"duties must be apart: {rule.name_en}",
            rule.rule_id,
        )
    if front_office and task.type in (TaskType.APPROVAL, TaskType.COMMITTEE_VOTE, TaskType.PRICING_APPROVAL):
        return _refuse(
            Refusal.DUTIES_SEPARATE,
            "职责分离：前台无表决权",
            "duties must be apart: the front office has no vote",
            "SOD-FRONT-OFFICE",
        )
    return None


def _second_person(task: HumanTask, subject: str) -> RefusedCommand | None:
    """What one person proposed or reported is for another to decide."""
    if task.proposal is not None and task.type is TaskType.RATING_OVERRIDE and subject == task.proposal.proposed_by:
        return _refuse(
            Refusal.DUTIES_SEPARATE,
            "职责分离：提出推翻评级的人不得自行决定",
            "duties must be apart: whoever proposes an override does not decide on it",
            "OVERRIDE_SAME_PERSON",
        )
    if task.margin_report is not None and subject == task.margin_report.reported_by:
        return _refuse(
            Refusal.DUTIES_SEPARATE,
            "职责分离：报告人不得自行复核",
            "duties must be apart: whoever reports a fact does not check it",
            "MARGIN_REPORT_SAME_PERSON",
        )
    return None


def _authorised(task: HumanTask, command: TaskCommand, rulebook: Rulebook, branch: str, now: datetime) -> bool:
    required = task.required_authority
    if required is None or required.kind == "committee":
        return True
    needs = command.outcome in (TaskOutcome.APPROVE, TaskOutcome.APPROVE_WITH_CONDITIONS, TaskOutcome.WAIVE)
    if not needs:
        return True  # refusing or returning takes no credit risk and needs no mandate
    mandate = command.mandate
    return (
        mandate is not None
        and mandate.subject == command.subject
        and mandate.covers(required, rulebook.today(now), branch)
    )


def refusal_of(
    task: HumanTask | None,
    command: TaskCommand,
    *,
    held: frozenset[str],
    target_held: frozenset[str],
    rulebook: Rulebook,
    branch: str,
    now: datetime,
) -> RefusedCommand | None:
    """Why a command must be refused, or ``None``.

    ``held`` and ``target_held`` are the duties that the actor and the target have discharged in this case.
    """
    if task is None:
        return _refuse(Refusal.TASK_UNKNOWN, "此流程没有该任务", "this process has no such task")
    if task.version != command.expected_version:
        return _refuse(Refusal.TASK_VERSION, "任务已被更新，请刷新", "the task has changed since it was read")
    if task.state not in _FROM[command.verb]:
        code = Refusal.TASK_TAKEN if command.verb is Verb.CLAIM and task.assignee else Refusal.TASK_STATE
        return _refuse(
            code, f"任务当前状态为 {task.state}，不能执行此操作", f"a task that is {task.state} does not allow this"
        )
    return (
        _missing_field(task, command)
        or _wrong_actor(task, command, held, rulebook)
        or _wrong_target(task, command, target_held, rulebook, branch, now)
        or _beyond_authority(task, command, rulebook, branch, now)
    )


def _missing_field(task: HumanTask, command: TaskCommand) -> RefusedCommand | None:
    if command.verb in _NEEDS_TARGET and not command.target:
        return _lacking("/target", "须指明接办人 (target)", "the person who is to act is missing (target)")
    if command.verb in _NEEDS_REASON and not command.reason:
        return _lacking("/reason", "须说明理由 (reason)", "a reason is missing (reason)")
    if command.verb is Verb.REMIND and task.reminders >= MAX_REMINDERS:
        return _refuse(Refusal.TOO_MANY_REMINDERS, "催办次数已达上限", "this task was reminded of often enough")
    if command.verb is not Verb.COMPLETE:
        return None
    allowed = OUTCOMES_OF[task.type]
    if command.outcome is None or command.outcome not in allowed:
        names = ", ".join(sorted(allowed))
        zh, en = f"办理结果须为：{names}", f"the outcome must be one of: {names}"
        return _refuse(Refusal.OUTCOME_NOT_ALLOWED, zh, en, pointer="/outcome")
    if command.outcome is TaskOutcome.RESUBMIT:
        return _unanswered(task, command)
    if command.outcome is TaskOutcome.OVERRIDE or command.grade is not None:
        return _unfounded(command)
    if command.outcome is TaskOutcome.RETURN and not command.return_to:
        return _lacking("/return_to", "退回须指明阶段 (return_to)", "a return must name its stage (return_to)")
    if command.outcome in (TaskOutcome.REJECT, TaskOutcome.RETURN, TaskOutcome.WAIVE) and not command.comment:
        return _lacking("/comment", "须填写意见 (comment)", "this outcome needs a comment (comment)")
    if command.outcome is TaskOutcome.APPROVE_WITH_CONDITIONS and not command.conditions:
        return _lacking("/conditions", "须列明条件 (conditions)", "the conditions are missing (conditions)")
    return None


def _unfounded(command: TaskCommand) -> RefusedCommand | None:
    """An override names a grade and why; no other outcome has a grade. How far it may go is the rating scale's to say."""
    if command.outcome is not TaskOutcome.OVERRIDE:
        zh, en = "仅推翻评级 (override) 须填级别", "a grade belongs to the outcome override only"
        return _refuse(Refusal.OUTCOME_NOT_ALLOWED, zh, en, pointer="/grade")
    if not command.grade:
        return _lacking("/grade", "推翻评级须填写级别 (grade)", "an override names its grade (grade)")
    if not command.comment:
        return _lacking("/comment", "推翻评级须说明理由 (comment)", "an override needs a reason (comment)")
    return None


def _unanswered(task: HumanTask, command: TaskCommand) -> RefusedCommand | None:
    """A rework is completed by submitting the application again; whoever changed nothing says why."""
    if command.resubmitted is None:
        return _lacking(
            "",
            "补正任务随重新提交申请办结 (POST /v1/applications/{id}/submit)",
            "a rework is completed by submitting the application again (POST /v1/applications/{id}/submit)",
        )
    unchanged = task.subject is not None and task.subject.sha256 == command.resubmitted.sha256
    if unchanged and not command.comment:
        return _lacking("/comment", "内容未变更的，须说明理由 (comment)", "nothing was changed: say why (comment)")
    return None


def _wrong_actor(
    task: HumanTask, command: TaskCommand, held: frozenset[str], rulebook: Rulebook
) -> RefusedCommand | None:
    if command.verb in _BY_ADMINISTRATOR:
        if Role.OPERATOR in command.roles:
            return None
        return _refuse(Refusal.ROLE_MISSING, "指派须由运营人员办理", "only an operator may assign a task")
    if command.verb in _BY_ANYONE_OF_THE_CASE:
        return None
    if command.verb is Verb.CLAIM:
        front = _is_front_office(held, rulebook)
        return _eligible(task, command.subject, command.roles) or _separated(
            task, command.subject, held, rulebook, front
        )
    if command.subject != task.assignee:
        return _refuse(Refusal.NOT_ASSIGNEE, "仅任务办理人可执行此操作", "only the task's assignee may do this")
    if command.verb is Verb.RESOLVE and task.owner is None:
        return _refuse(Refusal.TASK_STATE, "此任务并非委派而来", "this task was not delegated")
    if command.verb is Verb.COMPLETE and task.owner not in (None, command.subject):
        return _refuse(Refusal.NOT_ASSIGNEE, "受托人只出具意见，由委派人决定", "a delegate advises; the owner decides")
    return None


def _wrong_target(
    task: HumanTask, command: TaskCommand, target_held: frozenset[str], rulebook: Rulebook, branch: str, now: datetime
) -> RefusedCommand | None:
    if command.verb not in _NEEDS_TARGET or command.target is None:
        return None
    if command.target == task.assignee:
        return _lacking("/target", "接办人与现办理人相同", "the target already holds the task")
    front = _is_front_office(target_held, rulebook)
    separated = _separated(task, command.target, target_held, rulebook, front)
    if separated is not None:
        return separated
    required = task.required_authority
    if command.verb is Verb.FORWARD and required is not None and required.kind == "person":
        mandate = command.target_mandate
        if mandate is None or not mandate.covers(required, rulebook.today(now), branch):
            return _refuse(
                Refusal.AUTHORITY_EXCEEDED, "接办人授权不足", "the target's mandate does not reach", required.rule
            )
    return None


def _beyond_authority(
    task: HumanTask, command: TaskCommand, rulebook: Rulebook, branch: str, now: datetime
) -> RefusedCommand | None:
    if command.verb is not Verb.COMPLETE or _authorised(task, command, rulebook, branch, now):
        return None
    required = task.required_authority
    assert required is not None
    if required.amount == ZERO:
        return _refuse(
            Refusal.AUTHORITY_EXCEEDED,
            f"须持有 {required.body} 的授权方可表示意见",
            f"only a holder of a mandate as {required.body} is heard here",
            required.rule,
        )
    return _refuse(
        Refusal.AUTHORITY_EXCEEDED,
        f"超出授权：须由 {required.body} 决定（{required.amount}）",
        f"beyond your authority: {required.body} must decide on {required.amount}",
        required.rule,
    )


def _is_front_office(held: frozenset[str], rulebook: Rulebook) -> bool:
    return any(duty in held for duty in rulebook.front_office_duties)


def applied(task: HumanTask, command: TaskCommand, now: datetime) -> HumanTask:
    """The task after a command that was not refused; its version grows by one."""
    touched: dict[str, object] = {"version": task.version + 1}
    if task.first_touch_at is None and command.verb not in (Verb.CLAIM, Verb.REMIND):
        touched["first_touch_at"] = now
    match command.verb:
        case Verb.CLAIM:
            touched |= {"state": TaskState.RESERVED, "assignee": command.subject, "claimed_at": now}
        case Verb.RELEASE:
            touched |= {"state": TaskState.READY, "assignee": None, "owner": None, "claimed_at": None}
        case Verb.START:
            touched |= {"state": TaskState.IN_PROGRESS}
        case Verb.COMPLETE:
            touched |= {
                "state": TaskState.COMPLETED,
                "outcome": command.outcome,
                "comment": command.comment or "",
                "conditions": command.conditions,
                "evidence": command.evidence,
                "memo": command.memo,
                "return_to": command.return_to,
                "resubmitted": command.resubmitted,
                "completed_at": now,
                "completed_by": command.subject,
            }
            if command.grade is not None:
                touched["proposal"] = GradeProposal(
                    grade=command.grade, reason=command.comment or "", proposed_by=command.subject
                )
        case Verb.DELEGATE:
            touched |= {"assignee": command.target, "owner": task.owner or task.assignee}
        case Verb.RESOLVE:
            touched |= {"assignee": task.owner, "owner": None, "comment": command.comment or task.comment}
        case Verb.FORWARD:
            touched |= {"assignee": command.target, "state": TaskState.RESERVED, "claimed_at": now}
        case Verb.ESCALATE:
            touched |= {"escalation_level": task.escalation_level + 1, "priority": min(100, task.priority + 10)}
        case Verb.SUSPEND:
            touched |= {"state": TaskState.SUSPENDED, "resume_state": task.state, "suspended_at": now}
        case Verb.RESUME:
            paused = now - (task.suspended_at or now)
            touched |= {
                "state": task.resume_state or TaskState.RESERVED,
                "resume_state": None,
                "suspended_at": None,
                "due_at": task.due_at + paused if task.due_at else None,
            }
        case Verb.ASSIGN:
            touched |= {"state": TaskState.RESERVED, "assignee": command.target, "claimed_at": now, "owner": None}
        case Verb.REMIND:
            touched |= {"reminders": task.reminders + 1}
    if command.verb in _HANDS_OVER:
        touched["handovers"] = (*task.handovers, _handed_over(task, command, now))[-MAX_HANDOVERS:]
    return task.model_copy(update=touched)


def _handed_over(task: HumanTask, command: TaskCommand, now: datetime) -> Handover:
    return Handover(
        verb=command.verb,
        by=command.subject,
        to=task.owner if command.verb is Verb.RESOLVE else command.target,
        at=now,
        comment=command.comment or command.reason or "",
    )


def allowed_verbs(task: HumanTask, subject: str, roles: tuple[Role, ...]) -> tuple[Verb, ...]:
    """The verbs a caller may try on a task as it stands; what depends on the body is checked when they do."""
    verbs: list[Verb] = []
    for verb, states in _FROM.items():
        if task.state not in states:
            continue
        if verb is Verb.CLAIM:
            allowed = _eligible(task, subject, roles) is None and subject not in task.excluded
        elif verb in _BY_ADMINISTRATOR:
            allowed = Role.OPERATOR in roles
        elif verb in _BY_ANYONE_OF_THE_CASE:
            allowed = True
        elif verb is Verb.RESOLVE:
            allowed = subject == task.assignee and task.owner is not None
        elif verb is Verb.COMPLETE:
            # A rework is completed by submitting the application again, not by this verb.
            allowed = subject == task.assignee and task.owner in (None, subject) and task.type is not TaskType.REWORK
        else:
            allowed = subject == task.assignee
        if allowed:
            verbs.append(verb)
    return tuple(verbs)
