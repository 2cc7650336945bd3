#!/bin/sh
# Pictures of every page into docs/screenshots, on a demo season that some hundred players have filled: `make screenshots`.
set -eu
cd "$(dirname "$0")/.."

built="$(cargo metadata --format-version=1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release"
if [ "${KEJING_URL:-}" = "" ]; then
    KEJING_SERVER="$built/kejing" exec python3 scripts/with-server.py scripts/screenshots.sh
fi
"$built/kejing-loadtest" play --url "$KEJING_URL" --participants 600 --papers 3 --think 2000 --round daily --bank question-bank/kexue --skill 0.8 --plain
node tests/browser/screenshots.mjs docs/screenshots
