"""What the panel is told, made of the helper's properties and the plugin's own state. Plain values
in, plain values out. In what words it is shown is the panel's business (src/words.ts)."""

from typing import Any, Optional

from .games import Switch
from .helper import entries, number, pair, text
from .hold import Refusal
from .installation import Remedy, Rules

# How the helper is reached.
SEARCHING, UP, RESTARTING, ABSENT, BLOCKED, NO_BUS = (
    "searching",
    "up",
    "restarting",
    "absent",
    "blocked",
    "no-bus",
)

MAX_UPLINKS = 16
MAX_NAME = 15
MAX_SENTENCE = 400


def uplinks(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """The uplinks, the leader first."""
    found = [
        {
            "ifindex": number(entry.get("ifindex")),
            "name": text(entry.get("name"), MAX_NAME),
            "kind": number(entry.get("kind")),
            "state": number(entry.get("state")),
            "carrier": entry.get("carrier") is not False,
            "leader": entry.get("leader") is True,
        }
        for entry in entries(properties.get("Uplinks"), MAX_UPLINKS)
    ]
    return sorted(found, key=lambda uplink: not uplink["leader"])


def shown_uplink(found: list[dict[str, Any]]) -> int:
    """The uplink whose minute is drawn: the leader, else the first that answers, else the first."""
    if not found:
        return 0
    alive = [uplink for uplink in found if uplink["state"] == 2]
    return (found if found[0]["leader"] else alive or found)[0]["ifindex"]


def families(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """Each IP version: whether it is steered, and why not."""
    return [
        {
            "family": number(entry.get("family")),
            "in_force": entry.get("in-force") is True,
            "reason": number(entry.get("reason")),
        }
        for entry in entries(properties.get("Families"), 2)
    ]


def draining_seconds(properties: dict[str, Any]) -> int:
    """For how long at most rules stay for running connections."""
    draining = pair(properties.get("Draining"))
    return number(draining[1]) if draining else 0


def last_error(properties: dict[str, Any]) -> str:
    """What went wrong in the helper by itself, in its words."""
    error = pair(properties.get("LastError"))
    return text(error[1], MAX_SENTENCE) if error else ""


def describe(
    link: str,
    properties: dict[str, Any],
    switch: Switch,
    hold_state: str,
    refusal: Optional[Refusal],
    feed_refusal: Optional[Refusal],
    ema: Optional[int],
    remedy: Optional[Remedy],
    rules: Optional[Rules],
    memory_works: bool,
) -> dict[str, Any]:
    """The whole state, as the panel gets it."""
    game = switch.game
    there = link == UP
    return {
        "link": link,
        "game_mode": there and properties.get("GameMode") is True,
        "wanted": switch.wanted,
        "automatic": switch.wanted and switch.cause is not None,
        "hold": hold_state,
        "refusal": refusal.view() if refusal else None,
        "feed": feed_refusal.view() if feed_refusal else None,
        "ema": ema,
        "ema_in_force": number(properties.get("EmaFactor"), 512) if there else None,
        "backend": number(properties.get("Backend")),
        "reason": number(properties.get("BackendReason")),
        "families": families(properties),
        "uplinks": uplinks(properties),
        "draining_seconds": draining_seconds(properties),
        "last_error": last_error(properties),
        "game": None
        if game is None
        else {
            "appid": str(game.appid),
            "name": game.name,
            "remembered": game.appid in switch.remembered,
        },
        "remedy": remedy.view() if remedy else None,
        "rules": rules.view() if rules else None,
        "memory_works": memory_works,
    }
