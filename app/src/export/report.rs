//! The report: one page of HTML that stands by itself, to be posted where others help. No scripts,
//! and nothing loaded from elsewhere. Pure; what must not be in it is hidden before it comes here.

use std::fmt::Write;

use super::graph::{self, Curve, Kind};
use super::picture::Ink;
use super::{Table, escaped, say, style, tell, thresholds_for};
use crate::logs::Series;
use crate::words::{Key, Language, Words};

/// The size of each graph in logical pixels.
const PANEL: (f32, f32) = (520.0, 320.0);

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Fine,
    /// Worth knowing.
    Note,
    /// Something does not work because of it.
    Problem,
}

/// What the doctor found, in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub todo: Option<String>,
}

/// Everything on the page, in plain text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// When it was made.
    pub made: String,
    /// Whether the network is the problem, in a sentence, where it was judged.
    pub verdict: Option<String>,
    /// What is in force; the first sentence is the most important.
    pub in_force: Vec<String>,
    /// What the machine is: names and values.
    pub machine: Vec<(String, String)>,
    /// A line for each uplink.
    pub uplinks: Vec<String>,
    /// What is changed: its name, what it was, what it is now.
    pub changed: Vec<(String, String, String)>,
    /// Where the samples come from.
    pub source: String,
    /// The verdict of a measurement by turns, the first sentence being the most important.
    pub measured: Vec<String>,
    /// The samples.
    pub series: Vec<Series>,
    /// What must be said about them.
    pub notes: Vec<String>,
    /// The last spikes, each with whose fault it was and what was seen.
    pub spikes: Vec<String>,
    /// What the doctor found.
    pub findings: Vec<Finding>,
    /// True when addresses and names were left in.
    pub open: bool,
}

impl Report {
    /// The same with every text passed through `hide`.
    #[must_use]
    pub fn hidden(mut self, mut hide: impl FnMut(&str) -> String) -> Self {
        let mut apply = |text: &mut String| *text = hide(text);
        self.verdict.iter_mut().for_each(&mut apply);
        self.in_force.iter_mut().for_each(&mut apply);
        for (_, value) in &mut self.machine {
            apply(value);
        }
        self.uplinks.iter_mut().for_each(&mut apply);
        for (name, was, now) in &mut self.changed {
            [name, was, now].into_iter().for_each(&mut apply);
        }
        apply(&mut self.source);
        self.measured.iter_mut().for_each(&mut apply);
        for series in &mut self.series {
            apply(&mut series.name);
        }
        self.notes.iter_mut().for_each(&mut apply);
        self.spikes.iter_mut().for_each(&mut apply);
        for finding in &mut self.findings {
            apply(&mut finding.what);
            finding.todo.iter_mut().for_each(&mut apply);
        }
        self
    }

    /// The page.
    pub fn page(&self, words: &Words) -> String {
        let language = match words.language() {
            Language::English => "en",
            Language::Korean => "ko",
        };
        let title = escaped(&say(words, Key::ReportTitle));
        let body = [
            self.head(words),
            self.about(words),
            self.figures(words),
            self.spikes(words),
            self.doctor(words),
        ];
        let last = say(
            words,
            if self.open {
                Key::ReportOpen
            } else {
                Key::ReportHidden
            },
        );
        format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n{}\
             <footer><p>{}</p></footer>\n</main>\n</body>\n</html>\n",
            style::sheet(),
            body.concat(),
            escaped(&last)
        )
    }

    fn head(&self, words: &Words) -> String {
        let title = escaped(&say(words, Key::ReportTitle));
        let made = [
            ("time", self.made.as_str().into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
        ];
        let made = escaped(&tell(words, Key::ReportMade, made));
        let mut out = format!("<header>\n<h1>{title}</h1>\n<p class=\"quiet\">{made}</p>\n");
        if let Some(verdict) = &self.verdict {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "<p class=\"verdict\">{}</p>", escaped(verdict));
        }
        for (number, sentence) in self.in_force.iter().enumerate() {
            let class = if number == 0 { "force" } else { "quiet" };
            let _ = writeln!(out, "<p class=\"{class}\">{}</p>", escaped(sentence));
        }
        out.push_str("</header>\n");
        out
    }

    fn about(&self, words: &Words) -> String {
        let mut out = String::from("<div class=\"pair\">\n");
        out.push_str(&open(&say(words, Key::ReportMachine)));
        out.push_str("<dl>\n");
        for (name, value) in &self.machine {
            let (name, value) = (escaped(name), escaped(value));
            let _ = writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
        }
        out.push_str("</dl>\n</section>\n");
        out.push_str(&open(&say(words, Key::WelcomeUplinks)));
        if self.uplinks.is_empty() {
            let _ = writeln!(
                out,
                "<p class=\"quiet\">{}</p>",
                escaped(&say(words, Key::ReportNoUplinks))
            );
        }
        out.push_str("<ul>\n");
        for uplink in &self.uplinks {
            let _ = writeln!(out, "<li>{}</li>", escaped(uplink));
        }
        out.push_str("</ul>\n");
        let _ = writeln!(out, "<h3>{}</h3>", escaped(&say(words, Key::TunablesTitle)));
        if self.changed.is_empty() {
            let _ = writeln!(
                out,
                "<p class=\"quiet\">{}</p>",
                escaped(&say(words, Key::TunablesNone))
            );
        }
        for (name, was, now) in &self.changed {
            let values = [
                ("original", was.as_str().into()),
                ("current", now.as_str().into()),
            ];
            let change = escaped(&tell(words, Key::TunableChange, values));
            let _ = writeln!(out, "<p><b>{}</b><br>{change}</p>", escaped(name));
        }
        out.push_str("</section>\n</div>\n");
        out
    }

    fn figures(&self, words: &Words) -> String {
        let mut out = open(&say(words, Key::ReportFigures));
        let _ = writeln!(out, "<p class=\"quiet\">{}</p>", escaped(&self.source));
        for (number, sentence) in self.measured.iter().enumerate() {
            let class = if number == 0 { "verdict" } else { "force" };
            let _ = writeln!(out, "<p class=\"{class}\">{}</p>", escaped(sentence));
        }
        if !self.series.is_empty() {
            let table = Table::of(&self.series, &thresholds_for(&self.series));
            let _ = write!(out, "<div class=\"wide\">\n{}</div>\n", table.html(words));
        }
        for note in &self.notes {
            let _ = writeln!(
                out,
                "<p class=\"quiet\">{}</p>",
                escaped(&note.replace('\u{2060}', ""))
            );
        }
        out.push_str("</section>\n");
        let curves = Curve::all(&self.series);
        if curves.is_empty() {
            return out;
        }
        out.push_str(&open(&say(words, Key::ReportGraphs)));
        out.push_str("<p class=\"legend\">");
        for (slot, curve) in curves.iter().enumerate() {
            let (color, shape) = (
                Ink::Series(slot).variable(),
                crate::ui::theme::uplink_shape(slot),
            );
            let name = escaped(curve.name);
            let _ = write!(
                out,
                "<span style=\"color:var({color})\">{shape} {name}</span> "
            );
        }
        out.push_str("</p>\n<div class=\"graphs\">\n");
        for kind in Kind::ALL {
            let picture = graph::panel(kind, &curves, PANEL, words).inline_svg();
            let _ = writeln!(out, "<figure>{picture}</figure>");
        }
        out.push_str("</div>\n</section>\n");
        out
    }

    fn spikes(&self, words: &Words) -> String {
        if self.spikes.is_empty() {
            return String::new();
        }
        let mut out = open(&say(words, Key::NavSpikes));
        out.push_str("<ul>\n");
        for spike in &self.spikes {
            let _ = writeln!(out, "<li>{}</li>", escaped(spike));
        }
        out.push_str("</ul>\n</section>\n");
        out
    }

    fn doctor(&self, words: &Words) -> String {
        if self.findings.is_empty() {
            return String::new();
        }
        let mut out = open(&say(words, Key::ReportDoctor));
        out.push_str("<ul class=\"findings\" lang=\"en\">\n");
        for finding in &self.findings {
            let (class, sign) = match finding.level {
                Level::Fine => ("good", "✓"),
                Level::Note => ("warn", "○"),
                Level::Problem => ("bad", "✕"),
            };
            let what = escaped(&finding.what);
            let _ = write!(out, "<li><span class=\"{class}\">{sign}</span> <div>{what}");
            if let Some(todo) = &finding.todo {
                let _ = write!(out, "<br><span class=\"quiet\">→ {}</span>", escaped(todo));
            }
            out.push_str("</div></li>\n");
        }
        out.push_str("</ul>\n</section>\n");
        out
    }
}

fn open(title: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n", escaped(title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Probe;

    fn full() -> Report {
        let probe = |n: u64| Probe {
            sent_ns: n * 200_000_000,
            rtt_ns: (n % 40 != 7).then_some(20_000_000 + n % 13 * 1_000_000),
        };
        let secret = || "SECRET<i>".to_owned();
        Report {
            made: "2026-01-02 03:04 UTC".into(),
            verdict: Some(secret()),
            in_force: vec![secret(), secret()],
            machine: vec![("Kernel".into(), secret())],
            uplinks: vec![secret()],
            changed: vec![(secret(), secret(), secret())],
            source: secret(),
            measured: vec![secret(), secret()],
            series: vec![Series {
                probes: (0..200).map(probe).collect(),
                ..Series::named("SECRET<i>")
            }],
            notes: vec![secret()],
            spikes: vec![secret()],
            findings: vec![Finding {
                level: Level::Problem,
                what: secret(),
                todo: Some(secret()),
            }],
            open: false,
        }
    }

    #[test]
    fn everything_said_passes_through_what_hides() {
        let words = Words::new(Language::English);
        let open = full().page(&words);
        assert_eq!(open.matches("SECRET&lt;i&gt;").count(), 17, "{open}");
        assert!(!open.contains("SECRET<i>"), "markup is escaped");
        let hidden = full()
            .hidden(|text| text.replace("SECRET", "x"))
            .page(&words);
        assert!(!hidden.contains("SECRET"), "{hidden}");
    }

    #[test]
    fn the_page_loads_nothing_runs_nothing_and_is_well_formed() {
        for language in Language::ALL {
            let words = Words::new(language);
            let page = full().page(&words);
            for forbidden in [
                "<script", "http://", "https://", "url(", "@import", "src=", "href=", "onload",
            ] {
                assert!(!page.contains(forbidden), "{forbidden} in {page}");
            }
            assert!(page.contains("default-src 'none'"));
            assert_eq!(page.matches("<svg").count(), 4);
            assert_eq!(
                page.matches("<figure>").count(),
                page.matches("</figure>").count()
            );
            assert!(!page.contains('\u{2060}'));
        }
    }

    #[test]
    fn a_page_without_samples_and_findings_still_says_what_is_in_force() {
        let words = Words::new(Language::Korean);
        let report = Report {
            in_force: vec!["x is in force".into()],
            ..Report::default()
        };
        let page = report.page(&words);
        assert!(page.contains("x is in force") && !page.contains("<svg"));
    }
}
