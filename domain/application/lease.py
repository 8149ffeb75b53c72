"""The asset of a finance lease, as 金规〔2025〕25号 §§11-15 and the lists of 2024-08-23 ask for it."""

from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code, Count
from domain.facts import Fact
from domain.model import Value
from domain.money import NotNegative


class LeaseTerms(Value):
    """What is leased, who holds it, and what its price rests on. Amounts are CNY."""

    form: Literal["direct", "sale_and_leaseback"]
    holder: Literal["own_books", "spv"] = "own_books"
    """``spv``: a project company of the lessor, which may hold nothing but what the positive list names."""
    asset_class: Code
    """As the lists name it: ``compute_center``, ``integrated_circuit``, ``aircraft`` …"""
    purchase_price: Fact[NotNegative] | None = None
    guide_price: Fact[NotNegative] | None = None
    """Of the maker, where a direct lease has no purchase price yet."""
    book_value: Fact[NotNegative] | None = None
    """In the lessee's accounts; what a leaseback rests on."""
    asset_value: Fact[NotNegative] | None = None
    """By the lessor's own valuation."""
    own_valuation: Fact[bool] | None = None
    title_clear: Fact[bool] | None = None
    specified: Fact[bool] | None = None
    disposable: Fact[bool] | None = None
    yields: Fact[bool] | None = None
    lessee_owns: Fact[bool] | None = None
    """Of a leaseback: the lessee has title, proven by invoice or register."""
    onsite_investigators: Annotated[Count, Field(le=100)] | None = None
    batch_exempt: bool = False
    """Under the lessor's programme of small batch business."""
