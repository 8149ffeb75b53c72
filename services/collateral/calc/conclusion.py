"""What a calculation concludes before it is written down as a finding, and the words for its reasons."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final, Generic, TypeVar

from domain.finding import FindingValue, Outcome, Reason, TraceStep

FIGURES: Final = Context(prec=34)
"""Decimal arithmetic of all valuations: exact on every machine, and wide enough that only the last step rounds."""


V = TypeVar("V", bound=FindingValue)


@dataclass(frozen=True)
class Conclusion(Generic[V]):
    """Outcome, value, reasons and trace: everything of a finding that a calculation decides."""

    outcome: Outcome
    value: V | None
    """None where too little is known for any."""
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


_WORDS: Final[dict[str, tuple[str, str]]] = {
    "INCOMPLETE_COST_STACK": (
        "现金成本项 {subject} 缺失，不得估值（可以为零，不可缺失）",
        "the cash line {subject} is missing: a value needs every line, zero is allowed",
    ),
    "ECONOMICS_NOT_GIVEN": (
        "未提供算力运营经济数据，收益法不能运行",
        "no running economics were given: the income approach cannot be run",
    ),
    "RENT_NOT_MERCHANT": (
        "租金口径 {subject} 不是市场租金，不得用于抵押价值",
        "a rent on the basis {subject} is not the merchant market and cannot carry a collateral value",
    ),
    "AGE_UNKNOWN": ("资产年限未知，不能估值", "the age of the asset is not known: it cannot be valued"),
    "LIFE_UNKNOWN": ("资产使用寿命未知，不能估值", "the useful life of the asset is not known: it cannot be valued"),
    "COST_UNKNOWN": ("资产成本未知，不能估值", "the cost of the asset is not known: it cannot be valued"),
    "AMOUNT_UNKNOWN": ("金额 {subject} 未知，不能估值", "the amount {subject} is not known: it cannot be valued"),
    "VALUE_OUT_OF_RANGE": (
        "估值超出可信范围，请核对租金、价格与数量",
        "the value is beyond anything plausible: check rent, price and count",
    ),
    "COMPARABLES_TOO_FEW": (
        "可比成交不足，市场法权重为零",
        "too few comparable sales: the market approach has no weight",
    ),
    "FUNCTIONAL_NOT_ASSESSED": (
        "缺少新一代产品参照，未计功能性贬值，成本法为上限",
        "no newest generation to compare with: functional obsolescence is not assessed and the cost value is an upper bound",
    ),
    "APPROACHES_DISAGREE": (
        "各方法估值相差 {subject}，须由估值人员判断",
        "the approaches differ by {subject} of their median: a valuer decides",
    ),
    "FEATURES_UNKNOWN": (
        "{subject} 未知，可比成交无法修正，市场法权重为零",
        "{subject} is not known: comparable sales cannot be adjusted and the market approach has no weight",
    ),
    "GENERATION_STALE": (
        "新一代产品参照 {subject} 已过期，须由估值人员判断",
        "what is known of the newest generation is old ({subject}): a valuer decides",
    ),
    "PRICE_OUTLIER": (
        "单卡价格 {subject} 元，低于该类显卡可信下限，请核对发票与型号",
        "the price per GPU is out of line ({subject} CNY): check invoice and model",
    ),
    "RENT_OUT_OF_PROPORTION": (
        "满负荷月租为设备价格的 {subject}，请核对租金单位",
        "a month's rent at full load is {subject} of the price: check the unit of the rent",
    ),
    "RENT_NOT_INDEXED": (
        "无该型号租金指数，租金仅有申报值",
        "no index of rents covers this GPU: the declared rent stands alone",
    ),
    "RENT_ABOVE_INDEX": (
        "申报租金高于市场指数（{subject}），按指数估值",
        "the declared rent lies above the index ({subject}): the index is taken",
    ),
    "INDEX_STALE": (
        "租金指数 {subject} 已过期，按月折减，须由估值人员判断",
        "the index {subject} is old: it counts less for each month, and a valuer decides",
    ),
    "INDEX_RESTATED": (
        "租金指数被重述（{subject}），在第二来源确认前取低者，须由估值人员判断",
        "the index was restated ({subject}): the lower figure counts until a second source confirms, and a valuer decides",
    ),
    "LIQUIDATION_ASSUMED": (
        "处置条件未知（{subject}），变现价值按不利情形计算",
        "not known for a sale: {subject}; liquidation values read them as what brings less",
    ),
    "KIND_NOT_ACCEPTED": (
        "政策不给予此类资产抵质押额度",
        "policy gives this kind of asset no credit",
    ),
    "LIFE_TOO_SHORT": (
        "剩余经济寿命不足以支持任何期限",
        "the remaining life is too short to carry any tenor",
    ),
    "PRIOR_RIGHT": (
        "资产上存在他人权利，在法律意见明确之前抵押额度为零",
        "another's right rests on the asset: it carries no credit until counsel has decided on the rank",
    ),
    "ENCUMBRANCE_NOT_SEARCHED": (
        "尚未查询资产上的他项权利，额度暂为零",
        "rights of others on the asset have not been searched: it carries no credit until they are",
    ),
    "NOT_A_RECEIVABLE": (
        "框架协议不构成订单，额度为零",
        "a framework agreement is not an order: nobody has to take or to pay anything under it",
    ),
    "FIRMNESS_UNKNOWN": ("合同约束力未知，不能估值", "whether the contract binds the buyer is not known"),
    "RELATED_DEBTOR": ("买方为关联方，应收款不计入", "the buyer is a related party: the claim does not count"),
    "BUYER_RELATION_UNKNOWN": ("买方是否关联未知，不能计入", "whether the buyer is a related party is not known"),
    "NOT_ASSIGNABLE": ("合同禁止转让，不能质押", "the contract forbids assignment: the claim cannot be pledged"),
    "ASSIGNABILITY_UNKNOWN": ("合同可否转让未知，不能计入", "whether the contract allows assignment is not known"),
    "DATA_RIGHT": ("无有效权利证书，价值为零", "there is no valid certificate of the right: the value is zero"),
    "CERTIFICATE_UNKNOWN": ("权利证书情况未知，不能计入", "whether a certificate of the right exists is not known"),
    "PIPL_BLOCK": (
        "含个人信息且未证明合法依据，价值为零（个人信息保护法）",
        "the asset holds personal data without proof of a lawful basis: the value is zero",
    ),
    "DATA_FACTS_NOT_GIVEN": (
        "未提供数据资产的权利、质量与成本资料，不能估值",
        "nothing is given of the rights, quality and cost of the data: they cannot be valued",
    ),
    "DATA_FACT_UNKNOWN": (
        "{subject} 未知，权利与合规未能核实",
        "{subject} is not known: rights and compliance stand open",
    ),
    "NO_OPERATING_RIGHT": ("不享有数据经营权，价值为零", "there is no right to operate the data: the value is zero"),
    "NOT_TRANSFERABLE": ("数据权利不得转让，价值为零", "the right cannot be transferred: the value is zero"),
    "SUBLICENSING_FORBIDDEN": (
        "数据来源合同禁止再许可，价值为零",
        "a contract under which the data came forbids sublicensing: the value is zero",
    ),
    "PUBLIC_DATA_BEYOND_AUTHORISATION": (
        "公共数据超出授权范围或期限，价值为零",
        "public data are used beyond the scope or term of their authorisation: the value is zero",
    ),
    "IMPORTANT_DATA_NOT_ASSESSED": (
        "含重要数据而未经安全评估，价值为零",
        "important data have not passed a security assessment: the value is zero",
    ),
    "DATA_NOT_ESCROWED": (
        "数据副本未托管，无从处置，价值为零",
        "no copy lies in escrow: there is nothing to enforce on and the value is zero",
    ),
    "QUALITY_UNKNOWN": ("质量维度 {subject} 未测，不能估值", "{subject} was not tested: the data cannot be valued"),
    "QUALITY_STALE": (
        "质量测试过期或无日期 {subject}，须重测",
        "the tests of quality are too old or undated {subject}: they are to be run again",
    ),
    "COST_LINE_UNKNOWN": (
        "成本项 {subject} 缺失，不得估值（可以为零，不可缺失）",
        "the cost line {subject} is missing: zero is allowed, missing is not",
    ),
    "UTILITY_UNKNOWN": (
        "效用系数 {subject} 未知，不能估值",
        "the factor {subject} is not known: the data cannot be valued",
    ),
    "LIFE_BOUND_UNKNOWN": (
        "{subject} 未知，数据资产寿命不能确定",
        "{subject} is not known: the life of the data cannot be told",
    ),
    "EXCLUSIVITY_UNKNOWN": (
        "是否独家经营未知，按非独家计",
        "whether others may operate the same data is not known: it counts as shared",
    ),
    "TOP_BUYER_UNKNOWN": (
        "最大买方占比未知，按集中计",
        "the share of the largest buyer is not known: it counts as a concentration",
    ),
    "ORDER_FACTS_NOT_GIVEN": (
        "未提供订单真实性与回款资料，不能估值",
        "nothing is given of whether the order is firm and when it is paid: it cannot be valued",
    ),
    "ORDER_FACT_UNKNOWN": (
        "{subject} 未知，订单不能计入",
        "{subject} is not known: the order does not count until it is",
    ),
    "ORDER_NOT_BINDING": (
        "既无照付不议条款，预付也不足，订单不具约束力",
        "the buyer neither takes or pays nor has paid a sufficient deposit: nothing binds it",
    ),
    "ORDER_TERM_ABSENT": (
        "合同未约定 {subject}（型号、数量、价格、起始日须明确）",
        "the contract leaves {subject} open: a firm order fixes model, quantity, price and start",
    ),
    "ORDER_NOT_CONFIRMED": (
        "买方未经独立渠道确认订单",
        "the buyer has not confirmed the order through an independent channel",
    ),
    "ORDER_NOT_STARTABLE": (
        "尚不具备开工履约条件，订单不计入",
        "performance cannot begin yet: the order does not count",
    ),
    "ANNOUNCEMENT_ABSENT": (
        "买方未公告该采购，须核实",
        "the buyer has announced no such purchase: a person must look into it",
    ),
    "ANNOUNCEMENT_NOT_SEARCHED": ("尚未检索买方公告", "the buyer's announcements have not been searched"),
    "BUYER_CAPEX_UNKNOWN": (
        "买方年算力支出未知，无法比对订单规模",
        "what the buyer spends on compute is not known: the size of the order cannot be compared",
    ),
    "ORDER_TOO_LARGE_FOR_BUYER": (
        "订单为买方年算力支出的 {subject}，须核实",
        "the order is {subject} of what its buyer spends on compute in a year: a person must look into it",
    ),
    "OFFTAKER_CONC": (
        "单一买方占未来收入 {subject}，附加集中度约束",
        "one buyer is {subject} of the revenue to come: the concentration covenant is attached",
    ),
    "OFFTAKER_TIER_NOT_ACCEPTED": (
        "买方等级 {subject} 不予计入",
        "orders of a buyer of the tier {subject} carry nothing",
    ),
    "COLLECTIONS_NOT_STATED": (
        "无回款计划，期限按合同终止日",
        "there is no plan of payments: the tenor follows the end of the contract",
    ),
    "COLLECTIONS_DO_NOT_RECONCILE": (
        "回款计划合计与合同未收金额不符",
        "the planned payments do not add up to what is outstanding",
    ),
    "COVERAGE_POLICY_MISSING": (
        "案件所依政策尚无押品覆盖政策，未予测算",
        "the case's policy has no coverage policy yet: nothing was concluded",
    ),
    "RATE_UNKNOWN": ("尚无定价，不能测算还款计划", "there is no price yet: no plan can be laid out"),
    "CASH_FLOW_UNKNOWN": (
        "合同现金流未知，不能测算还款计划",
        "the cash flow under contracts is not known: no plan can be laid out",
    ),
    "RESALE_CURVE_MISSING": (
        "案件所依政策无二手价格曲线，GPU 服务器不计入",
        "the case's policy has no resale curve: its GPU servers carry nothing here",
    ),
    "NOTHING_CARRIED": ("押品与现金流不能支持任何贷款", "assets and cash flow carry no loan at all"),
    "LOAN_ABOVE_LARGEST": (
        "所询金额超出押品与现金流可支持的最大贷款 {subject}",
        "more is asked than assets and cash flow carry; the largest loan is {subject}",
    ),
    "NOT_STRESSED": (
        "{subject} 仅有价值路径，压力情景无法作用",
        "only the value path of {subject} is known: no stress can move it",
    ),
    "BREACH_AS_IT_STANDS": (
        "还款计划在未受压力时即触发：{subject}",
        "the plan breaks a threshold as it stands: {subject}",
    ),
    "BREACH_UNDER_STRESS": (
        "压力情景下触发追加担保或违约阈值：{subject}",
        "a margin call or a default of coverage follows under stress: {subject}",
    ),
    "PERSONAL_DATA_UNKNOWN": ("是否含个人信息未知，不能计入", "whether the asset holds personal data is not known"),
}


def reason(code: str, subject: str = "") -> Reason:
    """A reason in both languages. ``subject`` names the fact, line or figure spoken of."""
    chinese, english = _WORDS[code]
    return Reason(
        code=code,
        message_zh=chinese.format(subject=subject),
        message_en=english.format(subject=subject),
        subject=subject,
    )


def plain(figure: Decimal, places: int = 8) -> str:
    """A figure of a trace at a fixed number of places, without an exponent."""
    return f"{figure:.{places}f}"
