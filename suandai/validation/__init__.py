"""The validation report as a person reads it: one page with its charts, and the faults of a file that is no sample."""

from suandai.validation.faults import told
from suandai.validation.page import page

__all__ = ["page", "told"]
