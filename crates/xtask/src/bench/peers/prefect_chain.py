"""N tasks that do nothing, in a chain, with the server that Prefect starts for the flow."""

import os
import sys
import tempfile
import time

os.environ["PREFECT_HOME"] = os.path.abspath(tempfile.mkdtemp(dir="."))
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
# A slow machine makes its database in more than the usual 20 seconds.
os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "180"

from prefect import flow, task


@task
def nothing(number: int) -> int:
    return number


@flow
def chain(steps: int) -> int:
    value = 0
    for _ in range(steps):
        value = nothing(value) + 1
    return value


# The first flow starts the server and makes its database.
chain(1)
steps = int(sys.argv[1])
start = time.perf_counter()
result = chain(steps)
elapsed = time.perf_counter() - start
assert result == steps
print(elapsed)
