"""N tasks that do nothing, in a chain, in one process. A task is done when its marker is there; nothing is synced."""

import pathlib
import sys
import tempfile
import time

import luigi

folder = pathlib.Path(tempfile.mkdtemp(dir="."))


class Nothing(luigi.Task):
    number = luigi.IntParameter()

    def requires(self):
        return Nothing(number=self.number - 1) if self.number else []

    def output(self):
        return luigi.LocalTarget(str(folder / str(self.number)))

    def run(self):
        pathlib.Path(self.output().path).touch()


steps = int(sys.argv[1])
sys.setrecursionlimit(10 * steps + 1000)
start = time.perf_counter()
done = luigi.build([Nothing(number=steps - 1)], local_scheduler=True, log_level="ERROR", workers=1)
elapsed = time.perf_counter() - start
assert done and len(list(folder.iterdir())) == steps
print(elapsed)
