#!/usr/bin/env bash
# Draws the icon's bitmaps from its SVG, for whatever shows no SVG. Run it after a change of the SVG.
set -euo pipefail
cd "$(dirname "$0")"
for size in 128 256; do
  rsvg-convert --width="$size" --height="$size" --output="$size.png" ../io.github.evenkeel.Evenkeel.svg
done
