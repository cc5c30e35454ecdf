// A slider moves in many small steps; only where it rests matters.

export interface Debounced<T> {
  call(value: T): void;
  /** Delivers what waits, now. */
  flush(): void;
}

/** Calls `deliver` with the last value once there was none for `ms`. */
export function debounce<T>(ms: number, deliver: (value: T) => void): Debounced<T> {
  let timer: number | undefined;
  let waiting: { value: T } | undefined;
  const flush = () => {
    window.clearTimeout(timer);
    const last = waiting;
    waiting = undefined;
    if (last) deliver(last.value);
  };
  return {
    call(value) {
      waiting = { value };
      window.clearTimeout(timer);
      timer = window.setTimeout(flush, ms);
    },
    flush,
  };
}
