// What the panel says: sentences made of the state. Plain values in, plain values out.

import type { Live, Refusal, State, Uplink } from "./backend";
import { DOCTOR_COMMAND, permissionCommand } from "./install";
import type { Words } from "./words";

export type Tone = "good" | "quiet" | "warn";

const OBSERVE = 0;
const LOWPOWER = 2;

const WARMING = 1;
const DEAD = 3;
const GONE = 4;

/** The switch shows what is in force, and what the player wants of a helper that starts again. */
export function switchIsOn(state: State): boolean {
  return state.wanted || state.game_mode;
}

/** Only with a helper can it be switched on; off it can be switched always. */
export function switchCanMove(state: State): boolean {
  return state.link === "up" || switchIsOn(state);
}

/** The slider means something where there is a helper, or was a moment ago. */
export function sliderIsShown(state: State): boolean {
  return state.link === "up" || state.link === "restarting";
}

/** The line under the switch: what it does and what it remembers. */
export function switchWords(state: State, words: Words): string {
  if (!state.memory_works) return words.gameModeNoMemory;
  if (!state.game) return words.gameModeAlways;
  if (state.automatic && state.game.remembered) return words.gameModeByGame(state.game.name);
  return state.game.remembered
    ? words.gameModeRemembered(state.game.name)
    : words.gameModeFor(state.game.name);
}

export function reasonWords(reason: number, words: Words): string {
  return words.reasons[reason] ?? words.reasonUnknown;
}

function whyNothing(state: State, words: Words): string {
  const family = state.families.find(({ in_force, reason }) => !in_force && reason !== 0);
  return reasonWords(family?.reason ?? state.reason, words);
}

/** "Wi-Fi wlan0" */
export function uplinkName(uplink: Uplink, words: Words): string {
  return `${words.kinds[uplink.kind] ?? words.kinds[0]} ${uplink.name}`;
}

/** The line that says what is in force; null while the helper is not there. */
export function inForce(state: State, words: Words): { text: string; tone: Tone } | null {
  if (state.link !== "up") return null;
  if (state.game_mode) {
    const others = state.wanted ? "" : ` ${words.others}`;
    const { text, tone } = steering(state, words);
    return { text: text + others, tone };
  }
  if (state.wanted) return { text: words.onWaiting, tone: "warn" };
  if (state.draining_seconds > 0) {
    return { text: words.offDraining(Math.ceil(state.draining_seconds / 60)), tone: "quiet" };
  }
  if (state.backend === OBSERVE) {
    return { text: words.watchingOnly(reasonWords(state.reason, words)), tone: "quiet" };
  }
  return { text: words.off, tone: "quiet" };
}

function steering(state: State, words: Words): { text: string; tone: Tone } {
  if (state.backend === LOWPOWER) {
    return { text: words.onKernel(state.ema_in_force ?? 0), tone: "good" };
  }
  const steered = state.families.filter((family) => family.in_force);
  if (steered.length === 0) return { text: words.onNothing(whyNothing(state, words)), tone: "warn" };
  const leader = state.uplinks.find((uplink) => uplink.leader);
  if (!leader) return { text: `${words.noLeader}.`, tone: "quiet" };
  const families = steered.length > 1 ? words.bothFamilies : `IPv${steered[0]?.family ?? 4}`;
  return { text: words.onSteered(families, uplinkName(leader, words)), tone: "good" };
}

export interface Missing {
  title: string;
  text: string;
  command?: string;
  /** Whether the install page helps. */
  page?: boolean;
  tone: Tone;
}

/** What is missing for the panel to work, the weightiest only; null when nothing is. */
export function missing(state: State, words: Words): Missing | null {
  switch (state.link) {
    case "absent":
    case "blocked":
      return lacking(state, words);
    case "no-bus":
      return { title: words.noBusTitle, text: words.noBus, tone: "warn" };
    case "restarting":
      return {
        title: words.restartingTitle,
        text: state.wanted ? words.restartingHeld : words.restarting,
        tone: "quiet",
      };
    case "searching":
      return { title: words.searching, text: "", tone: "quiet" };
    case "up":
      return refusals(state).some(({ word }) => word === "NotAuthorized")
        ? permission(state, words)
        : null;
  }
}

function refusals(state: State): Refusal[] {
  return [state.refusal, state.feed].filter((refusal) => refusal !== null);
}

function lacking(state: State, words: Words): Missing {
  const { remedy } = state;
  const where = { page: true, tone: "warn" } as const;
  if (!remedy) return { title: words.lacks.blocked.title, text: "", ...where };
  return { ...words.lacks[remedy.lack], command: remedy.command, ...where };
}

function permission({ rules }: State, words: Words): Missing {
  const missing = { title: words.permissionTitle, tone: "warn" } as const;
  if (rules?.member === false) return { ...missing, text: words.permissionNoMember, page: true };
  if (rules?.in_force) return { ...missing, text: words.permissionInForce, command: DOCTOR_COMMAND };
  if (!rules?.brought) return { ...missing, text: words.permissionNoFile, page: true };
  return { ...missing, text: words.permission, command: permissionCommand(rules.brought) };
}

/** A refusal other than a missing permission, or what went wrong in the helper by itself, in words; the
 * helper's own sentence beside them. */
export function refused(
  state: State,
  words: Words,
): { title: string; text: string; sentence: string } | null {
  if (state.link !== "up") return null;
  const found = refusals(state).find(({ word }) => word !== "NotAuthorized");
  if (!found) {
    // What went wrong long ago is of no use to anybody who has switched off.
    return switchIsOn(state) && state.last_error
      ? { title: words.ownTitle, text: "", sentence: words.helperSays(state.last_error) }
      : null;
  }
  const title = found.what === "ema" ? words.emaRefusedTitle : words.refusedTitle;
  return {
    title: found.what === "feed" || found.what === "leave" ? words.refused[found.word] : title,
    text: found.what === "feed" || found.what === "leave" ? "" : words.refused[found.word],
    sentence: found.sentence && words.helperSays(found.sentence),
  };
}

/** The uplink that the card is about: the one whose minute the backend sends. */
export function shownUplink(state: State, live: Live | null): Uplink | undefined {
  return state.uplinks.find(({ ifindex }) => ifindex === live?.ifindex) ?? state.uplinks[0];
}

/** Milliseconds with as many decimals as tell something. */
export function milliseconds(us: number): string {
  const ms = us / 1000;
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

export interface Figures {
  ping: string;
  jitter: string;
  /** What to say in place of figures; empty when there are some. */
  instead: string;
}

/** An uplink's figures, or why there are none. */
export function figures(uplink: Uplink, state: State, live: Live | null, words: Words): Figures {
  const none = (instead: string) => ({ ping: "–", jitter: "–", instead });
  if (!uplink.carrier) return none(words.noCable);
  if (state.feed) return none(words.notMeasured);
  const now = live?.uplinks[String(uplink.ifindex)];
  const measured = now?.state ?? uplink.state;
  if (measured === DEAD || measured === GONE) return none(words.noAnswer);
  if (!now) return none(live ? words.notMeasured : words.waitingForAnswer);
  if (now.rtt_us === null) return none(measured === WARMING ? words.warming : words.waitingForAnswer);
  return {
    ping: milliseconds(now.rtt_us),
    jitter: now.jitter_us === null ? "–" : milliseconds(now.jitter_us),
    instead: "",
  };
}
