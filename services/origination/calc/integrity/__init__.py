"""Fraud and consistency checks (domain paper §7): one pure function a check, one finding each."""
