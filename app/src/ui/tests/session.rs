//! A session bus of a test's own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use zbus::{Connection, connection};

/// A session bus that ends with the test.
pub struct Bus {
    daemon: Child,
    /// Where it listens.
    pub address: String,
}

impl Bus {
    /// Starts one.
    pub fn start() -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--nosyslog"])
            .args(["--print-address=1", "--address=unix:tmpdir=/tmp"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon must be installed");
        let mut address = String::new();
        let said = daemon.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        Self { daemon, address }
    }

    /// A connection to it.
    pub async fn connect(&self) -> Connection {
        let builder = connection::Builder::address(self.address.as_str());
        builder.build().await.unwrap()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
