// The plugin as the loader sees it: a title, an icon, the panel; and from the start of Steam's
// interface to its end the watch on running games.

import { definePlugin } from "@decky/api";
import { staticClasses } from "@decky/ui";
import { watchGames } from "./games";
import { Panel } from "./panel";

/** A ping that calms down to a level line over a keel. */
function Icon() {
  return (
    <svg width="1em" height="1em" viewBox="0 0 128 128" fill="none" aria-hidden>
      <path
        d="M14 40 H26 L34 16 L44 60 L52 28 L59 48 L65 40 H114"
        stroke="currentColor"
        strokeWidth="9"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <path d="M14 68 H114 C107 84 95 92 80 92 H80 L73 116 H57 L50 92 C33 92 21 84 14 68 Z" fill="currentColor" />
    </svg>
  );
}

export default definePlugin(() => {
  const stop = watchGames();
  return {
    name: "Evenkeel",
    titleView: <div className={staticClasses.Title}>Evenkeel</div>,
    content: <Panel />,
    icon: <Icon />,
    onDismount: stop,
  };
});
