"""What the collateral service says of figures out of bounds and of what cannot be true together, in both languages."""

from domain.figures import OUT_OF_BOUNDS
from services.kit.validation_faults import register_messages

register_messages(
    {
        OUT_OF_BOUNDS: ("须为 {bound} 内的数；单位：{unit}", "must be a figure in {bound}; unit: {unit}"),
        "months_reversed": ("止期不得早于起期；单位：月", "to_month must not lie before from_month; unit: months"),
        "repeated": ("不得重复", "each must be named once"),
        "moves_empty": ("至少须列一项变动", "at least one move must be named"),
        "tranches_empty": ("至少须列一档押品", "at least one tranche must be named"),
        "values_short": (
            "期限内每月须有价值；单位：元",
            "there must be a value for every month of the tenor; unit: CNY",
        ),
        "reserve_covers_tenor": (
            "利息准备期须短于期限；单位：月",
            "reserve_months must be less than tenor_months; unit: months",
        ),
        "plan_short": (
            "计划须含第 0 个月及期限内每月",
            "there must be an entry for month 0 and every month of the tenor",
        ),
    }
)
