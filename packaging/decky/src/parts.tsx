// The panel's parts. Each is a Field of Steam's, so that the pad's focus ring can reach and scroll to it.

import { ButtonItem, Field, Navigation, PanelSectionRow } from "@decky/ui";
import { Fragment, type ReactNode } from "react";
import type { Live, State, Uplink } from "./backend";
import { INSTALL_PAGE } from "./install";
import { RED, TEAL, body, command, row, small, toneColour } from "./look";
import { Sparkline } from "./sparkline";
import { type Missing, type Tone, figures, uplinkName } from "./status";
import type { Words } from "./words";

// Korean breaks between words here, as English does.
const wrap = { wordBreak: "keep-all", overflowWrap: "anywhere" } as const;

/** A description in Steam's own parts. */
export function Small({ children }: { children: ReactNode }) {
  return <span style={wrap}>{children}</span>;
}

function Card({ children, name }: { children: ReactNode; name: string }) {
  return (
    <PanelSectionRow>
      <Field
        focusable
        highlightOnFocus
        childrenLayout="below"
        childrenContainerWidth="max"
        bottomSeparator="none"
        padding="compact"
      >
        <div data-part={name} style={{ textAlign: "left", width: "100%", ...wrap }}>
          {children}
        </div>
      </Field>
    </PanelSectionRow>
  );
}

function Dot({ tone }: { tone: Tone }) {
  return (
    <span
      aria-hidden
      style={{
        flex: "none",
        width: 10,
        height: 10,
        borderRadius: tone === "warn" ? 2 : 5,
        background: toneColour[tone],
      }}
    />
  );
}

/** The line that says what is in force. */
export function InForce({ text, tone }: { text: string; tone: Tone }) {
  return (
    <Card name="in-force">
      <div style={{ display: "flex", gap: 10, alignItems: "center", ...body }}>
        <Dot tone={tone} />
        <span>{text}</span>
      </div>
    </Card>
  );
}

/** A command to be typed; a long path breaks between its folders. */
function Command({ text }: { text: string }) {
  const parts = text.split(/(?<=\/)/);
  return (
    <code style={command}>
      {parts.map((part, i) => (
        <Fragment key={i}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </code>
  );
}

/** What is missing, and the one command that mends it. */
export function MissingCard({ missing, words }: { missing: Missing; words: Words }) {
  return (
    <>
      <Card name="missing">
        <div style={{ display: "flex", gap: 10, alignItems: "center", ...body }}>
          <Dot tone={missing.tone} />
          <b>{missing.title}</b>
        </div>
        {missing.text && <div style={{ ...body, marginTop: 6 }}>{missing.text}</div>}
        {missing.command && <Command text={missing.command} />}
        {missing.command?.includes("sudo") && <div style={small}>{words.inDesktopMode}</div>}
      </Card>
      {missing.page && (
        <PanelSectionRow>
          <ButtonItem
            layout="below"
            onClick={() => {
              Navigation.CloseSideMenus();
              Navigation.NavigateToExternalWeb(INSTALL_PAGE);
            }}
          >
            {words.openPage}
          </ButtonItem>
        </PanelSectionRow>
      )}
    </>
  );
}

/** A refusal with its reason. */
export function RefusedCard({ title, text, sentence }: { title: string; text: string; sentence: string }) {
  return (
    <Card name="refused">
      <div style={{ display: "flex", gap: 10, alignItems: "center", ...body }}>
        <Dot tone="warn" />
        <b>{title}</b>
      </div>
      {text && <div style={{ ...body, marginTop: 6 }}>{text}</div>}
      {sentence && <div style={{ ...small, marginTop: 4 }}>{sentence}</div>}
    </Card>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div style={{ flex: 1 }}>
      <div style={small}>{label}</div>
      <div style={{ fontVariantNumeric: "tabular-nums" }}>
        <span style={{ fontSize: 26, lineHeight: "32px", fontWeight: 600 }}>{value}</span>
        <span style={small}> ms</span>
      </div>
    </div>
  );
}

interface UplinkProps {
  uplink: Uplink;
  state: State;
  live: Live | null;
  words: Words;
}

/** The uplink in front: leader or not, its ping, its jitter, its last minute. */
export function UplinkCard({ uplink, state, live, words }: UplinkProps) {
  const { ping, jitter, instead } = figures(uplink, state, live, words);
  const series = live?.ifindex === uplink.ifindex ? live.series : [];
  const lost = series.some((us) => us !== null && us < 0);
  return (
    <Card name="uplink">
      <div style={{ ...row, ...body }}>
        <b style={{ overflowWrap: "anywhere" }}>{uplinkName(uplink, words)}</b>
        {uplink.leader && !state.feed && <span style={{ color: TEAL, fontSize: 13, flex: "none" }}>★ {words.steadiest}</span>}
      </div>
      {instead ? (
        <div style={{ ...body, ...small, margin: "8px 0" }}>{instead}</div>
      ) : (
        <div style={{ display: "flex", margin: "6px 0" }}>
          <Figure label={words.ping} value={ping} />
          <Figure label={words.jitter} value={jitter} />
        </div>
      )}
      {series.length > 0 && (
        <>
          <Sparkline series={series} title={`${words.ping}, ${words.minute}`} />
          <div style={{ ...row, ...small, marginTop: 2 }}>
            <span>{words.minute}</span>
            {lost && <span style={{ color: RED }}>▮ {words.lost}</span>}
          </div>
        </>
      )}
    </Card>
  );
}

/** One of the other uplinks. */
export function OtherUplink({ uplink, state, live, words }: UplinkProps) {
  const { ping, instead } = figures(uplink, state, live, words);
  return (
    <Card name="other-uplink">
      <div style={{ ...row, ...body }}>
        <span style={{ overflowWrap: "anywhere" }}>{uplinkName(uplink, words)}</span>
        <span style={{ flex: "none", ...(instead ? small : {}) }}>{instead || `${ping} ms`}</span>
      </div>
    </Card>
  );
}
