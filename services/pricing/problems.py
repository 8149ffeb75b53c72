"""What the pricing service says of figures out of bounds, in both languages."""

from domain.figures import OUT_OF_BOUNDS
from domain.margin_ratchet import MARGIN_TEXTS
from domain.repayment import MOST_DRAWS
from services.kit.problems import ProblemType, register
from services.kit.validation_faults import register_messages

register_messages(MARGIN_TEXTS)
register_messages(
    {
        OUT_OF_BOUNDS: ("须为 {bound} 内的数；单位：{unit}", "must be a figure in {bound}; unit: {unit}"),
        "cross_of_one_axis": ("交叉表须为两个不同的轴", "cross names two different axes"),
        "months_reversed": ("止期不得早于起期；单位：月", "to_month must not lie before from_month; unit: months"),
        "grace_covers_tenor": (
            "宽限期须短于期限；单位：月",
            "grace_months must be less than tenor_months; unit: months",
        ),
        "received_too_early": ("收到日不得早于报告所述日期", "no report is received before the day it speaks of"),
        "period_out_of_order": ("须满足 计息起日 ≤ 计息止日 ≤ 还款日", "period_start ≤ period_end ≤ due is required"),
        "principal_not_repaid": (
            "还款本金合计须等于提款合计；单位：元",
            "the payments must repay exactly what is drawn; unit: CNY",
        ),
        "paid_before_drawn": ("还款日须晚于首次提款日", "no payment is due on or before the first drawing"),
        "subsidy_repeated": ("一笔贷款至多享受一项贴息", "a loan has one interest subsidy at most"),
        "beyond_horizon": ("需求须在比较期限之内；单位：月", "demand must lie inside horizon_months; unit: months"),
        "demand_too_large": ("需求合计至多 100000 台", "demand adds up to at most 100000 servers"),
        "profile_of_another_method": (
            "profile 与 method 须为同一还款方式",
            "profile and method must speak of the same method",
        ),
        "grace_in_profile": ("该还款方式自身已规定还本起始期", "the profile says itself when principal begins"),
        "season_empty": ("至少须列一个月份", "at least one month must be named"),
        "repeated": ("不得重复", "each must be named once"),
        "sum_not_principal": ("各项之和须等于本金；单位：元", "the amounts must sum to the principal; unit: CNY"),
        "ceilings_short": ("期限内每月须有上限", "there must be a ceiling for every month of the tenor"),
        "first_draw_elsewhere": ("首次提款日须为 drawn_on", "the first draw must be on drawn_on"),
        "date_outside_loan": ("日期须在提款日与到期日之间", "must lie between drawing and maturity"),
        "too_many_draws": (
            f"各档提款合计不得超过 {MOST_DRAWS} 次",
            f"all tranches together have at most {MOST_DRAWS} draws",
        ),
        "terms_of_a_tranche": ("分档贷款的此项须写在各档内", "with tranches, this belongs to one of them"),
    }
)

register(
    ProblemType(
        "no_price",
        422,
        "无法形成价格",
        "There is no price",
        "缺少定价所需的事实，没有可以绘制的图；敏感性结论列明所缺事实",
        "facts of the price are absent and there is nothing to draw; the sensitivity itself names them",
    )
)
