#!/usr/bin/env bash
# Fetches CPython builds newer than this Debian carries, for the tests: builds with frame pointers (3.15)
# and with the second form of the perf trampoline (3.13.6 and newer) differ from pyenv's in ways that
# matter. They are unpacked, not installed: the machine's own packages stay as they are.
#
#   scripts/fetch-debian-python.sh [SUITE] [MINOR...]       default: sid 3.13 3.14 3.15
#
# Each lands in ~/.cache/strata-test/debian-python/MINOR ($XDG_CACHE_HOME is honoured) together with the
# C library of its suite. patchelf points the interpreter at that library, so that it runs by its own
# path: /proc/PID/exe and the mappings name python3.x, as they do for an installed one.
set -euo pipefail

suite=sid
if [[ ${1:-} =~ ^[a-z] ]]; then suite=$1; shift; fi
minors=("${@:-}")
[[ -n ${minors[0]} ]] || minors=(3.13 3.14 3.15)

for tool in apt-get dpkg patchelf; do
  command -v "$tool" >/dev/null || { echo "fetch-debian-python: $tool is not installed" >&2; exit 1; }
done

store=${XDG_CACHE_HOME:-$HOME/.cache}/strata-test/debian-python
wanted=()
for minor in "${minors[@]}"; do
  [[ -x $store/$minor/usr/bin/python$minor ]] || wanted+=("$minor")
done
if [[ ${#wanted[@]} -eq 0 ]]; then echo "already in $store: ${minors[*]}"; exit 0; fi

# The mirror that this machine is set up with.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m1 -E '/debian/?$')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
: >"$work/status" # "nothing is installed": apt then downloads every library too
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"

apt() {
  apt-get -qq -o "Dir::State::status=$work/status" -o "Dir::State::lists=$work/lists" \
    -o "Dir::Cache::archives=$work/archives" -o "Dir::Cache::pkgcache=$work/pkgcache" \
    -o "Dir::Cache::srcpkgcache=$work/srcpkgcache" -o "Dir::Etc::sourcelist=$work/sources.list" \
    -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Acquire::Languages=none -o Debug::NoLocking=1 -o APT::Sandbox::User=root "$@"
}

apt update
for minor in "${wanted[@]}"; do
  rm -f "$work"/archives/*.deb
  if ! apt --simulate install "python$minor" >/dev/null 2>&1; then
    echo "fetch-debian-python: $suite has no python$minor that can be installed" >&2
    continue
  fi
  apt --no-install-recommends --download-only --yes install "python$minor"
  root=$store/$minor
  unpacked=$root.partial
  rm -rf "$unpacked" "$root"
  mkdir -p "$unpacked"
  # Packages of a merged-/usr suite hold no /lib of their own; base-files would make these links.
  for name in lib lib64 bin sbin; do mkdir -p "$unpacked/usr/$name"; ln -s "usr/$name" "$unpacked/$name"; done
  for deb in "$work"/archives/*.deb; do dpkg -x "$deb" "$unpacked"; done
  loader=$(find "$unpacked/usr" -name 'ld-linux-*.so.*' -print -quit)
  libraries=$root/usr/lib/$(basename "$(dirname "$(find "$unpacked/usr" -name libc.so.6 -print -quit)")")
  # DT_RPATH and not DT_RUNPATH: it holds for what extension modules load, too.
  patchelf --set-interpreter "$root${loader#"$unpacked"}" --force-rpath --set-rpath "$libraries" \
    "$unpacked/usr/bin/python$minor"
  mv "$unpacked" "$root"
  "$root/usr/bin/python$minor" -c 'import json, re, sys, zlib; print(sys.executable, sys.version.split()[0])'
done
