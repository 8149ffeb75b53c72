"""All SQL of the collateral service."""
