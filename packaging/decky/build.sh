#!/usr/bin/env bash
# Builds the Decky plugin.
#   build.sh [ZIP]     default: target/decky/evenkeel-decky.zip at the top of the tree
# Needs node, npm and python3 with pip. Everything it fetches is pinned: package-lock.json and
# py_modules/requirements.txt hold the hashes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
zip=$(realpath -m "${1:-$here/../../target/decky/evenkeel-decky.zip}")
cd "$here"

for tool in node npm python3; do
  command -v "$tool" >/dev/null || { echo "build.sh: $tool is missing; nothing was built" >&2; exit 1; }
done

# npm ci clears everything first, which takes most of the time; once for each lock file is enough.
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.installed-lock
fi
npx --no-install tsc --noEmit
npx --no-install rollup -c --silent

wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --require-hashes --dest "$wheels" -r py_modules/requirements.txt
python3 pack.py vendor "$wheels"

python3 pack.py zip "$zip"
echo "$zip"
