"""N ops that do nothing, in a chain, in this process, with the history in SQLite."""

import os
import sys
import tempfile
import time

os.environ["DAGSTER_HOME"] = os.path.abspath(tempfile.mkdtemp(dir="."))

from dagster import DagsterInstance, job, op

steps = int(sys.argv[1])


@op
def first() -> int:
    return 1


@op
def nothing(number: int) -> int:
    return number + 1


@job
def chain():
    value = first()
    for _ in range(steps - 1):
        value = nothing(value)


start = time.perf_counter()
with DagsterInstance.get() as instance:
    result = chain.execute_in_process(instance=instance)
elapsed = time.perf_counter() - start
assert result.success
print(elapsed)
