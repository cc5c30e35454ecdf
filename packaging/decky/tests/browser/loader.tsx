// Stands in for Decky Loader and Steam's interface: the globals the built plugin expects, with plain
// parts in Steam's measures and a pad's way of moving the focus. It knows nothing of Evenkeel.

import * as React from "react";
import * as Runtime from "react/jsx-runtime";
import { createRoot } from "react-dom/client";

type Props = Record<string, any>;
type Listener = (...args: unknown[]) => void;

const visibility = { visible: true, tell: new Set<() => void>() };
const listeners = new Map<string, Set<Listener>>();
const answers: Record<string, (...args: any[]) => unknown> = {};
const calls: [string, ...unknown[]][] = [];
const visited: string[] = [];
const lifetimes = new Set<Listener>();

// A focusable thing answers A (Enter) and the stick (arrows). `data-pad` marks what the ring reaches.
const pad = (onActivate: (() => void) | undefined, onSide?: (step: number) => void, disabled = false) => ({
  "data-pad": true,
  tabIndex: disabled ? -1 : 0,
  "aria-disabled": disabled,
  onClick: () => !disabled && onActivate?.(),
  onKeyDown: (event: React.KeyboardEvent) => {
    if (disabled) return;
    if (event.key === "Enter") onActivate?.();
    if (event.key === "ArrowLeft") onSide?.(-1);
    if (event.key === "ArrowRight") onSide?.(1);
  },
});

function Field({ label, description, children, childrenLayout, focusable, padding, ...rest }: Props) {
  const below = childrenLayout === "below" || label === undefined;
  return (
    <div
      className={`field ${below ? "below" : ""} ${padding ?? ""}`}
      {...(focusable || rest["data-pad"] ? { ...pad(rest.onActivate), ...rest.own } : {})}
    >
      <div className="line">
        {label !== undefined && <div className="label">{label}</div>}
        <div className="children">{children}</div>
      </div>
      {description && <div className="description">{description}</div>}
    </div>
  );
}

function ToggleField({ label, description, checked, disabled, onChange }: Props) {
  const own = {
    ...pad(() => onChange?.(!checked), undefined, disabled),
    role: "switch",
    "aria-checked": checked,
    "data-testid": "switch",
  };
  return (
    <Field data-pad label={label} description={description} own={own}>
      <div className={`toggle ${checked ? "on" : ""} ${disabled ? "disabled" : ""}`} />
    </Field>
  );
}

function SliderField({ label, description, value, min, max, step, disabled, onChange }: Props) {
  const move = (direction: number) => onChange?.(Math.min(max, Math.max(min, value + direction * step)));
  const own = {
    ...pad(undefined, move, disabled),
    role: "slider",
    "aria-valuenow": value,
    "data-testid": "slider",
  };
  const share = `${((value - min) / (max - min)) * 100}%`;
  return (
    <Field data-pad label={label} description={description} own={own} childrenLayout="below">
      <div className="slider">
        <div className="filled" style={{ width: share }} />
        <div className="knob" style={{ left: share }} />
      </div>
    </Field>
  );
}

function ButtonItem({ children, disabled, onClick }: Props) {
  return (
    <Field
      data-pad
      own={{ ...pad(onClick, undefined, disabled), role: "button", "data-testid": "button" }}
      childrenLayout="below"
    >
      <div className="button">{children}</div>
    </Field>
  );
}

const DFL = {
  staticClasses: { Title: "title" },
  PanelSection: ({ title, children }: Props) => (
    <section>
      {title && <h3>{title}</h3>}
      {children}
    </section>
  ),
  PanelSectionRow: ({ children }: Props) => <div className="row">{children}</div>,
  Field,
  ToggleField,
  SliderField,
  ButtonItem,
  Navigation: {
    CloseSideMenus: () => visited.push("closed"),
    NavigateToExternalWeb: (url: string) => visited.push(url),
  },
  Router: { RunningApps: [] as { appid: string; display_name: string }[] },
};

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...document.querySelectorAll<HTMLElement>('[data-pad][tabindex="0"]')];
  const next = all[all.indexOf(document.activeElement as HTMLElement) + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
});

function useQuickAccessVisible(): boolean {
  return React.useSyncExternalStore(
    (changed) => {
      visibility.tell.add(changed);
      return () => visibility.tell.delete(changed);
    },
    () => visibility.visible,
  );
}

const connect = (version: number, plugin: string) => ({
  _version: version,
  _plugin: plugin,
  callable:
    (method: string) =>
    async (...args: unknown[]) => {
      calls.push([method, ...args]);
      return structuredClone(await answers[method]?.(...args));
    },
  addEventListener: (event: string, listener: Listener) => {
    if (!listeners.has(event)) listeners.set(event, new Set());
    listeners.get(event)!.add(listener);
    return listener;
  },
  removeEventListener: (event: string, listener: Listener) => listeners.get(event)?.delete(listener),
  useQuickAccessVisible,
});

const steam = {
  language: "english",
  Settings: { GetCurrentLanguage: async () => steam.language },
  GameSessions: {
    RegisterForAppLifetimeNotifications: (told: Listener) => {
      lifetimes.add(told);
      return { unregister: () => lifetimes.delete(told) };
    },
  },
};

const root = createRoot(document.getElementById("root")!);
let plugin: any;

Object.assign(window, {
  SP_REACT: React,
  SP_JSX: Runtime,
  DFL,
  SteamClient: steam,
  __DECKY_SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED_deckyLoaderAPIInit: { connect },
  lab: {
    calls,
    visited,
    answers,
    steam,
    lifetimes,
    router: DFL.Router,
    listening: (event: string) => listeners.get(event)?.size ?? 0,
    emit: (event: string, ...args: unknown[]) => listeners.get(event)?.forEach((told) => told(...args)),
    lifetime: (unAppID: number, bRunning: boolean) =>
      lifetimes.forEach((told) => told({ unAppID, bRunning, nInstanceID: 1 })),
    see: (visible: boolean) => {
      visibility.visible = visible;
      visibility.tell.forEach((tell) => tell());
    },
    load: async () => {
      const built = "/dist/index.js";
      plugin = (await import(built)).default();
      return { name: plugin.name, keys: Object.keys(plugin).sort() };
    },
    show: () =>
      root.render(
        <>
          {plugin.titleView}
          <div className="icon">{plugin.icon}</div>
          {plugin.content}
        </>,
      ),
    hide: () => root.render(null),
    unload: () => plugin.onDismount(),
  },
});
