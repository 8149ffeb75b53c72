"""A case played through the public API by the people who would play it: what the demonstration shows and the journeys test.

Nothing here reaches into a service: every step is a request with a person's own token.
"""
