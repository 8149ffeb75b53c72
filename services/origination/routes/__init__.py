"""The routes of origination, one file a resource. Thin: identity, shape and status here, rules in calc, SQL in store."""
