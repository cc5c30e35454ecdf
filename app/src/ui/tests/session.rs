//! A session bus of a test's own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use zbus::object_server::Interface;
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
        Self::start_with(&["--session", "--address=unix:tmpdir=/tmp"])
    }

    /// Starts one that finds what it can start in `services` and nowhere else.
    pub fn with_services(services: &Path) -> Self {
        let config = services.join("bus.conf");
        let text = format!(
            r#"<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <servicedir>{}</servicedir>
  <policy context="default">
    <allow send_destination="*"/>
    <allow own="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>"#,
            services.display()
        );
        std::fs::write(&config, text).unwrap();
        Self::start_with(&[&format!("--config-file={}", config.display())])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args(arguments)
            .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"])
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

    /// A stand-in on it, under this name and at this path, while the connection is there.
    pub async fn serve(&self, name: &str, path: &str, stand_in: impl Interface) -> Connection {
        let served = self.connect().await;
        let before = served.object_server().at(path, stand_in).await.unwrap();
        assert!(before.is_none(), "{path} is taken");
        served.request_name(name).await.unwrap();
        served
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
