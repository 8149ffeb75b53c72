"""What the pricing service says of figures out of bounds, in both languages."""

from domain.figures import OUT_OF_BOUNDS
from services.kit.problems import ProblemType, register
from services.kit.validation_faults import register_messages

register_messages(
    {
        OUT_OF_BOUNDS: ("须为 {bound} 内的数；单位：{unit}", "must be a figure in {bound}; unit: {unit}"),
        "cross_of_one_axis": ("交叉表须为两个不同的轴", "cross names two different axes"),
        "months_reversed": ("止期不得早于起期；单位：月", "to_month must not lie before from_month; unit: months"),
        "grace_covers_tenor": (
            "宽限期须短于期限；单位：月",
            "grace_months must be less than tenor_months; unit: months",
        ),
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
