//! How the report looks: the window's colours, light or dark, in a style sheet of its own.

use std::fmt::Write;

use super::graph::Look;

/// The page's style: the window's colours, light or dark as the reader's system likes.
pub fn sheet() -> String {
    let light = variables(Look::Light);
    let dark = variables(Look::Dark);
    format!(
        ":root {{ color-scheme: light dark; {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{RULES}"
    )
}

fn variables(look: Look) -> String {
    let palette = look.palette();
    let rgb = |color: iced::Color| {
        let [r, g, b] = [color.r, color.g, color.b].map(|part| (part * 255.0).round() as u8);
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    let mut out = String::new();
    for (name, color) in [
        ("--ground", palette.ground),
        ("--card", palette.card),
        ("--line", palette.line),
        ("--grid", palette.grid),
        ("--text", palette.text),
        ("--quiet", palette.quiet),
        ("--good", palette.good),
        ("--warn", palette.warn),
        ("--bad", palette.bad),
    ] {
        let _ = write!(out, "{name}: {}; ", rgb(color));
    }
    for (slot, color) in palette.uplinks.iter().enumerate() {
        let _ = write!(out, "--series-{slot}: {}; ", rgb(*color));
    }
    out
}

const RULES: &str = "\
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); word-break: keep-all; overflow-wrap: anywhere;
  font: 16px/1.5 'Evenkeel Sans', system-ui, 'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 40px; }
h1 { margin: 0; font-size: 28px; line-height: 1.25; }
h2 { margin: 0 0 12px; font-size: 19px; }
h3 { margin: 20px 0 4px; font-size: 16px; }
p { margin: 6px 0; }
.quiet, footer { color: var(--quiet); }
.verdict { margin-top: 18px; font-size: 20px; font-weight: bold; }
.force { margin-top: 12px; }
header { padding: 0 4px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 18px 20px; margin-top: 16px; min-width: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 16px; }
dl { margin: 0; }
dl div { display: flex; gap: 16px; padding: 5px 0; border-top: 1px solid var(--grid); }
dl div:first-child { border-top: 0; }
dt { flex: 0 0 136px; color: var(--quiet); }
dd { margin: 0; }
ul { margin: 0; padding: 0; list-style: none; }
li { padding: 5px 0; }
.findings li { display: flex; gap: 10px; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 18px 5px 0; text-align: right; white-space: nowrap; border-top: 1px solid var(--grid); }
thead th { border-top: 0; color: var(--quiet); font-weight: normal; white-space: normal; vertical-align: bottom; max-width: 200px; }
tbody th { font-weight: normal; color: var(--quiet); }
th:first-child { text-align: left; padding-right: 32px; }
.legend span { margin-right: 18px; white-space: nowrap; font-weight: bold; }
.graphs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 12px; }
figure { margin: 0; min-width: 0; }
svg { display: block; width: 100%; height: auto; }
footer { padding: 16px 4px 0; font-size: 14px; }
@media (max-width: 560px) { main { padding: 16px 10px 32px; } section { padding: 14px 14px; } th, td { padding-right: 12px; } th:first-child { padding-right: 16px; }
  .graphs { grid-template-columns: 100%; } }
@media print { section { break-inside: avoid; } }
";
