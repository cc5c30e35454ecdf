//! `evenkeel replay FILE`: reads a recording, runs the steering over it, prints what it would have
//! done. The steering itself is in `evenkeel-core`, the formats of recordings are in `logs`.

use std::io::{self, Write};

use evenkeel_core::ema::Factor;
use evenkeel_core::replay::{Replay, Round};
use evenkeel_core::steer::{Params, Period, PowerCost};
use evenkeel_core::trace::Series;
use evenkeel_dbus::limits::UPLINK_COST_DEFAULT;

use super::args::ReplayArgs;
use super::exit::{Exit, Failure};
use super::table;
use crate::logs::{self, Format};

/// Replays the recording.
///
/// # Errors
/// [`Exit::Usage`] with the file, the line and what is wrong with it, or when the arguments do not
/// fit the recording; [`Exit::Failed`] when the file cannot be read.
pub fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let bad = |message: String| Failure::new(Exit::Usage, message);
    let name = table::shown(&args.file);
    let params = Params {
        period: Period::from_ms(args.period_ms).map_err(|error| bad(error.to_string()))?,
        slider: Factor::new(i64::from(args.slider)).map_err(|error| bad(error.to_string()))?,
    };
    let series = series(&table::text(&args.file)?, args.period_ms, &name)?;
    let costs = costs(&args.cost, series.path_count()).map_err(bad)?;
    let rounds =
        Replay::new(&series, params, &costs).map_err(|error| bad(format!("{name}: {error}")))?;
    for round in rounds {
        if args.json {
            write_json(&round, out)?;
        } else {
            write_line(&round, out)?;
        }
    }
    Ok(out.flush()?)
}

/// A trace as it stands, anything else sampled at the period.
fn series(text: &str, period_ms: u32, name: &str) -> Result<Series, Failure> {
    let wrong = |error: logs::LogError| table::failure(&error, name);
    let bad = |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("{name}: {error}"));
    if logs::detect(text).map_err(wrong)? == Format::Trace {
        return Series::parse(text).map_err(|error| bad(&error));
    }
    let recording = logs::parse(text).map_err(wrong)?;
    logs::on_a_grid(&recording, period_ms).map_err(|error| bad(&error))
}

/// One cost for each path: those given, or one for all, or neutral.
fn costs(given: &[u32], paths: usize) -> Result<Vec<PowerCost>, String> {
    let given = match given {
        [] => vec![UPLINK_COST_DEFAULT; paths],
        [one] => vec![*one; paths],
        many if many.len() == paths => many.to_vec(),
        many => {
            return Err(format!(
                "--cost has {} values, but the recording has {paths} paths; give one for each, or \
                 one for all",
                many.len()
            ));
        }
    };
    let cost = |cost: u32| PowerCost::new(i64::from(cost)).map_err(|error| error.to_string());
    given.into_iter().map(cost).collect()
}

/// `t_ms leader w1 w2 ...`; the first path is 1, no leader is `-`.
fn write_line(round: &Round, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{} ", round.t_ms)?;
    match round.leader {
        Some(path) => write!(out, "{}", path + 1)?,
        None => write!(out, "-")?,
    }
    for weight in &round.weights {
        write!(out, " {weight}")?;
    }
    writeln!(out)
}

/// The same as an object on a line of its own.
fn write_json(round: &Round, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"t_ms\":{},\"leader\":", round.t_ms)?;
    match round.leader {
        Some(path) => write!(out, "{}", path + 1)?,
        None => write!(out, "null")?,
    }
    write!(out, ",\"weights\":[")?;
    for (index, weight) in round.weights.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{weight}")?;
    }
    writeln!(out, "]}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cost_is_for_all_paths_and_none_is_neutral() {
        let of =
            |given: &[u32]| costs(given, 2).map(|costs| costs.iter().map(|c| c.get()).collect());
        assert_eq!(of(&[]), Ok(vec![100, 100]));
        assert_eq!(of(&[150]), Ok(vec![150, 150]));
        assert_eq!(of(&[100, 200]), Ok(vec![100, 200]));
        assert!(of(&[1, 2, 3]).unwrap_err().contains("3 values"));
    }

    #[test]
    fn a_round_is_printed_as_documented() {
        let mut round = Round {
            t_ms: 400,
            leader: None,
            weights: vec![1, 1],
            weights_changed: false,
        };
        let line = |round: &Round, json| {
            let mut out = Vec::new();
            let written = if json {
                write_json(round, &mut out)
            } else {
                write_line(round, &mut out)
            };
            written.unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(line(&round, false), "400 - 1 1\n");
        assert_eq!(
            line(&round, true),
            "{\"t_ms\":400,\"leader\":null,\"weights\":[1,1]}\n"
        );
        round.leader = Some(1);
        round.weights = vec![1, 255];
        assert_eq!(line(&round, false), "400 2 1 255\n");
        assert_eq!(
            line(&round, true),
            "{\"t_ms\":400,\"leader\":2,\"weights\":[1,255]}\n"
        );
    }
}
