//! What the helper hears on the system bus from other programs, on a terminal: whether uplinks are
//! metered, who owns a netlink port, and, until interrupted, that the machine woke up or that the word
//! on an uplink changed. The lab runs it beside a real `NetworkManager`.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use clap::{Parser, Subcommand};
use evenkeeld::host::{managers, metered, sleep};
use evenkeeld::kernel::survey::Metered;
use futures_util::StreamExt;
use zbus::Connection;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Say once what `NetworkManager` says about these interfaces.
    Metered { interfaces: Vec<String> },
    /// Say who owns these netlink ports.
    Who { ports: Vec<u32> },
    /// Say that the machine woke up, and what became of these interfaces' being metered.
    Listen { interfaces: Vec<String> },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let connection = Connection::system().await?;
    match arguments.what {
        What::Metered { interfaces } => println!("{}", words(&connection, &interfaces).await),
        What::Who { ports } => {
            for port in ports {
                println!("{}", managers::name_of(&connection, port).await);
            }
        }
        What::Listen { interfaces } => listen(&connection, &interfaces).await?,
    }
    Ok(())
}

async fn listen(
    connection: &Connection,
    interfaces: &[String],
) -> Result<(), Box<dyn std::error::Error>> {
    let mut resumes = sleep::resumes(connection).await?;
    let mut changes = metered::changes(connection).await?;
    let own_name = connection.unique_name().map_or("", |name| name.as_str());
    println!("listening as {own_name}");
    loop {
        tokio::select! {
            Some(()) = resumes.next() => println!("awake"),
            Some(()) = changes.next() => println!("metered: {}", words(connection, interfaces).await),
            else => return Ok(()),
        }
    }
}

/// `name=yes`, `no` or `unknown` for each interface.
async fn words(connection: &Connection, interfaces: &[String]) -> String {
    // An index is only what the answer is found by.
    let indexed: Vec<(u32, String)> = (1..).zip(interfaces.iter().cloned()).collect();
    let known = metered::ask(connection, &indexed).await;
    let words = indexed.iter().map(|(ifindex, name)| {
        let word = match known.get(ifindex) {
            Some(Metered::Yes) => "yes",
            Some(Metered::No) => "no",
            Some(Metered::Unknown) | None => "unknown",
        };
        format!("{name}={word}")
    });
    words.collect::<Vec<_>>().join(" ")
}
