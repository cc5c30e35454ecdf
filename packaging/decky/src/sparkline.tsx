// The last minute of one uplink: the worst round trip of each half second, a lost probe as a bar.

import { AMBER, FAINT, LINE, RED, TEAL } from "./look";

const WIDTH = 240;
const HEIGHT = 56;
const TOPS_MS = [20, 50, 100, 200, 500, 1000];
// A round trip that long is felt; the line above it changes its colour.
const UNSTEADY_MS = 100;

/** The top of the scale: of a few round values, so that it does not jump. */
export function topOf(series: readonly (number | null)[]): number {
  const worst = Math.max(0, ...series.map((us) => us ?? 0)) / 1000;
  return TOPS_MS.find((top) => worst <= top) ?? TOPS_MS[TOPS_MS.length - 1]!;
}

/** Unbroken runs of answers as the points of a line each. */
export function linesOf(series: readonly (number | null)[], top: number): string[] {
  const lines: string[][] = [[]];
  series.forEach((us, i) => {
    if (us === null || us < 0) {
      lines.push([]);
      return;
    }
    const x = (i / Math.max(1, series.length - 1)) * WIDTH;
    const y = HEIGHT - (Math.min(us / 1000, top) / top) * (HEIGHT - 2) - 1;
    lines[lines.length - 1]!.push(`${x.toFixed(1)},${y.toFixed(1)}`);
  });
  // A single answer between two gaps would be no line.
  return lines.filter((line) => line.length > 0).map((line) => [...line, line[line.length - 1]].join(" "));
}

/** The area between a line and the ground. */
function underneath(line: string): string {
  const points = line.split(" ");
  const x = (point: string | undefined) => (point ?? "0").split(",")[0];
  return `${x(points[0])},${HEIGHT} ${line} ${x(points[points.length - 1])},${HEIGHT}`;
}

export function Sparkline({ series, title }: { series: readonly (number | null)[]; title: string }) {
  const top = topOf(series);
  const lost = series.flatMap((us, i) => (us !== null && us < 0 ? [i] : []));
  const colour = top > UNSTEADY_MS ? AMBER : TEAL;
  return (
    <div style={{ position: "relative" }}>
      <svg
        role="img"
        aria-label={title}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        style={{ display: "block", width: "100%", height: HEIGHT, background: "#0f131880", borderRadius: 4 }}
      >
        <line x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke={LINE} strokeDasharray="2 4" />
        {lost.map((i) => (
          <rect
            key={i}
            x={(i / Math.max(1, series.length - 1)) * WIDTH - 1}
            y="0"
            width="2"
            height={HEIGHT}
            fill={RED}
          />
        ))}
        {linesOf(series, top).map((points, i) => (
          <polygon key={i} points={underneath(points)} fill={colour} fillOpacity="0.12" />
        ))}
        {linesOf(series, top).map((points, i) => (
          <polyline
            key={i}
            points={points}
            fill="none"
            stroke={colour}
            strokeWidth="1.5"
            strokeLinejoin="round"
            strokeLinecap="round"
            vectorEffect="non-scaling-stroke"
          />
        ))}
      </svg>
      <span style={{ position: "absolute", right: 5, top: 2, fontSize: 11, color: FAINT }}>{top} ms</span>
    </div>
  );
}
