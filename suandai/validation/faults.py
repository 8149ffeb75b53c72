"""Every fault of a refused sample in as few lines as there are kinds of fault."""

from collections.abc import Iterable, Iterator

from services.pricing.calc.validation import SampleFault

_RANGES = 60


def told(faults: Iterable[SampleFault]) -> Iterator[str]:
    """One line for each fault of a column, with all the lines of the file that have it."""
    kinds: dict[tuple[str, str, str], list[int]] = {}
    for fault in faults:
        kinds.setdefault((fault.column, fault.message_en, fault.message_zh), []).append(fault.line)
    for (column, english, chinese), lines in kinds.items():
        where = f" ({_spans(sorted(lines))})" if any(lines) else ""
        yield f"{column + ': ' if column else ''}{english}{where}  {chinese}"


def _spans(lines: list[int]) -> str:
    """``line 3``, ``lines 3-5, 9``; after sixty spans the number of lines that remain."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    shown = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in spans[:_RANGES])
    left = sum(high - low + 1 for low, high in spans[_RANGES:])
    return f"{'line' if len(lines) == 1 else 'lines'} {shown}{f' and {left} more' if left else ''}"
