"""A definition that breaks the rules when told to. A module of its own: the sandbox loads it anew for every process."""

import time

from temporalio import workflow


@workflow.defn
class Prying:
    @workflow.run
    async def run(self, name: str, looks_at_the_clock: bool) -> str:
        return f"{name}, {time.time()}" if looks_at_the_clock else f"{name}, noted"
