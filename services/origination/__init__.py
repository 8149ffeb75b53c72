"""Origination: customers and their lines, applications, the case's evidence, decisions, facilities and payments."""
