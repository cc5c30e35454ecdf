// The backend's calls and what it tells: the other side is py_modules/evenkeel_decky/view.py.

import { addEventListener, callable, removeEventListener } from "@decky/api";

export type Link = "searching" | "up" | "restarting" | "absent" | "blocked" | "no-bus";

/** Why something was not done; `sentence` is the helper's own, in English. */
export interface Refusal {
  what: "enter" | "leave" | "ema" | "feed";
  word:
    | "NotAuthorized"
    | "OutOfRange"
    | "NotSupported"
    | "Busy"
    | "LimitsExceeded"
    | "ConflictingRoutes"
    | "Kernel"
    | "Silent"
    | "Blocked"
    | "Unknown";
  sentence: string;
}

/** `kind` and `state` as in the interface XML. */
export interface Uplink {
  ifindex: number;
  name: string;
  kind: number;
  state: number;
  carrier: boolean;
  leader: boolean;
}

export interface Family {
  family: number;
  in_force: boolean;
  reason: number;
}

export interface State {
  link: Link;
  game_mode: boolean;
  wanted: boolean;
  automatic: boolean;
  hold: "off" | "trying" | "held" | "waiting" | "refused";
  refusal: Refusal | null;
  feed: Refusal | null;
  ema: number | null;
  ema_in_force: number | null;
  backend: number;
  reason: number;
  families: Family[];
  uplinks: Uplink[];
  draining_seconds: number;
  last_error: string;
  game: { appid: string; name: string; remembered: boolean } | null;
  remedy: Remedy | null;
  rules: Rules | null;
  memory_works: boolean;
}

/** What the helper lacks, and the command that brings it. */
export interface Remedy {
  lack: "package" | "bundle" | "source" | "torn" | "stopped" | "silent" | "blocked";
  command: string;
}

/** The optional polkit rules: the file that an installation brought, whether it is in force (null: it
 * cannot be seen), whether this user is in the group that it is for. */
export interface Rules {
  brought: string;
  in_force: boolean | null;
  member: boolean;
}

/** `series`: the worst round trip of each half second in µs, -1 lost, null not measured. */
export interface Live {
  ifindex: number;
  series: (number | null)[];
  uplinks: Record<string, { rtt_us: number | null; jitter_us: number | null; state: number }>;
}

export interface RunningGame {
  appid: string;
  name: string;
}

export const panelOpen = callable<[], State>("panel_open");
export const panelClosed = callable<[], void>("panel_closed");
export const setGameMode = callable<[on: boolean], State>("set_game_mode");
export const setEma = callable<[factor: number], State>("set_ema");
export const setRunningGames = callable<[games: RunningGame[]], void>("set_running_games");

/** Listens to the backend until the returned function is called. */
export function listen(onState: (state: State) => void, onLive: (live: Live) => void): () => void {
  const state = addEventListener<[State]>("state", onState);
  const live = addEventListener<[Live]>("live", onLive);
  return () => {
    removeEventListener("state", state);
    removeEventListener("live", live);
  };
}
