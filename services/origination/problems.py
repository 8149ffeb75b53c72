"""The refusals of origination that are neither a fault of form nor a matter of rights."""

from collections.abc import Iterable

from domain.casefile import MissingItem
from domain.figures import OUT_OF_BOUNDS
from domain.margin_ratchet import MARGIN_TEXTS
from services.kit.problems import Fault, ProblemType, register
from services.kit.validation_faults import register_messages

register_messages(MARGIN_TEXTS)
register_messages(
    {
        "condition_due": (
            "后续条件须填写 counts_from 与 due_days；其他条件不得填写",
            "a subsequent condition needs counts_from and due_days; a condition of another kind has neither",
        ),
        "ratchet_undertaking": ("利率调整条款须为持续性承诺", "clauses of the margin are an undertaking"),
    }
)

register_messages({OUT_OF_BOUNDS: ("须为 {bound} 内的数；单位：{unit}", "must be a figure in {bound}; unit: {unit}")})

register_messages(
    {
        "claim_before_contract": ("不得早于合同签署", "must not be claimed before the contract is signed"),
        "own_supplier": ("企业不得为自身供应商", "a firm does not supply itself"),
    }
)

register(
    ProblemType(
        "support_contract_claimed",
        409,
        "该合同已申领",
        "The contract has been claimed",
        "同一合同在同一政策下只能申领一次。",
        "A contract is claimed once under a programme.",
    ),
    ProblemType(
        "support_claim_state",
        409,
        "该申领不能如此处理",
        "The claim does not stand where this can be done",
        "当前状态为 {state}。",
        "It is {state}.",
    ),
    ProblemType(
        "visit_without_need",
        409,
        "走访未发现需求",
        "The visit found no need",
        "没有需求的走访不产生申请。",
        "No application comes of a visit that found no need.",
    ),
    ProblemType(
        "visit_answered",
        409,
        "该需求已有申请",
        "The need has its application",
        "一次走访的需求只对应一笔申请。",
        "The need of a visit has one application.",
    ),
    ProblemType(
        "visits_differ",
        409,
        "走访记录与登记不符",
        "The list differs from the register",
        "编号已登记而内容不同，整份名单未导入。",
        "A number is in the register with another content; nothing of the list was imported.",
    ),
)

register(
    ProblemType(
        "application_incomplete",
        422,
        "申请不完整",
        "The application is not complete",
        "共 {count} 项缺失或有误，见 errors。",
        "{count:item is|items are} missing or wrong, listed in errors.",
    ),
    ProblemType(
        "application_not_draft",
        409,
        "申请已提交",
        "The application has been submitted",
        "只有草稿，或退回补正的申请可以修改；当前阶段为 {stage}。",
        "Only a draft can be changed, or a case that was returned to its lead; this one stands at {stage}.",
    ),
    ProblemType(
        "resubmission_pending",
        409,
        "重新提交正在处理",
        "It is being submitted again",
        "流程尚未答复重新提交，答复前不能修改。",
        "The process has not answered the new submission yet; until it has, the content stands still.",
        retryable=True,
    ),
    ProblemType(
        "application_not_running",
        409,
        "申请不在流程中",
        "The application is not in process",
        "当前阶段为 {stage}，不能撤回。",
        "It stands at {stage} and cannot be withdrawn.",
    ),
    ProblemType(
        "no_policy_in_force",
        409,
        "没有生效的政策",
        "No policy is in force",
        "该日期没有已批准生效的政策包。",
        "No approved policy bundle is in force on that date.",
    ),
    ProblemType(
        "no_reference_data",
        409,
        "缺少参考数据",
        "Reference data is missing",
        "在 {as_of} 没有 {series} 的有效数据。",
        "No vintage of {series} stands on {as_of}.",
    ),
    ProblemType(
        "policy_refused",
        422,
        "政策包未通过检查",
        "The policy bundle did not pass its checks",
        "共 {count} 处问题，见 errors。",
        "{count:fault|faults}, listed in errors.",
    ),
    ProblemType(
        "same_person",
        403,
        "须由另一人复核",
        "Another person must approve",
        "提出人不能批准自己的提案（四眼原则）。",
        "The maker of a proposal cannot approve it (four-eyes principle).",
    ),
    ProblemType(
        "already_approved",
        409,
        "已批准",
        "It is approved already",
        "该政策包已由他人批准。",
        "This bundle has been approved already.",
    ),
    ProblemType(
        "vintage_exists",
        409,
        "该版本已存在且内容不同",
        "The vintage exists with another content",
        "参考数据只能追加新版本，不能覆盖。",
        "Reference data is only added to; give the corrected series a new vintage.",
    ),
    ProblemType(
        "inventory_refused",
        422,
        "清单未导入",
        "The inventory was not taken in",
        "共 {count} 处问题，整份清单未写入。",
        "{count:fault|faults}; nothing of the inventory was written.",
    ),
    ProblemType(
        "step_not_possible",
        409,
        "该步骤当前不能执行",
        "The step is not possible now",
        "缺少前置结论：{needs}。",
        "It needs first: {needs}.",
    ),
    ProblemType(
        "limit_short",
        409,
        "额度不足",
        "The limits have no room for it",
        "共 {count} 处，见 errors；腾出额度后可重试。",
        "{count:ceiling|ceilings} short, listed in errors; it can be tried again once there is room.",
        retryable=True,
    ),
)


def faults_of_items(items: Iterable[MissingItem]) -> list[Fault]:
    """What a check of content found, as the faults of a request."""
    return [Fault(item.pointer, item.code, item.message_zh, item.message_en) for item in items]
