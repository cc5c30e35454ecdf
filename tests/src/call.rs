//! One call to the helper from a program of its own, so that a test can make it as any user: prints
//! `ok`, or the error's name and sentence. For tests only; players have `evenkeel`.

use std::fmt::Write as _;

use evenkeel_dbus::{BUS_NAME, INTERFACE, MEASUREMENT_INTERFACE, OBJECT_PATH};
use zbus::Connection;
use zbus::fdo::{IntrospectableProxy, PropertiesProxy};
use zbus::names::InterfaceName;

/// Calls `method`, of a measurement or else of the helper, with numbers: `u` each, or `i` each when one of them is negative.
/// Returns the connection: what was asked for may be held as long as it is open.
///
/// # Errors
/// The error's name and sentence, as one line.
pub async fn call(
    measurement: Option<u64>,
    method: &str,
    numbers: &[i64],
) -> Result<Connection, String> {
    let bus = connect().await?;
    let to = match measurement {
        Some(number) => (
            format!("{OBJECT_PATH}/measurement/{number}"),
            MEASUREMENT_INTERFACE,
        ),
        None => (OBJECT_PATH.to_owned(), INTERFACE),
    };
    let answer = if numbers.iter().any(|number| *number < 0) {
        let n: Vec<i32> = numbers.iter().map(|number| *number as i32).collect();
        send(&bus, &to, method, &n).await
    } else {
        let n: Vec<u32> = numbers.iter().map(|number| *number as u32).collect();
        send(&bus, &to, method, &n).await
    };
    answer.map_err(|error| describe(&error))?;
    Ok(bus)
}

#[allow(
    clippy::many_single_char_names,
    reason = "arguments are told apart by their place alone"
)]
async fn send<T>(
    bus: &Connection,
    (path, interface): &(String, &str),
    method: &str,
    n: &[T],
) -> zbus::Result<zbus::Message>
where
    T: serde::Serialize + zbus::Type + Copy + Sync,
{
    let (name, path, interface) = (Some(BUS_NAME), path.as_str(), Some(*interface));
    match *n {
        [] => bus.call_method(name, path, interface, method, &()).await,
        [a] => bus.call_method(name, path, interface, method, &(a,)).await,
        [a, b] => {
            bus.call_method(name, path, interface, method, &(a, b))
                .await
        }
        [a, b, c] => {
            bus.call_method(name, path, interface, method, &(a, b, c))
                .await
        }
        [a, b, c, d, e, f, g, h, i] => {
            let body = (a, b, c, d, e, f, g, h, i);
            bus.call_method(name, path, interface, method, &body).await
        }
        _ => Err(zbus::Error::InvalidReply),
    }
}

/// The introspection XML of one of the running helper's objects.
///
/// # Errors
/// The error's name and sentence, as one line.
pub async fn introspect(path: &str) -> Result<String, String> {
    let bus = connect().await?;
    let proxy = IntrospectableProxy::builder(&bus)
        .destination(BUS_NAME)
        .path(path)
        .build()
        .await
        .map_err(|error| describe(&error))?;
    proxy.introspect().await.map_err(|error| error.to_string())
}

/// Tries to write every property named; returns a line for each, `NAME error` or `NAME ok`.
///
/// # Errors
/// When the bus is not there.
pub async fn set_each(properties: &[String]) -> Result<String, String> {
    let bus = connect().await?;
    let proxy = PropertiesProxy::builder(&bus)
        .destination(BUS_NAME)
        .path(OBJECT_PATH)
        .build()
        .await
        .map_err(|error| describe(&error))?;
    let mut lines = String::new();
    for property in properties {
        let interface = InterfaceName::from_static_str_unchecked(INTERFACE);
        let outcome = match proxy.set(interface, property, &1_u32.into()).await {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{property} {outcome}");
    }
    Ok(lines)
}

async fn connect() -> Result<Connection, String> {
    Connection::system().await.map_err(|error| describe(&error))
}

fn describe(error: &zbus::Error) -> String {
    match error {
        zbus::Error::MethodError(name, text, _) => {
            format!("{name}: {}", text.as_deref().unwrap_or(""))
        }
        other => other.to_string(),
    }
}
