// The backend while the panel is visible: says that it is open, listens, and lets go again.

import { useQuickAccessVisible } from "@decky/api";
import { useEffect, useRef, useState } from "react";
import { type Live, type State, listen, panelClosed, panelOpen } from "./backend";

// The backend closes its feed when it has not heard of the panel for three times as long.
const OPEN_AGAIN_MS = 5000;

// Loaders before the API's version 2 have no such hook; there the panel is only mounted while it is seen.
const useVisible: () => boolean =
  typeof useQuickAccessVisible === "function" ? useQuickAccessVisible : () => true;

export interface Backend {
  state: State | null;
  live: Live | null;
  /** The backend did not answer. */
  gone: boolean;
  /** Takes a state that a call returned. */
  take(state: State): void;
  failed(): void;
}

export function useBackend(): Backend {
  const visible = useVisible();
  const [state, setState] = useState<State | null>(null);
  const [live, setLive] = useState<Live | null>(null);
  const [gone, setGone] = useState(false);
  const mounted = useRef(true);

  const take = (next: State) => {
    if (!mounted.current) return;
    setState(next);
    setGone(false);
    if (next.link !== "up" || next.feed) setLive(null);
  };
  const failed = () => {
    if (mounted.current) setGone(true);
  };

  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  useEffect(() => {
    if (!visible) return;
    const unlisten = listen(take, (next) => mounted.current && setLive(next));
    const open = () => void panelOpen().then(take, failed);
    open();
    const timer = window.setInterval(open, OPEN_AGAIN_MS);
    return () => {
      window.clearInterval(timer);
      unlisten();
      setLive(null);
      void panelClosed().catch(() => undefined);
    };
  }, [visible]);

  return { state, live, gone, take, failed };
}
