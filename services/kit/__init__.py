"""Plumbing shared by the three services: settings, identity, database, problems, idempotency, documents, telemetry.

Nothing in this package knows what a loan is; what it carries, checks and stores is named by the services.
"""
