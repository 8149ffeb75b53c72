"""All SQL of origination."""
