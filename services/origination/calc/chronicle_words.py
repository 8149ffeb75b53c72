"""What a banker calls the stages, conclusions, outcomes and sections of a case, in both languages."""

from typing import Final, NamedTuple

from domain.stages import FacilityStage, Stage, UtilisationStage
from domain.tasks import TaskOutcome


class Words(NamedTuple):
    zh: str
    en: str


def plain(code: str) -> str:
    """A code as words: ``business_licence`` is "business licence"."""
    return code.replace("_", " ").replace(".", " ")


STAGES: Final[dict[tuple[str, str], Words]] = {
    ("application", Stage.DRAFT): Words("草稿", "draft"),
    ("application", Stage.SUBMITTED): Words("已提交", "submitted"),
    ("application", Stage.INTAKE): Words("受理", "intake"),
    ("application", Stage.SCREENING): Words("准入", "screening"),
    ("application", Stage.DUE_DILIGENCE): Words("尽职调查", "due diligence"),
    ("application", Stage.ASSESSMENT): Words("评级授信", "assessment"),
    ("application", Stage.REVIEW): Words("审查", "review"),
    ("application", Stage.APPROVAL): Words("审批", "approval"),
    ("application", Stage.OFFER): Words("批复", "offer"),
    ("application", Stage.CONTRACTING): Words("签约", "contracting"),
    ("application", Stage.PRE_DRAW_SECURITY): Words("放款前担保落实", "security before drawing"),
    ("application", Stage.EFFECTIVE): Words("生效", "effective"),
    ("application", Stage.DECLINED): Words("否决", "declined"),
    ("application", Stage.WITHDRAWN): Words("已撤回", "withdrawn"),
    ("application", Stage.EXPIRED): Words("批复失效", "expired"),
    ("utilisation", UtilisationStage.REQUESTED): Words("已申请", "requested"),
    ("utilisation", UtilisationStage.CHECKED): Words("已审核", "checked"),
    ("utilisation", UtilisationStage.AWAITING_OWNER): Words("待借款人确认", "awaiting the owner"),
    ("utilisation", UtilisationStage.PAYING): Words("付款中", "paying"),
    ("utilisation", UtilisationStage.PAID): Words("已付款", "paid"),
    ("utilisation", UtilisationStage.SECURED): Words("后续条件已落实", "secured"),
    ("utilisation", UtilisationStage.REFUSED): Words("不予支用", "refused"),
    ("utilisation", UtilisationStage.CANCELLED): Words("已取消", "cancelled"),
    ("utilisation", UtilisationStage.FAILED): Words("付款失败", "failed"),
    ("facility", FacilityStage.EFFECTIVE): Words("有效", "effective"),
    ("facility", FacilityStage.SUSPENDED): Words("中止", "suspended"),
    ("facility", FacilityStage.REPAID): Words("结清", "repaid"),
    ("facility", FacilityStage.CANCELLED): Words("注销", "cancelled"),
}
"""By the kind of process and its stage."""

CHECKS: Final[dict[str, Words]] = {
    "intake": Words("受理审核", "intake check"),
    "screening": Words("准入审核", "screening"),
    "cross_checks": Words("交叉核验", "cross-checks"),
    "valuation": Words("押品估值", "valuation"),
    "rating": Words("评级", "rating"),
    "rating_override": Words("评级推翻", "rating override"),
    "limit": Words("额度", "limit"),
    "quote": Words("定价", "price"),
    "amortisation": Words("押品可支持贷款", "what assets and cash flow carry"),
    "schedule": Words("还款计划", "repayment schedule"),
    "stress_test": Words("压力测试", "stress test"),
    "borrowing_cost": Words("综合融资成本", "cost of borrowing"),
    "buy_or_rent": Words("租购比较", "comparison of buying and renting"),
    "regulation": Words("监管规则", "regulatory check"),
    "contracting": Words("签约前审查", "check before the contract"),
    "margin_reset": Words("利率重定价", "reset of the margin"),
    "authority": Words("审批权限", "authority"),
    "gate": Words("放款审核", "drawing gate"),
}
VERDICTS: Final[dict[str, Words]] = {
    "pass": Words("通过", "pass"),
    "refer": Words("待人工判断", "refer"),
    "fail": Words("不通过", "fail"),
    "not_run": Words("未执行", "not run"),
}
OUTCOMES: Final[dict[str, Words]] = {
    TaskOutcome.APPROVE: Words("同意", "approve"),
    TaskOutcome.APPROVE_WITH_CONDITIONS: Words("有条件同意", "approve with conditions"),
    TaskOutcome.REJECT: Words("不同意", "reject"),
    TaskOutcome.RETURN: Words("退回", "return"),
    TaskOutcome.ABSTAIN: Words("弃权", "abstain"),
    TaskOutcome.RECUSE: Words("回避", "recuse"),
    TaskOutcome.ACKNOWLEDGE: Words("已落实", "done"),
    TaskOutcome.WAIVE: Words("豁免", "waive"),
    TaskOutcome.RESUBMIT: Words("重新提交", "resubmit"),
    TaskOutcome.OVERRIDE: Words("推翻评级", "override"),
}
DECISIONS: Final[dict[str, Words]] = {
    "approved": Words("同意", "approved"),
    "approved_with_conditions": Words("有条件同意", "approved with conditions"),
    "declined": Words("否决", "declined"),
}
END_OF_CONDITION: Final[dict[str, Words]] = {
    "satisfied": Words("已落实", "satisfied"),
    "waived": Words("已豁免", "waived"),
    "breached": Words("逾期未落实", "breached"),
    "pending": Words("待落实", "pending"),
}
SECTIONS: Final[dict[str, Words]] = {
    "lender_id": Words("贷款机构", "lender"),
    "customer_id": Words("客户", "customer"),
    "application_date": Words("申请日期", "date"),
    "parties": Words("当事人", "parties"),
    "borrower": Words("借款人", "borrower"),
    "lines": Words("额度", "line"),
    "accounts": Words("财务报表", "accounts"),
    "technology": Words("技术", "technology"),
    "project": Words("项目", "project"),
    "sources": Words("资金来源", "sources"),
    "uses": Words("资金用途", "uses"),
    "assets": Words("资产", "assets"),
    "economics": Words("运营经济性", "economics"),
    "contracts": Words("合同", "contracts"),
    "payees": Words("收款人", "payees"),
    "security": Words("担保方式", "security"),
    "guarantees": Words("保证", "guarantees"),
    "price": Words("价格", "price"),
    "documents": Words("文件", "documents"),
}
