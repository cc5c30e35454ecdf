"""What the plugin keeps on disk: the remembered games and the sensitivity. A file that cannot be
read is put aside and never in the way."""

import json
import os
from typing import Any, NamedTuple, Optional

from .games import MAX_REMEMBERED, Game, games_from

FILE = "settings.json"
VERSION = 1
MAX_BYTES = 64 * 1024
EMA_MAX = 1024


class Settings(NamedTuple):
    """The file's contents; games in the order of their last use."""

    ema: Optional[int] = None
    games: tuple[Game, ...] = ()


def ema_from(value: Any) -> Optional[int]:
    """A sensitivity in range, or None."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= EMA_MAX
    return value if good else None


def parse(text: str) -> Settings:
    """Reads the file's text; a bad field is as if it were not there. Raises ValueError when the
    whole is no settings file."""
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(data, dict):
        raise ValueError("no object")
    games = data.get("games")
    # The newest are at the end and must be the ones that stay.
    newest = games[-MAX_REMEMBERED:] if isinstance(games, list) else []
    return Settings(ema_from(data.get("ema")), tuple(games_from(newest, MAX_REMEMBERED)))


def render(settings: Settings) -> str:
    """The file's text."""
    games = [{"appid": game.appid, "name": game.name} for game in settings.games]
    data = {"version": VERSION, "ema": settings.ema, "games": games}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def load(directory: str) -> tuple[Settings, str]:
    """The settings, and a sentence about what was wrong with the file (empty: nothing). Blocks
    for as long as the disk does."""
    path = os.path.join(directory, FILE)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ValueError("larger than anything this plugin writes")
        return parse(text), ""
    except FileNotFoundError:
        return Settings(), ""
    except (OSError, ValueError) as error:
        try:
            os.replace(path, path + ".bad")
        except OSError:
            pass
        return Settings(), f"{path} could not be read ({error}); it was put aside, nothing is remembered"


def save(directory: str, settings: Settings) -> None:
    """Writes the file whole or not at all. Blocks for as long as the disk does. Raises OSError."""
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, FILE)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(render(settings))
    os.replace(path + ".new", path)
