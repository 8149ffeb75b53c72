"""Strict replay: a recorded history is run again on the code of a process, and everything the process said is compared.

The engine's own replayer compares kinds and ids of commands. An auditor's question is another one: does this code, given what
was answered then, ask for the same things with the same figures, wait as long, answer people the same and end the same?

This package imports nothing of ours but itself, so that it can run beside the code of any build (``audit.replay.builds``).
"""
