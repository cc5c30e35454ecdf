// Colours and measures, beside Steam's own.

import type { CSSProperties } from "react";
import type { Tone } from "./status";

export const TEAL = "#3fd0b6";
export const AMBER = "#f2b65a";
export const RED = "#f0716b";
export const FAINT = "#93a1ae";
export const LINE = "#3a4552";

export const toneColour: Record<Tone, string> = { good: TEAL, quiet: FAINT, warn: AMBER };

export const small: CSSProperties = { fontSize: 12, lineHeight: "16px", color: FAINT };
export const body: CSSProperties = { fontSize: 14, lineHeight: "19px" };
export const row: CSSProperties = {
  display: "flex",
  alignItems: "baseline",
  justifyContent: "space-between",
  gap: 8,
};
export const command: CSSProperties = {
  display: "block",
  margin: "8px 0",
  padding: "8px 10px",
  borderRadius: 4,
  background: "#0f1318",
  border: `1px solid ${LINE}`,
  color: "#e8edf2",
  fontFamily: "monospace",
  fontSize: 12,
  lineHeight: "17px",
  overflowWrap: "anywhere",
  userSelect: "text",
};
