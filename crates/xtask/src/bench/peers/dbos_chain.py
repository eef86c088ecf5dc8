"""N steps that do nothing, in a chain, each recorded in SQLite before the next."""

import os
import sys
import tempfile
import time


from dbos import DBOS

folder = tempfile.mkdtemp(dir=".")
DBOS(config={
    "name": "contest",
    "system_database_url": f"sqlite:///{os.path.abspath(folder)}/dbos.sqlite",
    "log_level": "ERROR",
    "run_admin_server": False,
})


@DBOS.step()
def nothing(number: int) -> int:
    return number


@DBOS.workflow()
def chain(steps: int) -> int:
    value = 0
    for _ in range(steps):
        value = nothing(value) + 1
    return value


DBOS.launch()
steps = int(sys.argv[1])
start = time.perf_counter()
result = chain(steps)
elapsed = time.perf_counter() - start
assert result == steps
print(elapsed, flush=True)
DBOS.destroy()
