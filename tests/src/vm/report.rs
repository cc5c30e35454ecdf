//! What the inside of a virtual machine says on its console, written there and read here: one line for
//! each point that was tried. No more than text.

use std::time::Duration;

/// Every line of ours begins with this; the kernel's own lines don't.
pub const MARK: &str = "evenkeel-vm:";
/// The machine's first words.
pub const UP: &str = "up";
/// The machine's last words.
pub const END: &str = "end";

/// What a kernel says when it has found an error of its own.
const COMPLAINTS: [&str; 7] = [
    "BUG:",
    "WARNING:",
    "KASAN",
    "Oops",
    "general protection fault",
    "refcount_t:",
    "unregister_netdevice: waiting",
];

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What must hold, `topic/name`.
    pub name: String,
    /// How long it took in there.
    pub took: Duration,
    /// Nothing if it holds, else what was found instead.
    pub failure: Option<String>,
}

impl Point {
    /// The line about it.
    pub fn line(&self) -> String {
        let ms = self.took.as_millis();
        match &self.failure {
            None => format!("{MARK} point {} {ms} ok", self.name),
            Some(why) => {
                // A line must stay one.
                let why = why.replace('\n', " | ").replace('\r', "");
                format!("{MARK} point {} {ms} failed: {why}", self.name)
            }
        }
    }

    fn parse(words: &str) -> Option<Self> {
        let mut parts = words.splitn(3, ' ');
        let name = parts.next()?.to_owned();
        let took = Duration::from_millis(parts.next()?.parse().ok()?);
        let failure = match parts.next()? {
            "ok" => None,
            other => Some(other.strip_prefix("failed: ")?.to_owned()),
        };
        Some(Self {
            name,
            took,
            failure,
        })
    }
}

/// A thing measured in there that a person may want to read, and what is brought to a later machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was tried, in order.
    pub points: Vec<Point>,
    /// Sentences for a person.
    pub notes: Vec<String>,
    /// Files to bring to the next machine: name and bytes.
    pub carried: Vec<(String, Vec<u8>)>,
    /// What the kernel complained of.
    pub complaints: Vec<String>,
    /// Did the machine say that it was done?
    pub ended: bool,
}

impl Report {
    /// Reads a console.
    pub fn read(console: &str) -> Self {
        let mut report = Self::default();
        for line in console.lines().map(str::trim_end) {
            let Some((_, said)) = line.split_once(MARK) else {
                if COMPLAINTS.iter().any(|complaint| line.contains(complaint)) {
                    report.complaints.push(line.to_owned());
                }
                continue;
            };
            let said = said.trim();
            match said.split_once(' ') {
                Some(("point", words)) => report.points.extend(Point::parse(words)),
                Some(("note", words)) => report.notes.push(words.to_owned()),
                Some(("carry", words)) => report.carried.extend(carried(words)),
                _ => report.ended |= said == END,
            }
        }
        report
    }

    /// A line for each point and note, for a person.
    pub fn lines(&self) -> Vec<String> {
        let points = self.points.iter().map(|point| {
            let seconds = point.took.as_secs_f32();
            match &point.failure {
                None => format!("ok     {seconds:>6.1} s  {}", point.name),
                Some(why) => format!("FAILED {seconds:>6.1} s  {}: {why}", point.name),
            }
        });
        let notes = self.notes.iter().map(|note| format!("       {note}"));
        points.chain(notes).collect()
    }

    /// What is wrong, a line each: points of `expected` that are missing, points that failed, complaints
    /// of the kernel, an end that did not come. Empty when all is well.
    pub fn wrong(&self, expected: &[String]) -> Vec<String> {
        let failed = self.points.iter().filter_map(|point| {
            let why = point.failure.as_ref()?;
            Some(format!("{}: {why}", point.name))
        });
        let tried = |name: &String| self.points.iter().any(|point| point.name == *name);
        let missing = expected.iter().filter(|name| !tried(name));
        let missing = missing.map(|name| format!("{name}: was not tried"));
        let complaints = self.complaints.iter();
        let complaints = complaints.map(|line| format!("the kernel complained: {line}"));
        let end = (!self.ended).then(|| "the machine did not come to its end".to_owned());
        failed.chain(missing).chain(complaints).chain(end).collect()
    }
}

/// The line that brings a file to the next machine.
pub fn carry_line(name: &str, bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut line = format!("{MARK} carry {name} ");
    for byte in bytes {
        let _ = write!(line, "{byte:02x}");
    }
    line
}

fn carried(words: &str) -> Option<(String, Vec<u8>)> {
    let (name, hex) = words.split_once(' ').unwrap_or((words, ""));
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| digit.to_digit(16).map(|value| value as u8))
        .collect();
    let pairs = digits?;
    let bytes = pairs
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[pair.len() - 1]);
    Some((name.to_owned(), bytes.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(name: &str, failure: Option<&str>) -> Point {
        Point {
            name: name.into(),
            took: Duration::from_millis(42),
            failure: failure.map(Into::into),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let points = [point("quick/a", None), point("quick/b", Some("1\n2"))];
        let lines = [
            "[    0.1] Linux".to_owned(),
            points[0].line(),
            points[1].line(),
            carry_line("j", b"\x00\xfa"),
            format!("{MARK} note seen 3"),
            format!("{MARK} {END}"),
        ];
        let console = lines.join("\r\n");
        let report = Report::read(&console);
        assert_eq!(report.points[0], points[0]);
        assert_eq!(report.points[1], point("quick/b", Some("1 | 2")));
        assert_eq!(report.carried, [("j".to_owned(), vec![0, 0xfa])]);
        assert_eq!(report.notes, ["seen 3"]);
        assert!(report.ended && report.complaints.is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let console = format!(
            "{}\n[ 1.0] BUG: KASAN: use-after-free in x\n",
            point("quick/a", Some("no")).line()
        );
        let wrong = Report::read(&console).wrong(&["quick/a".into(), "quick/b".into()]);
        let expected = [
            "quick/a: no",
            "quick/b: was not tried",
            "the kernel complained: [ 1.0] BUG: KASAN: use-after-free in x",
            "the machine did not come to its end",
        ];
        assert_eq!(wrong, expected);
    }
}
