"""Evenkeel's backend for Decky Loader: hands the panel's calls on to `evenkeel_decky`. It runs as
the player, never as root, and starts no other program."""

import os

import decky  # pylint: disable=import-error

from evenkeel_decky.panel import Panel

# The loader's own libraries; no program that anything here might ever start may inherit them.
os.environ.pop("LD_LIBRARY_PATH", None)


class Plugin:
    """What the loader calls."""

    def __init__(self) -> None:
        self._panel = Panel(decky.emit, decky.DECKY_PLUGIN_SETTINGS_DIR, decky.logger)

    async def _main(self) -> None:
        await self._panel.start()

    async def _unload(self) -> None:
        await self._panel.end()

    async def panel_open(self) -> dict:
        """The panel is open; said again every few seconds."""
        return await (await self._panel.started()).open()

    async def panel_closed(self) -> None:
        """The panel was closed."""
        await (await self._panel.started()).close()

    async def set_game_mode(self, on: bool) -> dict:
        """The switch."""
        return await (await self._panel.started()).press(on)

    async def set_ema(self, factor: int) -> dict:
        """The slider."""
        return await (await self._panel.started()).set_ema(factor)

    async def set_running_games(self, games: list) -> None:
        """Which games run."""
        await (await self._panel.started()).games(games)
