"""GPU servers: cost and income approach, reconciliation and liquidation values (domain paper §3.5)."""
