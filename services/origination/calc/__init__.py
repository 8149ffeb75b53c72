"""Pure decision code of origination: no I/O and no clock. Route, dry run and recomputation call the same functions."""
