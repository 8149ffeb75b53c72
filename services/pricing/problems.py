"""What the pricing service says of figures out of bounds, in both languages."""

from domain.figures import OUT_OF_BOUNDS
from services.kit.validation_faults import register_messages

register_messages(
    {
        OUT_OF_BOUNDS: ("须为 {bound} 内的数；单位：{unit}", "must be a figure in {bound}; unit: {unit}"),
        "months_reversed": ("止期不得早于起期；单位：月", "to_month must not lie before from_month; unit: months"),
        "grace_covers_tenor": (
            "宽限期须短于期限；单位：月",
            "grace_months must be less than tenor_months; unit: months",
        ),
    }
)
