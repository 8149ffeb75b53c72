"""The differences that are known by name, and the remedy of each.

``{…}`` in a command is filled in from the difference. Two rules stand behind all of them: the older store is brought up to
the newer one and never the other way round where money has moved, and a person never pays by hand what may be paid.
"""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    PROCESS_MISSING = "process_missing"
    PROCESS_NOT_STARTED = "process_not_started"
    PROCESS_UNKNOWN = "process_unknown"
    PROCESS_NOT_ASKED = "process_not_asked"
    PROCESS_BROKEN_OFF = "process_broken_off"
    BOOKS_MISSING = "books_missing"
    PROCESS_ENDED_BOOKS_OPEN = "process_ended_books_open"
    BOOKS_ENDED_PROCESS_OPEN = "books_ended_process_open"
    STAGE_DIFFERS = "stage_differs"
    TASK_MISSING_IN_INBOX = "task_missing_in_inbox"
    TASK_CLOSED_IN_INBOX = "task_closed_in_inbox"
    TASK_OPEN_IN_INBOX_ONLY = "task_open_in_inbox_only"
    TASK_VERSION_DIFFERS = "task_version_differs"
    CHAIN_BROKEN = "chain_broken"
    EVENT_DOUBLED = "event_doubled"
    STEP_MISSING_IN_BOOKS = "step_missing_in_books"
    STEP_MISSING_IN_PROCESS = "step_missing_in_process"
    COMMAND_MISSING_IN_BOOKS = "command_missing_in_books"
    COMMAND_MISSING_IN_PROCESS = "command_missing_in_process"
    DRAWING_MISSING_IN_FACILITY = "drawing_missing_in_facility"
    DRAWING_MISSING_IN_BOOKS = "drawing_missing_in_books"
    COMMITMENT_DIFFERS = "commitment_differs"
    COMMITMENT_ORPHANED = "commitment_orphaned"
    LIMIT_ORPHANED = "limit_orphaned"
    LIMIT_DIFFERS = "limit_differs"
    TRANSFER_MISSING_IN_BOOKS = "transfer_missing_in_books"
    TRANSFER_STATE_DIFFERS = "transfer_state_differs"
    PAID_NOT_BOOKED = "paid_not_booked"
    BOOKED_NOT_PAID = "booked_not_paid"
    PAYMENT_OF_ANOTHER_INSTRUCTION = "payment_of_another_instruction"
    PAYMENT_UNKNOWN_TO_BOOKS = "payment_unknown_to_books"
    PAID_TWICE = "paid_twice"
    CASE_NUMBERS_BEHIND = "case_numbers_behind"


@dataclass(frozen=True)
class Entry:
    """What a difference means and what to do, in both languages; ``command`` is empty where none helps by itself."""

    title_zh: str
    title_en: str
    remedy_zh: str
    remedy_en: str
    command: str = ""


_DESCRIBE = "temporal workflow describe --namespace suandai --workflow-id {workflow_id}"
_RESET = (
    "temporal workflow reset --namespace suandai --workflow-id {workflow_id} --event-id {event_id}"
    " --reapply-exclude Update --reason 'books restored'"
)
_OLDER_ENGINE_ZH = "流程库比账簿旧：停机，将流程库恢复到与账簿同一时点的备份后重新对账；此前勿在该案件上操作"
_OLDER_ENGINE_EN = (
    "the engine's store is older than the books: stop the stack and restore the engine to the moment of the books,"
    " then reconcile again; until then leave the case alone"
)
_OLDER_BOOKS_ZH = "账簿比流程旧：优先按日志前滚账簿；不可行时将流程重置到账簿所知的最后一步，之后的任务由经办人重做"
_OLDER_BOOKS_EN = (
    "the books are older than the process: roll the books forward from their log; where that is not possible, reset the"
    " process to the last step the books know, and people do the tasks after it once more"
)
_WAIT_ZH = "系统自行补记；如持续存在，查看流程的待办活动"
_WAIT_EN = "entered by itself once every part runs; if it stays, look at the process's pending activities"

CATALOGUE: dict[Code, Entry] = {
    Code.PROCESS_MISSING: Entry(
        "账簿有、流程库无", "in the books, without a process", _OLDER_ENGINE_ZH, _OLDER_ENGINE_EN
    ),
    Code.PROCESS_NOT_STARTED: Entry(
        "流程尚未启动",
        "the process has not been started yet",
        "流程库可用后由受理服务自行启动；如有错误代码，先排除",
        "origination starts it itself when the engine answers; where an error code stands, mend that first",
    ),
    Code.PROCESS_UNKNOWN: Entry(
        "流程类型或编号无法识别",
        "a process of an unknown type or id",
        "非本系统启动；查明来源后终止",
        "nothing of ours started it; find out who did, then terminate it",
        "temporal workflow terminate --namespace suandai --workflow-id {workflow_id} --reason 'unknown to the bank'",
    ),
    Code.PROCESS_NOT_ASKED: Entry(
        "流程未能应答",
        "the process could not be asked",
        "启动该流程所属版本的执行器后重新对账；未核对不等于一致",
        "start a worker of the process's build and reconcile again; what was not compared does not agree",
        _DESCRIBE,
    ),
    Code.PROCESS_BROKEN_OFF: Entry(
        "流程异常终止", "the process was broken off", _OLDER_BOOKS_ZH, _OLDER_BOOKS_EN, _RESET
    ),
    Code.BOOKS_MISSING: Entry(
        "流程有、账簿无",
        "a process without books",
        "账簿比流程旧：按日志前滚账簿；不可行时终止流程，由客户经理重新录入申请，勿重复付款",
        "the books are older than the process: roll them forward from their log; where that is not possible, terminate the"
        " process and have the relationship manager enter the case again; look at the payments first",
        "temporal workflow terminate --namespace suandai --workflow-id {workflow_id} --reason 'books restored'",
    ),
    Code.PROCESS_ENDED_BOOKS_OPEN: Entry(
        "流程已结束、账簿未结束", "the process has ended, the books have not", _OLDER_BOOKS_ZH, _OLDER_BOOKS_EN, _RESET
    ),
    Code.BOOKS_ENDED_PROCESS_OPEN: Entry(
        "账簿已结束、流程未结束", "the books have ended, the process has not", _OLDER_ENGINE_ZH, _OLDER_ENGINE_EN
    ),
    Code.STAGE_DIFFERS: Entry("阶段不一致", "the stages differ", _WAIT_ZH, _WAIT_EN, _DESCRIBE),
    Code.TASK_MISSING_IN_INBOX: Entry(
        "流程待办未入收件箱", "an open task is not in the inbox", _WAIT_ZH, _WAIT_EN, _DESCRIBE
    ),
    Code.TASK_CLOSED_IN_INBOX: Entry(
        "收件箱已办、流程仍待办",
        "done in the inbox, open in the process",
        _OLDER_ENGINE_ZH,
        _OLDER_ENGINE_EN,
    ),
    Code.TASK_OPEN_IN_INBOX_ONLY: Entry(
        "收件箱待办、流程中已无",
        "open in the inbox, not in the process",
        "该任务无法办理；先处理同一案件的其他差异（步骤、流程），再重新对账",
        "nobody can do this task; mend the other differences of the case first (steps, processes) and reconcile again",
    ),
    Code.TASK_VERSION_DIFFERS: Entry("任务版本不一致", "the versions of a task differ", _WAIT_ZH, _WAIT_EN, _DESCRIBE),
    Code.CHAIN_BROKEN: Entry(
        "事件链断裂",
        "the chain of events is broken",
        "证据受损：保全现场，通知审计；自备份恢复该案件",
        "evidence is damaged: keep everything as it is, call the auditors, restore the case from a backup",
    ),
    Code.EVENT_DOUBLED: Entry(
        "事件重复",
        "an event stands twice",
        "同一步骤入账两次：通知审计与开发",
        "one step was entered twice: call the auditors and the developers",
    ),
    Code.STEP_MISSING_IN_BOOKS: Entry(
        "流程步骤未入账", "steps of the process that the books do not know", _OLDER_BOOKS_ZH, _OLDER_BOOKS_EN, _RESET
    ),
    Code.STEP_MISSING_IN_PROCESS: Entry(
        "账簿步骤不在流程中",
        "steps in the books that the process has not taken",
        _OLDER_ENGINE_ZH,
        _OLDER_ENGINE_EN,
    ),
    Code.COMMAND_MISSING_IN_BOOKS: Entry(
        "人员操作未入账",
        "a person's command that the books do not know",
        "两分钟内自行补记，勿重置；仅当账簿由旧备份恢复时：前滚账簿，或重置流程，由经办人重做",
        "entered by itself within two minutes: wait. Only where the books were restored: roll them forward, or reset the"
        " process, and people do once more what they did",
        _RESET,
    ),
    Code.COMMAND_MISSING_IN_PROCESS: Entry(
        "已入账的人员操作不在流程中",
        "a command in the books that the process never saw",
        _OLDER_ENGINE_ZH,
        _OLDER_ENGINE_EN,
    ),
    Code.DRAWING_MISSING_IN_FACILITY: Entry(
        "授信流程未获知支用",
        "the facility's process was not told of a drawing",
        _OLDER_ENGINE_ZH,
        _OLDER_ENGINE_EN,
    ),
    Code.DRAWING_MISSING_IN_BOOKS: Entry(
        "账簿无该笔支用", "a drawing that the books have not drawn", _OLDER_BOOKS_ZH, _OLDER_BOOKS_EN
    ),
    Code.COMMITMENT_DIFFERS: Entry(
        "承诺额度与明细不符",
        "a commitment is not the sum of its entries",
        "账簿内部不一致：通知开发，停止该授信的支用",
        "the books contradict themselves: stop drawings under the facility and call the developers",
    ),
    Code.COMMITMENT_ORPHANED: Entry(
        "占用额度无人释放",
        "reserved by a drawing that has ended",
        "支用流程已结束而额度仍占用：核对付款后重置该流程以释放",
        "the drawing's process has ended and its room is still reserved: look at its payments, then reset the process",
        _DESCRIBE,
    ),
    Code.LIMIT_ORPHANED: Entry(
        "已结束业务仍占用额度",
        "held of the limits by a case that has ended",
        "业务或授信已结束而额度仍占用：核对流程结束状态后重置该流程以释放",
        "the case or its facility has ended and its room under the limits is still taken: look at how the process ended, then"
        " reset it, and its end gives the room back",
        _DESCRIBE,
    ),
    Code.LIMIT_DIFFERS: Entry(
        "占用额度与授信不符",
        "what is committed of the limits is not what the facility was granted",
        "账簿内部不一致：通知开发，停止在该额度下审批",
        "the books contradict themselves: stop approvals under the line and call the developers",
    ),
    Code.TRANSFER_MISSING_IN_BOOKS: Entry(
        "账簿无该笔付款",
        "a transfer that the books do not know",
        "先向核心系统查询该笔付款；" + _OLDER_BOOKS_ZH,
        "ask core banking about it first; " + _OLDER_BOOKS_EN,
    ),
    Code.TRANSFER_STATE_DIFFERS: Entry(
        "付款状态不一致", "the state of a transfer differs", _WAIT_ZH, _WAIT_EN, _DESCRIBE
    ),
    Code.PAID_NOT_BOOKED: Entry(
        "核心系统已付、账簿未记",
        "paid by core banking, not by the books",
        "切勿手工付款：流程继续时先查询后入账，不会重复发送；流程缺步骤时先按步骤差异处理",
        "never pay by hand: when the process goes on it asks core banking first, books the payment and sends nothing; where"
        " steps of the process are missing, mend them first",
        _DESCRIBE,
    ),
    Code.BOOKED_NOT_PAID: Entry(
        "账簿已付、核心系统未付",
        "paid by the books, not by core banking",
        "核心系统较旧或退汇：与核心系统核对流水后冲正，勿再次发送",
        "core banking is older or has returned the payment: check its journal, correct the books, do not send again",
    ),
    Code.PAYMENT_OF_ANOTHER_INSTRUCTION: Entry(
        "同号付款要素不同",
        "core banking knows another instruction under this id",
        "账簿恢复后编号被重用：本笔未付且不会发送；先调整编号（见案件编号差异），再以新支用办理",
        "an id was used again after the books were restored: ours is not paid and will not be sent; advance the case"
        " numbers, cancel this drawing and ask for it under a new case",
    ),
    Code.PAYMENT_UNKNOWN_TO_BOOKS: Entry(
        "核心系统有、账簿无的付款",
        "a payment that the books have never heard of",
        "账簿比核心系统旧：前滚账簿；不可行时按核心系统流水补记，勿再次付款",
        "the books are older than core banking: roll them forward; where that is not possible, enter the payment from core"
        " banking's statement; do not pay again",
    ),
    Code.PAID_TWICE: Entry(
        "重复付款",
        "more was paid than drawn",
        "立即联系收款行止付，通知合规与审计",
        "have the payee's bank stop it, call compliance and the auditors",
    ),
    Code.CASE_NUMBERS_BEHIND: Entry(
        "案件编号落后",
        "case numbers would be given out again",
        "以迁移账号推进编号，否则付款编号会被重用",
        "advance the numbers as the owner of the tables before anybody enters a case, or ids of payments are used again",
        "SELECT setval('origination.case_number', {last_number})",
    ),
}
