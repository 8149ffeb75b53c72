"""What the pricing service says of figures out of bounds, in both languages."""

from domain.figures import OUT_OF_BOUNDS
from domain.repayment import MOST_DRAWS
from services.kit.validation_faults import register_messages

register_messages(
    {
        OUT_OF_BOUNDS: ("须为 {bound} 内的数；单位：{unit}", "must be a figure in {bound}; unit: {unit}"),
        "months_reversed": ("止期不得早于起期；单位：月", "to_month must not lie before from_month; unit: months"),
        "grace_covers_tenor": (
            "宽限期须短于期限；单位：月",
            "grace_months must be less than tenor_months; unit: months",
        ),
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
