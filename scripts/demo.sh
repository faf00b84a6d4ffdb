#!/bin/sh
# Builds Strata, records samples/demo.py and shows what it found: the call tree and a flame graph.
#   npm run demo                                   PYTHON=/path/to/python3.13 npm run demo
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "demo: $1" >&2
  exit 1
}

# Prints the path of a CPython 3.12 or newer: $PYTHON where set, else one on PATH, else one of pyenv.
find_python() {
  if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
  else
    set -- python3 python3.15 python3.14 python3.13 python3.12 \
      "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3
  fi
  for candidate in "$@"; do
    "$candidate" -c 'import sys; assert sys.version_info >= (3, 12); print(sys.executable)' \
      2>/dev/null && return 0
  done
  return 1
}

[ "$(uname -s)" = Linux ] || fail "Strata records on Linux only"
python=$(find_python) ||
  fail "no Python 3.12 or newer: looked at ${PYTHON:-PATH and pyenv}; PYTHON=/path/to/python3 names one"

echo "==> Installing and building"
sh scripts/install.sh
npm run --silent build

mkdir -p out
echo "==> strata record $python samples/demo.py"
node dist/bin/strata.js record -o out/demo.data "$python" samples/demo.py
echo
echo "==> strata tree"
node dist/bin/strata.js tree -i out/demo.data
echo
echo "==> strata flamegraph"
node dist/bin/strata.js flamegraph -i out/demo.data -o out/demo.svg
echo
echo "Flame graph: $PWD/out/demo.svg (open it in a browser)"
