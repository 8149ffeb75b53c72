"""Processes that stand still and would not go on by themselves: what an operator is told of each."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.model import Message


class StuckKind(StrEnum):
    WORKFLOW_TASK = "workflow_task"
    """The process itself cannot take its next step."""
    ACTIVITY = "activity"
    """An effect that the process waits for has not come about within its deadline."""


class StuckCause(StrEnum):
    CODE_FAILS = "code_fails"
    CODE_DIVERGES = "code_diverges"
    CODE_HANGS = "code_hangs"
    NO_WORKER = "no_worker"
    SERVICE_UNAVAILABLE = "service_unavailable"
    SERVICE_REFUSES = "service_refuses"
    STEP_FAILS = "step_fails"
    STEP_TIMES_OUT = "step_times_out"


CAUSE_TEXTS: Final[Mapping[StuckCause, tuple[str, str]]] = {
    StuckCause.CODE_FAILS: (
        "流程代码反复出错；安装修复后的版本，再将流程移至该版本",
        "the process's code keeps failing; install the mended build, then move the process to it",
    ),
    StuckCause.CODE_DIVERGES: (
        "流程代码与已记录的历史不符；移回能够继续的版本，或安装修复后的版本",
        "the code does not lead to what the history says; move the process back to a build that does, or install one",
    ),
    StuckCause.CODE_HANGS: (
        "流程代码未在时限内作答；安装修复后的版本，再将流程移至该版本",
        "the process's code does not answer in time; install the mended build, then move the process to it",
    ),
    StuckCause.NO_WORKER: (
        "没有工作进程承接该流程所在的版本；启动服务，代码遗失时先恢复",
        "no worker serves the build the process stands on; start it, and if its code was lost put that back first",
    ),
    StuckCause.SERVICE_UNAVAILABLE: (
        "所需服务不可用；恢复后该步骤自动重试，无需重新提交",
        "a service the step needs gives no answer; once it does, the step is repeated by itself",
    ),
    StuckCause.SERVICE_REFUSES: (
        "服务拒绝该步骤；补正数据或修复服务后自动重试",
        "a service refuses the step; once data or service are mended, the step is repeated by itself",
    ),
    StuckCause.STEP_FAILS: (
        "该步骤的代码反复出错；安装修复后的版本，再将流程移至该版本",
        "the step's code keeps failing; install the mended build, then move the process to it",
    ),
    StuckCause.STEP_TIMES_OUT: (
        "该步骤每次都超时；检查所需服务与工作进程",
        "the step runs out of time whenever it is tried; look at the services it needs and at the worker",
    ),
}
"""By cause: what is wrong and what mends it, in Chinese and English."""


class StuckProcess(Message):
    """A process that stands still. It is closed by itself when the process goes on."""

    item_id: UUID
    workflow_id: str
    process: str
    """``CreditApplication``, ``Utilisation`` or ``Facility``."""
    case_number: str
    branch: str
    build: str
    """The build that is to take the next step; empty when none was ever named."""
    kind: StuckKind
    step: str = ""
    """The effect that does not come about; empty when the process itself cannot go on."""
    cause: StuckCause
    failure_type: str = ""
    """The kind of the last error. Its text is not shown: it may hold personal data."""
    attempts: int
    since: datetime
    seen_at: datetime
    closed_at: datetime | None = None
    message_zh: str
    message_en: str
    mend: str
    """The command that mends it, or that shows what does."""
