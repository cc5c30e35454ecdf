//! Gives a recording to whoever asked: the table on standard output, samples and graphs into files.
//! What they look like is in `export`; where the recording comes from is not asked here.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::args::{Deliver, ImageLook};
use super::exit::{Exit, Failure};
use super::out::escaped;
use crate::export::graph::{self, Look};
use crate::export::table::{ratio_of, ratio_sentence};
use crate::export::{Curve, Table, samples, thresholds_for};
use crate::logs::Series;
use crate::words::{Key, Words};

/// Real pixels for a logical one in PNG files.
const PNG_SCALE: u8 = 2;
/// Below so many answers a 99th percentile says little.
const FEW: u64 = 100;

/// What is to be delivered.
pub struct Delivery<'a> {
    /// What the graphs are called.
    pub title: &'a str,
    /// The series.
    pub series: &'a [Series],
    /// When the first probe was sent, in milliseconds since 1970, where that is known.
    pub started_unix_ms: Option<u64>,
    /// True when the first two were recorded one after the other, which proves nothing.
    pub one_after_the_other: bool,
    /// What there is to say above the table.
    pub lead: Vec<String>,
    /// What else there is to say under the table.
    pub notes: Vec<String>,
}

/// Writes the files that were asked for; `json` is the one for samples as JSON.
///
/// # Errors
/// When a file cannot be written, or there is nothing to be in it; the file is named.
pub fn files(
    delivery: &Delivery<'_>,
    how: &Deliver,
    json: Option<&Path>,
    words: &Words,
) -> Result<(), Failure> {
    let curves = Curve::all(delivery.series);
    let picture = || graph::sheet(delivery.title, &curves, words);
    let look = match how.look {
        ImageLook::Dark => Look::Dark,
        ImageLook::Light => Look::Light,
    };
    let averages_only = |what: &Path| {
        let what = escaped(&what.to_string_lossy()).into_owned();
        let why = "there is no answer to draw";
        Failure::new(Exit::Usage, format!("{what} was not written: {why}"))
    };
    for (path, as_png) in [(&how.svg, false), (&how.png, true)] {
        let Some(path) = path else { continue };
        if curves.is_empty() {
            return Err(averages_only(path));
        }
        let bytes = if as_png {
            let painted = picture().png(look, PNG_SCALE);
            painted.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?
        } else {
            picture().svg(look).into_bytes()
        };
        to_file(path, |file| file.write_all(&bytes))?;
    }
    let probed: Vec<Series> = delivery
        .series
        .iter()
        .filter(|one| !one.probes.is_empty())
        .cloned()
        .collect();
    for (path, as_json) in [(how.csv.as_deref(), false), (json, true)] {
        let Some(path) = path else { continue };
        if probed.is_empty() {
            return Err(averages_only(path));
        }
        to_file(path, |file| {
            if as_json {
                samples::json(&probed, delivery.started_unix_ms, file)
            } else {
                samples::csv(&probed, file)
            }
        })?;
    }
    Ok(())
}

/// Prints the table, with what is to be said above and below it.
///
/// # Errors
/// When `out` cannot be written.
pub fn print(
    delivery: &Delivery<'_>,
    how: &Deliver,
    words: &Words,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let thresholds_ns = match &how.over[..] {
        [] => thresholds_for(delivery.series),
        given => given.iter().map(|over| over.0).collect(),
    };
    let table = Table::of(delivery.series, &thresholds_ns);
    let text = if how.html {
        table.html(words)
    } else if how.markdown {
        table.markdown(words)
    } else {
        table.text(words)
    };
    let said = |text: &str| {
        let text = text.replace('\u{2060}', "");
        if how.html {
            format!("<p>{}</p>", crate::export::escaped(&text))
        } else {
            escaped(&text).into_owned()
        }
    };
    let apart = if how.html { "" } else { "\n" };
    for lead in &delivery.lead {
        writeln!(out, "{}{apart}", said(lead))?;
    }
    // Without a probe there is nothing to tabulate.
    if table.columns.iter().any(|column| column.figures.sent > 0) || delivery.lead.is_empty() {
        out.write_all(text.as_bytes())?;
    }
    for note in notes(delivery, &table, words) {
        writeln!(out, "{apart}{}", said(&note))?;
    }
    Ok(out.flush()?)
}

/// What must be said under the table.
pub fn notes(delivery: &Delivery<'_>, table: &Table, words: &Words) -> Vec<String> {
    let mut notes = Vec::new();
    if let [before, after] = delivery.series {
        if let Some(ratio) = ratio_of(before, after) {
            notes.push(ratio_sentence(&before.name, &after.name, &ratio, words));
        }
        if delivery.one_after_the_other {
            notes.push(words.say(Key::TableBeforeAfter));
        }
    }
    let few = table.columns.iter().any(|column| {
        let figures = &column.figures;
        figures.p99_ns.is_some() && figures.sent - figures.lost < FEW
    });
    if few {
        notes.push(words.say(Key::TableFew));
    }
    notes.extend(delivery.notes.iter().cloned());
    notes
}

/// Writes a file by `write`; what was there is replaced only by something whole.
///
/// # Errors
/// With the file's name.
pub fn to_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let whole = || -> io::Result<()> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&bytes)?;
        file.flush()
    };
    whole().map_err(|error| {
        let path = escaped(&path.to_string_lossy()).into_owned();
        Failure::new(Exit::Failed, format!("{path} cannot be written: {error}"))
    })
}
