//! The address on the internet that windows and helpers ask by default, put up in the lab behind both
//! routers: it answers, and counts what it was asked. It is not there unless a test wants it.

use std::time::Duration;

use crate::Lab;
use crate::error::LabError;
use crate::lab::wait_until;

const PATIENCE: Duration = Duration::from_mins(1);
/// So long without a probe is silence.
const SILENCE: Duration = Duration::from_secs(2);
/// The built-in one.
const ADDRESS: &str = "1.1.1.1";

fn counter(address: &str) -> String {
    format!(
        "table ip anchor {{
  counter asked {{}}
  chain input {{
    type filter hook input priority 0;
    ip daddr {address} icmp type echo-request counter name asked
  }}
}}
"
    )
}

/// See the module.
#[derive(Debug)]
pub struct Anchor<'a>(&'a Lab);

impl<'a> Anchor<'a> {
    /// Puts it up on the lab's server.
    ///
    /// # Errors
    /// When the server takes no route or no counter, as when it is there already.
    pub fn put_up(lab: &'a Lab) -> Result<Self, LabError> {
        Self::put_up_at(lab, ADDRESS)
    }

    /// The same at another address.
    ///
    /// # Errors
    /// As [`Anchor::put_up`].
    pub fn put_up_at(lab: &'a Lab, address: &str) -> Result<Self, LabError> {
        let route = ["ip", "route", "add", "local", address, "dev", "lo"];
        lab.command("srv", route).text()?;
        lab.command("srv", ["nft", "-f", "-"])
            .input(counter(address))
            .text()?;
        Ok(Self(lab))
    }

    /// The one that was put up before.
    pub fn of(lab: &'a Lab) -> Self {
        Self(lab)
    }

    /// How many echo requests have reached it.
    ///
    /// # Errors
    /// When it was not put up.
    pub fn asked(&self) -> Result<u64, LabError> {
        let line = ["nft", "list", "counter", "ip", "anchor", "asked"];
        let text = self.0.command("srv", line).text()?;
        let mut words = text
            .split_whitespace()
            .skip_while(|word| *word != "packets");
        let count = words.nth(1).and_then(|count| count.parse().ok());
        count.ok_or_else(|| LabError::Invalid(format!("nft printed {text}")))
    }

    /// Waits until nothing was asked for two seconds.
    ///
    /// # Errors
    /// [`LabError::Timeout`] after a minute.
    pub fn wait_for_silence(&self) -> Result<(), LabError> {
        wait_until("silence at the anchor", PATIENCE, || {
            let before = self.asked()?;
            std::thread::sleep(SILENCE);
            Ok(self.asked()? == before)
        })
    }

    /// Waits until some more have come.
    ///
    /// # Errors
    /// [`LabError::Timeout`] after a minute.
    pub fn wait_for_probes(&self) -> Result<(), LabError> {
        let before = self.asked()?;
        wait_until("probes at the anchor", PATIENCE, || {
            Ok(self.asked()? > before + 10)
        })
    }
}
