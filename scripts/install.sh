#!/bin/sh
# Installs the dependencies where they are missing or older than the lock file; else does nothing.
set -eu
cd "$(dirname "$0")/.."
done=node_modules/.package-lock.json
if [ ! -e "$done" ] || [ package-lock.json -nt "$done" ]; then
  npm ci --no-audit --no-fund --loglevel=error
  touch "$done"
fi
