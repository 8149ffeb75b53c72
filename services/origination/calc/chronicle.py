"""The story of a case as a banker tells it: each event one sentence in Chinese and English, with its outcome and reason.

The chain of events itself holds more, for programs and auditors. What only moves papers about (a report of the process
that nothing changed, a task taken in hand) is marked as passing, and is not part of the story.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.origination.calc.chronicle_words import (
    CHECKS,
    DECISIONS,
    END_OF_CONDITION,
    OUTCOMES,
    SECTIONS,
    STAGES,
    VERDICTS,
    Words,
    plain,
)


@dataclass(frozen=True)
class RecordedEvent:
    """An event without the case's content. ``rows`` are the images of the smaller rows it changed, by table."""

    kind: str
    actor: str
    actor_kind: str
    facts: Mapping[str, Any]
    stage: str | None
    rows: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def row(self, table: str) -> Mapping[str, Any]:
        """The image of the first row of a table, empty where the event changed none."""
        return next((values for name, values in self.rows if name == table), {})


@dataclass(frozen=True)
class CaseNames:
    """What the things are called that events name by id."""

    tasks: Mapping[str, Words] = field(default_factory=dict)
    conditions: Mapping[str, Words] = field(default_factory=dict)
    transfers: Mapping[str, Words] = field(default_factory=dict)
    """Payee and amount, by transfer id and by end-to-end id."""
    utilisations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """A sentence without its subject; the teller puts the actor in front of it."""

    zh: str
    en: str
    outcome: str | None = None
    reason: str = ""
    passing: bool = False


@dataclass(frozen=True)
class Line:
    """An event as the timeline shows it."""

    text_zh: str
    text_en: str
    outcome: str | None
    reason: str
    passing: bool


def line_of(event: RecordedEvent, names: CaseNames) -> Line:
    """The sentence of an event. A kind of event nobody gave words to is told by its name, never left out."""
    told = _teller(event.kind)(event, names)
    machine = event.actor_kind in ("service", "system")
    zh, en = ("系统", "the process") if machine else (event.actor, event.actor)
    reason_zh = f"；理由：{told.reason}" if told.reason else ""
    reason_en = f"; reason: {told.reason}" if told.reason else ""
    return Line(
        text_zh=f"{zh} {told.zh}{reason_zh}",
        text_en=f"{en} {told.en}{reason_en}",
        outcome=told.outcome,
        reason=told.reason,
        passing=told.passing,
    )


_Teller = Callable[[RecordedEvent, CaseNames], Told]


def _teller(kind: str) -> _Teller:
    known = _TELLERS.get(kind)
    if known is not None:
        return known
    group, _, _ = kind.partition(".")
    return {"finding": _finding, "task": _task, "condition": _condition}.get(group, _unnamed)


def _unnamed(event: RecordedEvent, _: CaseNames) -> Told:
    return Told(f"登记 {event.kind}", f"recorded {plain(event.kind)}")


def _fixed(zh: str, en: str, outcome: str | None = None, *, passing: bool = False) -> _Teller:
    told = Told(zh, en, outcome, passing=passing)
    return lambda event, names: told


def _text(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""


# --- the application --------------------------------------------------------------------------------------------------


def _changed(event: RecordedEvent, _: CaseNames) -> Told:
    sections = [str(section) for section in event.facts.get("sections", ())]
    words = [SECTIONS.get(section, Words(section, plain(section))) for section in sections]
    zh, en = "、".join(word.zh for word in words), ", ".join(word.en for word in words)
    return Told(f"修改了申请：{zh}", f"changed the application: {en}") if words else Told("修改了申请", "changed it")


def _amended(event: RecordedEvent, names: CaseNames) -> Told:
    told = _changed(event, names)
    return Told(f"补正：{told.zh}", f"amended the returned case: {told.en}")


def _resubmitted(event: RecordedEvent, _: CaseNames) -> Told:
    version = event.facts.get("content_version")
    sections = dict.fromkeys(str(pointer).split("/")[1] for pointer in event.facts.get("changed", ()))
    words = [SECTIONS.get(section, Words(section, plain(section))) for section in sections]
    zh, en = "、".join(word.zh for word in words), ", ".join(word.en for word in words)
    reason = _text(event.facts, "comment")
    return Told(
        f"重新提交申请，第 {version} 版，变更：{zh}",
        f"submitted the application again as version {version}, with changes in: {en}",
        "resubmitted",
        reason,
    )


def _imported(event: RecordedEvent, _: CaseNames) -> Told:
    count, asset = event.facts.get("servers"), _text(event.facts, "asset_key")
    return Told(f"导入资产 {asset} 的 {count} 台服务器", f"imported {count} servers of the asset {asset}")


def _document(event: RecordedEvent, _: CaseNames) -> Told:
    kind = _text(event.facts, "kind")
    name = _text(event.row("application_document"), "name")
    of = f"（{name}）" if name else ""
    return Told(f"归档文件 {kind}{of}", f"filed a document: {plain(kind)}{f' ({name})' if name else ''}")


def _withdrawal(event: RecordedEvent, _: CaseNames) -> Told:
    reason = _text(event.facts.get("command", {}), "reason") or _text(event.facts, "reason")
    return Told("撤回申请", "withdrew the application", "withdrawn", reason)


def _progress(event: RecordedEvent, names: CaseNames) -> Told:
    workflow, stage = _text(event.facts, "workflow_id"), _text(event.facts, "stage")
    kind, _, key = workflow.partition("-")
    moved = event.stage is not None or bool(event.row(kind).get("stage"))
    name = STAGES.get((kind, stage), Words(stage, plain(stage)))
    of = {"utilisation": Words(f"支用 {names.utilisations.get(key, '')}", f"drawing {names.utilisations.get(key, '')}")}
    matter = of.get(kind, {"facility": Words("授信额度", "the facility")}.get(kind, Words("业务", "the case")))
    return Told(
        f"{matter.zh.strip()}进入“{name.zh}”",
        f"took {matter.en.strip()} to {name.en}",
        stage if moved else None,
        ", ".join(str(code) for code in event.facts.get("reasons", ())),
        passing=not moved,
    )


# --- conclusions and decisions ----------------------------------------------------------------------------------------


def _finding(event: RecordedEvent, _: CaseNames) -> Told:
    finding = event.facts.get("finding", {})
    kind, outcome, headline = (_text(finding, name) for name in ("kind", "outcome", "value"))
    what = CHECKS.get(kind, Words(kind, plain(kind)))
    verdict = VERDICTS.get(outcome, Words(outcome, outcome))
    shown = f"（{headline}）" if headline else ""
    return Told(
        f"得出{what.zh}结论：{verdict.zh}{shown}",
        f"concluded the {what.en}: {verdict.en}{f' ({headline})' if headline else ''}",
        outcome,
    )


def _decision(event: RecordedEvent, _: CaseNames) -> Told:
    row = event.row("decision")
    decision = _text(event.facts, "decision")
    words = DECISIONS.get(decision, Words(decision, plain(decision)))
    by = ", ".join(str(subject) for subject in row.get("decided_by", ()))
    conditions = len(row.get("conditions", ()))
    zh = f"登记授信决策：{words.zh}" + (f"（{by}）" if by else "") + (f"，附 {conditions} 项条件" if conditions else "")
    en = f"entered the credit decision: {words.en}" + (f", by {by}" if by else "")
    en += f", with {_counted(conditions, 'condition')}" if conditions else ""
    return Told(zh, en, decision)


def _offer(event: RecordedEvent, _: CaseNames) -> Told:
    row = event.row("offer")
    amount, until = _money(row, "amount"), _text(row, "valid_until")
    return Told(f"发出批复：{amount}，有效期至 {until}", f"made the offer: {amount}, valid until {until}")


def _contract(event: RecordedEvent, _: CaseNames) -> Told:
    number = _text(event.facts, "number")
    return Told(f"制作合同 {number}", f"drew up the agreement {number}")


def _condition(event: RecordedEvent, names: CaseNames) -> Told:
    code, state = _text(event.facts, "code"), _text(event.facts, "state")
    end = END_OF_CONDITION.get(state, Words(state, plain(state)))
    by = _text(event.facts, "decided_by")
    what = names.conditions.get(code, Words(code, code))
    zh = f"登记条件 {what.zh}：{end.zh}" + (f"（{by}）" if by else "")
    en = f"entered the condition {what.en}: {end.en}" + (f", by {by}" if by else "")
    return Told(zh, en, state, _text(event.facts, "note"))


# --- tasks ------------------------------------------------------------------------------------------------------------

_IN_HAND: Final = {
    "claim": Words("认领", "took"),
    "release": Words("退回待办", "gave back"),
    "start": Words("开始办理", "began"),
    "remind": Words("催办", "sent a reminder of"),
    "resume": Words("恢复办理", "went on with"),
}
"""Verbs that only say in whose hands a task is; the story goes on when it is completed."""
_HANDED: Final = {
    "delegate": Words("委派", "delegated"),
    "forward": Words("转办", "forwarded"),
    "assign": Words("指派", "assigned"),
    "resolve": Words("办结委派", "gave advice on"),
    "suspend": Words("中止", "suspended"),
    "escalate": Words("升级", "escalated"),
}


def _task(event: RecordedEvent, names: CaseNames) -> Told:
    command = event.facts.get("command", {})
    verb = event.kind.partition(".")[2]
    title = names.tasks.get(_text(command, "task_id"), Words("任务", "a task"))
    reason = _text(command, "comment") or _text(command, "reason")
    if verb in _IN_HAND:
        word = _IN_HAND[verb]
        return Told(f"{word.zh}“{title.zh}”", f"{word.en} {title.en}", passing=True)
    if verb != "complete":
        word = _HANDED.get(verb, Words(verb, plain(verb)))
        target = _text(command, "target")
        zh = f"{word.zh}“{title.zh}”" + (f"给 {target}" if target else "")
        en = f"{word.en} {title.en}" + (f" to {target}" if target else "")
        return Told(zh, en, None, reason)
    outcome, back = _text(command, "outcome"), _text(command, "return_to")
    word = OUTCOMES.get(outcome, Words(outcome, plain(outcome)))
    to = STAGES.get(("application", back), Words(back, plain(back)))
    here = _text(event.facts, "stage")
    left = STAGES.get(("application", here), Words(here, plain(here)))
    zh, en = f"办结“{title.zh}”：{word.zh}", f"completed {title.en}: {word.en}"
    if back:
        zh += (f"，由“{left.zh}”" if here else "") + f"至“{to.zh}”"
        en += (f" from {left.en}" if here else "") + f" to {to.en}"
    grade = _text(command, "grade")
    if grade:
        zh, en = f"{zh}，改为 {grade}", f"{en} with {grade}"
    conditions = len(command.get("conditions", ()))
    if conditions:
        zh, en = f"{zh}，附 {conditions} 项条件", f"{en}, with {_counted(conditions, 'condition')}"
    return Told(zh, en, outcome, reason)


# --- facility, drawings, payments -------------------------------------------------------------------------------------


def _facility(event: RecordedEvent, _: CaseNames) -> Told:
    row = event.row("facility")
    number, limit = _text(row, "number"), _money(row, "limit_amount")
    return Told(f"授信额度 {number} 生效：{limit}", f"opened the facility {number} of {limit}", "effective")


def _margin_reported(event: RecordedEvent, _: CaseNames) -> Told:
    said = event.facts.get("command", {}).get("statement", {})
    what = _text(said, "agency") or _text(said, "fact")
    figure = _text(said, "grade") or _text(said, "figure")
    on = _text(said, "on")
    return Told(
        f"报告调价依据 {what}：{figure or '未知'}（{on}）",
        f"reported {plain(what)} for the margin: {figure or 'not known'} ({on})",
    )


def _requested(event: RecordedEvent, _: CaseNames) -> Told:
    row = event.row("utilisation")
    number, amount, day = _text(event.facts, "number"), _money(row, "amount"), _text(row, "value_date")
    return Told(
        f"申请支用 {number}：{amount}，起息日 {day}", f"asked for the drawing {number}: {amount}, value date {day}"
    )


def _commitment(zh: str, en: str, outcome: str) -> _Teller:
    def told(event: RecordedEvent, names: CaseNames) -> Told:
        amount = _money(event.row("commitment_entry"), "amount")
        number = names.utilisations.get(_text(event.facts, "utilisation_id"), "")
        return Told(f"{zh} {number} {amount}".rstrip(), f"{en} {number} {amount}".rstrip(), outcome)

    return told


def _limit(zh: str, en: str, outcome: str) -> _Teller:
    def told(event: RecordedEvent, names: CaseNames) -> Told:
        amount = _text(event.facts, "amount")
        return Told(f"{zh} {amount} CNY", f"{en} {amount} CNY", outcome)

    return told


def _limit_short(event: RecordedEvent, _: CaseNames) -> Told:
    amount = _text(event.facts, "amount")
    reasons = [reason for reason in event.facts.get("reasons", ()) if isinstance(reason, Mapping)]
    why = "; ".join(_text(reason, "message_zh") for reason in reasons)
    return Told(f"额度不足，未能占用 {amount} CNY", f"found no room under the limits for {amount} CNY", "refused", why)


def _transfers(event: RecordedEvent, _: CaseNames) -> Told:
    made = sum(name == "transfer" for name, _ in event.rows)
    return Told(f"生成 {made} 笔付款，待借款人确认", f"made {_counted(made, 'transfer')} for the owner to confirm")


def _transfer(zh: str, en: str, outcome: str) -> _Teller:
    def told(event: RecordedEvent, names: CaseNames) -> Told:
        command = event.facts.get("command", {})
        key = _text(event.facts, "end_to_end_id") or _text(command, "transfer_id")
        payment = names.transfers.get(key, Words("付款", "a transfer"))
        reason = _text(command, "comment") or _text(event.row("transfer"), "reason_code")
        return Told(f"{zh}：{payment.zh}", f"{en} {payment.en}", outcome, reason)

    return told


def _money(row: Mapping[str, Any], name: str) -> str:
    amount = _text(row, name)
    return f"{amount} {_text(row, 'currency') or 'CNY'}" if amount else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


_TELLERS: Final[dict[str, _Teller]] = {
    "application.drafted": _fixed("新建申请草稿", "opened a draft"),
    "application.changed": _changed,
    "application.submitted": _fixed("提交申请", "submitted the application", "submitted"),
    "application.amended": _amended,
    "application.resubmitted": _resubmitted,
    "application.withdrawal": _withdrawal,
    "application.withdrawn": _withdrawal,
    "assets.imported": _imported,
    "document.added": _document,
    "process.progress": _progress,
    "decision.taken": _decision,
    "offer.made": _offer,
    "contract.drawn": _contract,
    "facility.opened": _facility,
    "margin.reported": _margin_reported,
    "utilisation.requested": _requested,
    "utilisation.gated": _fixed("登记放款审核结论", "entered what the gate concluded", passing=True),
    "limit.reserved": _limit("占用客户及集团额度", "reserved under the limits of customer and group:", "reserved"),
    "limit.short": _limit_short,
    "limit.committed": _limit("额度占用转为承诺", "committed under the limits of customer and group:", "committed"),
    "limit.released": _limit("释放客户及集团额度", "gave back to the limits of customer and group:", "released"),
    "commitment.reserved": _commitment("占用额度", "reserved the commitment for", "reserved"),
    "commitment.short": _fixed("可用额度不足，支用不成立", "found the commitment short of the drawing", "refused"),
    "commitment.released": _commitment("释放额度", "released the commitment of", "released"),
    "commitment.drawn": _commitment("确认支用", "turned into drawn", "drawn"),
    "transfers.created": _transfers,
    "transfer.owner_confirm": _transfer("确认付款", "confirmed the transfer", "confirmed_by_owner"),
    "transfer.owner_reject": _transfer("拒绝付款", "refused the transfer", "rejected_by_owner"),
    "transfer.sending": _transfer("发出付款指令", "sent the payment", "sending"),
    "transfer.confirmed": _transfer("付款成功", "learned that it was paid:", "confirmed"),
    "transfer.failed": _transfer("付款失败", "learned that it was not paid:", "failed"),
    "transfer.unknown": _transfer("付款结果待查询", "has to inquire after", "unknown"),
}
