// Tells the backend which games run, from the moment Steam's interface starts until it ends. What
// follows from it is decided there (games.py).

import { Router } from "@decky/ui";
import { RunningGame, setRunningGames } from "./backend";

// Steam's list of running apps lags behind its notification by a moment.
const LOOK_AGAIN_MS = [0, 1000, 4000];
// While a game runs the backend hears so once a minute; if it does not, it takes the game as ended.
const REPEAT_MS = 60_000;
const MAX_RUNNING = 16;

interface Lifetime {
  unAppID: number;
  bRunning: boolean;
}
interface SteamWindow {
  SteamClient?: {
    GameSessions?: {
      RegisterForAppLifetimeNotifications?: (told: (lifetime: Lifetime) => void) => { unregister(): void };
    };
  };
}

function running(ended: number | undefined): RunningGame[] {
  const apps = Router?.RunningApps ?? [];
  return apps
    .filter((app) => Number(app.appid) !== ended)
    .slice(0, MAX_RUNNING)
    .map((app) => ({ appid: String(app.appid), name: String(app.display_name ?? "") }));
}

/** Watches until the returned function is called. */
export function watchGames(): () => void {
  let told = "";
  let timers: number[] = [];

  const look = (ended?: number, again = false) => {
    const games = running(ended);
    const now = JSON.stringify(games);
    if (now === told && !(again && games.length > 0)) return;
    told = now;
    // A backend that is still starting is told at the next look.
    setRunningGames(games).catch(() => (told = ""));
  };

  const notified = ({ unAppID, bRunning }: Lifetime) => {
    timers.forEach(window.clearTimeout);
    timers = LOOK_AGAIN_MS.map((ms, i) =>
      // Right after its end a game may still be in the list.
      window.setTimeout(() => look(!bRunning && i === 0 ? unAppID : undefined), ms),
    );
  };

  const sessions = (window as unknown as SteamWindow).SteamClient?.GameSessions;
  const registration = sessions?.RegisterForAppLifetimeNotifications?.(notified);
  const repeat = window.setInterval(() => look(undefined, true), REPEAT_MS);
  timers = LOOK_AGAIN_MS.map((ms) => window.setTimeout(() => look(), ms));
  return () => {
    timers.forEach(window.clearTimeout);
    window.clearInterval(repeat);
    registration?.unregister();
  };
}
