"""Runs the program of a `python` step: gives it its parameters and shows its own lines when it fails.

Knows nothing of results: the program prints them, or writes them to `out`. Works with Python 3.8 and later.
"""

import datetime
import decimal
import json
import linecache
import os
import sys
import traceback
import types

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

# What JSON cannot say comes as an object with one of these keys.
DECODERS = {
    "float": float,
    "decimal": decimal.Decimal,
    "date": datetime.date.fromisoformat,
    "time": lambda parts: datetime.time(*parts),
    "timestamp": lambda microseconds: EPOCH + datetime.timedelta(microseconds=microseconds),
    "duration": lambda microseconds: datetime.timedelta(microseconds=microseconds),
    "bytes": bytes.fromhex,
    "json": lambda value: value,
    "pairs": lambda pairs: {decode(key): decode(value) for key, value in pairs},
}


def decode(value):
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        ((kind, content),) = value.items()
        return DECODERS[kind](content)
    return value


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        call = json.load(file)
    os.unlink(sys.argv[1])  # it may hold a secret
    name = call["name"]
    # The program's lines have the numbers that they have where it is written.
    source = "\n" * call["lines_before"] + call["source"]
    # Each with its line end: marks under a last line without one would stand beside their place.
    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[name] = (len(source), None, lines, name)
    sys.argv = [name]
    sys.path[0] = call["folder"]
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    for parameter, value in call["parameters"].items():
        setattr(module, parameter, decode(value))
    try:
        exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException:
        kind, error, trace = sys.exc_info()
        # The first frame is this file's.
        traceback.print_exception(kind, error, trace.tb_next)
        sys.exit(1)


main()
