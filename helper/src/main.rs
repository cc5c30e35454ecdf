//! `evenkeeld`: reads its few options and runs the helper on one thread.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use evenkeeld::config::{self, Config};
use evenkeeld::kernel::Roots;
use evenkeeld::service::{self, End};

/// The unit starts the helper again when it ends with this (`EX_TEMPFAIL`; `RestartForceExitStatus=`).
const START_AGAIN: u8 = 75;

/// Evenkeel's privileged helper: probes the uplinks, sends new flows to the steadiest one, and
/// puts back whatever it changed.
///
/// It needs the system bus, polkit and the capability to administer the network, and the one for
/// raw sockets where ICMP sockets are forbidden. The service manager starts it; by hand only
/// `--restore` is of use.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Put back what an earlier run changed and did not put back, then exit. When the service
    /// manager says that the helper failed (`$SERVICE_RESULT`), and so will be started again, the
    /// rules that running connections need stay for that one to remove.
    #[arg(long)]
    restore: bool,
    /// The administrator's settings.
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_PATH)]
    config: PathBuf,
    /// The runtime directory, owned by the helper's user with mode 0700.
    #[arg(long, value_name = "DIR", default_value = "/run/evenkeel")]
    runtime_dir: PathBuf,
    /// Leave when nothing was held and nobody asked for so long, in milliseconds. Only where the bus
    /// can start the helper again. More often than its unit may be started would be too often.
    #[arg(long, value_name = "MS", default_value_t = 30_000, hide = true)]
    idle_exit_ms: u64,
    /// Another sysctl tree, for tests.
    #[arg(long, value_name = "DIR", default_value = "/proc/sys", hide = true)]
    proc_sys: PathBuf,
    /// Another `/proc/net`, for tests.
    #[arg(long, value_name = "DIR", default_value = "/proc/net", hide = true)]
    proc_net: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Info)
        .parse_env("EVENKEELD_LOG")
        .format(|out, record| {
            use std::io::Write;
            // Nothing that came from outside may write its own lines into the log.
            writeln!(
                out,
                "{}: {}",
                record.level(),
                record.args().to_string().escape_debug()
            )
        })
        .init();
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let roots = Roots {
        proc_sys: options.proc_sys,
        proc_net: options.proc_net,
        runtime_dir: options.runtime_dir,
        ..Roots::default()
    };
    if options.restore {
        let failed = std::env::var("SERVICE_RESULT").is_ok_and(|result| result != "success");
        return match runtime.block_on(service::restore(&roots, failed)) {
            Ok(lines) => {
                for line in lines {
                    log::info!("{line}");
                }
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        };
    }
    let (config, complaints) = Config::load(&options.config);
    for complaint in complaints {
        log::warn!("{complaint}");
    }
    let patience = Duration::from_millis(options.idle_exit_ms);
    match runtime.block_on(service::serve(roots, config, patience)) {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::StartAgain) => ExitCode::from(START_AGAIN),
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    log::error!("{error}");
    ExitCode::FAILURE
}
