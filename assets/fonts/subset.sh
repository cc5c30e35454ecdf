#!/bin/sh
# Makes the two bundled fonts from Debian's fonts-noto-cjk: Latin, the marks we draw, and the 2350
# Hangul syllables of KS X 1001 plus every character of our own Korean texts. Run it again after a
# text gained a new syllable; the test `the_bundled_font_has_every_character_of_our_texts` tells.
#
#   apt-get install fonts-noto-cjk && pip install fonttools && assets/fonts/subset.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=${NOTO_CJK:-/usr/share/fonts/opentype/noto}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 - "$here/../i18n" > "$work/characters" <<'PYTHON'
import pathlib, sys
wanted = {chr(c) for c in range(0x20, 0x7F)} | {chr(c) for c in range(0xA0, 0x180)}
wanted |= set("–—‘’“”…·•−×→←↑↓▲▼●■◆○□◇△▽✓✕≤≥±‰μ")
for row in range(0xB0, 0xC9):
    for cell in range(0xA1, 0xFF):
        wanted.add(bytes([row, cell]).decode("euc-kr"))
wanted |= {chr(c) for c in range(0x3131, 0x3164)}
for text in pathlib.Path(sys.argv[1]).rglob("*.ftl"):
    wanted |= set(text.read_text(encoding="utf-8"))
print("".join(sorted(c for c in wanted if c.isprintable())))
PYTHON

for weight in Regular Bold; do
    python3 -m fontTools.subset "$source/NotoSansCJK-$weight.ttc" --font-number=1 \
        --text-file="$work/characters" --output-file="$work/$weight.otf" \
        --layout-features=kern,ccmp,locl,mark --no-hinting --desubroutinize --name-IDs=0,1,2,3,4,5,6,13,14
    # A name of its own, so that a system font of the same family is never picked instead.
    python3 - "$work/$weight.otf" "$here/EvenkeelSans-$weight.otf" "$weight" <<'PYTHON'
import sys
from fontTools.ttLib import TTFont
source, target, weight = sys.argv[1:]
font = TTFont(source, recalcTimestamp=False)
names = {1: "Evenkeel Sans", 2: weight, 3: f"EvenkeelSans-{weight}", 4: f"Evenkeel Sans {weight}", 6: f"EvenkeelSans-{weight}"}
for record in list(font["name"].names):
    if record.nameID in names:
        record.string = names[record.nameID]
font["CFF "].cff.fontNames = [names[6]]
font.save(target)
PYTHON
done
ls -l "$here"/EvenkeelSans-*.otf
