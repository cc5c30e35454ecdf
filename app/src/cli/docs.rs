//! Completion scripts and manual pages, made from the command definition. Not their texts.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::examples;
use super::exit::{Exit, Failure};

/// Writes the completion script of one shell.
///
/// # Errors
/// When `out` cannot be written.
pub fn completions(shell: Shell, out: &mut dyn Write) -> Result<(), Failure> {
    // Into memory first: the generator has no way to report a reader that has left.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut examples::command(), "evenkeel", &mut script);
    Ok(out.write_all(&script)?)
}

/// Writes all manual pages to `out`, or one file for each into `dir`.
///
/// # Errors
/// When the output or a file cannot be written.
pub fn man(dir: Option<&Path>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut command = examples::command();
    command.build();
    for page in pages(&command, "") {
        let Some(dir) = dir else {
            page.render(out)?;
            continue;
        };
        let path = dir.join(format!("{}.1", page.name));
        let written = File::create(&path).and_then(|mut file| page.render(&mut file));
        written.map_err(|error| {
            let path = path.display();
            Failure::new(Exit::Failed, format!("{path} cannot be written: {error}"))
        })?;
    }
    Ok(())
}

/// One manual page.
struct Page {
    /// Its name without section, as in `evenkeel-set-ema`.
    name: String,
    /// The words behind `evenkeel`.
    words: String,
    command: Command,
}

fn pages(command: &Command, words: &str) -> Vec<Page> {
    let name = format!("evenkeel {words}").trim().replace(' ', "-");
    let page = Page {
        name,
        words: words.to_owned(),
        command: command.clone(),
    };
    let below = command
        .get_subcommands()
        .flat_map(|sub| pages(sub, format!("{words} {}", sub.get_name()).trim()));
    std::iter::once(page).chain(below).collect()
}

impl Page {
    fn render(&self, out: &mut dyn Write) -> io::Result<()> {
        // Examples and exit codes get sections of their own; without this they would come twice.
        let command = self.command.clone().after_help(None::<&str>);
        let title = self.name.to_uppercase();
        let source = concat!("Evenkeel ", env!("CARGO_PKG_VERSION"));
        let man = Man::new(command)
            .title(title)
            .source(source)
            .manual("Evenkeel");
        man.render_title(out)?;
        man.render_name_section(out)?;
        man.render_synopsis_section(out)?;
        man.render_description_section(out)?;
        man.render_options_section(out)?;
        if self.command.has_subcommands() {
            man.render_subcommands_section(out)?;
        }
        let mut roff = Roff::new();
        roff.control("SH", ["EXAMPLES"]);
        for (typed, does) in examples::of(&self.words) {
            roff.control("TP", [])
                .text([bold(*typed)])
                .text([roman(*does)]);
        }
        if self.words.is_empty() {
            roff.control("SH", ["EXIT STATUS"]);
            for (code, meaning) in Exit::TABLE {
                roff.control("TP", [])
                    .text([bold(code.to_string())])
                    .text([roman(*meaning)]);
            }
            roff.control("SH", ["ENVIRONMENT"]);
            for (name, meaning) in ENVIRONMENT {
                roff.control("TP", [])
                    .text([bold(*name)])
                    .text([roman(*meaning)]);
            }
        } else {
            roff.control("SH", ["SEE ALSO"]);
            roff.text([bold("evenkeel"), roman("(1)")]);
        }
        roff.to_writer(out)
    }
}

/// The variables that change what the command line does.
const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "DBUS_SYSTEM_BUS_ADDRESS",
        "where the system bus is, when not in its usual place",
    ),
    (
        "NO_COLOR",
        "when set and not empty, evenkeel watch uses no colours",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command() {
        let mut command = examples::command();
        command.build();
        let names: Vec<String> = pages(&command, "")
            .into_iter()
            .map(|page| page.name)
            .collect();
        for name in [
            "evenkeel",
            "evenkeel-status",
            "evenkeel-set",
            "evenkeel-set-ema",
        ] {
            assert!(
                names.iter().any(|page| page == name),
                "{name} is not in {names:?}"
            );
        }
    }
}
