//! `NetworkManager`'s word on whether data over an uplink costs money. What that means for the
//! steering is not decided here.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::{BusName, InterfaceName};
use zbus::proxy::{Builder, CacheProperties, MethodFlags};
use zbus::wire::{DynamicDeserialize, DynamicType};
use zbus::{
    Connection, MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant, Proxy, Variant,
};

use super::{NETWORK_MANAGER, News};
use crate::kernel::survey::Metered;

/// How long all the answers together may take.
const PATIENCE: Duration = Duration::from_secs(1);
const MANAGER_PATH: &str = "/org/freedesktop/NetworkManager";
const DEVICES: &str = "/org/freedesktop/NetworkManager/Devices";
const DEVICE: &str = "org.freedesktop.NetworkManager.Device";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What `NetworkManager` says about these uplinks, by ifindex; it knows them by name. All that it
/// does not say within a second is [`Metered::Unknown`]. It is not started by this.
pub async fn ask(connection: &Connection, uplinks: &[(u32, String)]) -> BTreeMap<u32, Metered> {
    let mut known: BTreeMap<u32, Metered> = uplinks
        .iter()
        .map(|(ifindex, _)| (*ifindex, Metered::Unknown))
        .collect();
    let asking = async {
        if !is_there(connection).await? {
            return Ok(());
        }
        for (ifindex, name) in uplinks {
            match metered_of(connection, name).await {
                Ok(metered) => drop(known.insert(*ifindex, metered)),
                Err(error) => log::debug!("NetworkManager does not know {name}: {error}"),
            }
        }
        zbus::Result::Ok(())
    };
    match timeout(PATIENCE, asking).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::debug!("the bus does not say if NetworkManager is there: {error}"),
        Err(_) => log::info!("NetworkManager is too slow to say which uplinks are metered"),
    }
    known
}

/// One item when an answer of [`ask`] may have become another: a device's word changed, or
/// `NetworkManager` came or went. Uplinks that are new to the kernel are not heard of here.
///
/// # Errors
///
/// When the bus does not take the subscription.
pub async fn changes(connection: &Connection) -> zbus::Result<News> {
    let bus = DBusProxy::new(connection).await?;
    let comings = bus
        .receive_name_owner_changed_with_args(&[(0, NETWORK_MANAGER)])
        .await?;
    // Without the sender: a stream with one hears nothing of an owner that comes later.
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .interface(PROPERTIES)
        .member("PropertiesChanged")
        .path_namespace(DEVICES)
        .arg(0, DEVICE)
        .build()?;
    let devices = MessageStream::for_match_rule(rule, connection, None).await?;
    let devices = devices.filter_map(move |message| {
        let bus = bus.clone();
        async move {
            let message = message.ok().filter(is_about_metered)?;
            // Anybody can send such a message to us alone, past all match rules.
            is_from_network_manager(&bus, &message).await.then_some(())
        }
    });
    Ok(News::of(stream::select(comings.map(drop), devices)))
}

async fn is_there(connection: &Connection) -> zbus::Result<bool> {
    let bus = DBusProxy::new(connection).await?;
    Ok(bus
        .name_has_owner(BusName::try_from(NETWORK_MANAGER)?)
        .await?)
}

async fn metered_of(connection: &Connection, name: &str) -> zbus::Result<Metered> {
    let manager = proxy(connection, MANAGER_PATH.try_into()?, NETWORK_MANAGER).await?;
    let device: OwnedObjectPath = call(&manager, "GetDeviceByIpIface", &name).await?;
    let device = proxy(connection, device, PROPERTIES).await?;
    let value: OwnedVariant = call(&device, "Get", &(DEVICE, "Metered")).await?;
    Ok(meaning(u32::try_from(value)?))
}

async fn proxy(
    connection: &Connection,
    path: OwnedObjectPath,
    interface: &'static str,
) -> zbus::Result<Proxy<'static>> {
    Builder::new(connection)
        .destination(NETWORK_MANAGER)
        .path(path)
        .interface(interface)
        .cache_properties(CacheProperties::No)
        .build()
        .await
}

/// Calls a method of a `NetworkManager` that runs.
async fn call<B, R>(proxy: &Proxy<'_>, method: &str, body: &B) -> zbus::Result<R>
where
    B: serde::Serialize + DynamicType,
    R: for<'d> DynamicDeserialize<'d>,
{
    proxy
        .call_with_flags(method, MethodFlags::NO_AUTO_START, body)
        .await?
        .ok_or(zbus::Error::InvalidReply)
}

/// `NMMetered`: 1 yes, 2 no, 3 guessed yes, 4 guessed no.
fn meaning(value: u32) -> Metered {
    match value {
        1 | 3 => Metered::Yes,
        2 | 4 => Metered::No,
        _ => Metered::Unknown,
    }
}

/// True if a device's `PropertiesChanged` has a new value of `Metered`, or takes the old one back.
fn is_about_metered(message: &Message) -> bool {
    let body = message.body();
    let Ok((_, changed, invalidated)) =
        body.deserialize::<(InterfaceName<'_>, HashMap<&str, Variant<'_>>, Vec<&str>)>()
    else {
        return false;
    };
    changed.contains_key("Metered") || invalidated.contains(&"Metered")
}

async fn is_from_network_manager(bus: &DBusProxy<'_>, message: &Message) -> bool {
    let Ok(name) = BusName::try_from(NETWORK_MANAGER) else {
        return false;
    };
    let owner = bus.get_name_owner(name).await.ok();
    owner.is_some_and(|owner| message.header().sender() == Some(&*owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_counts_as_an_answer_and_an_unknown_value_as_none() {
        use Metered::{No, Unknown, Yes};
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(meaning),
            [Unknown, Yes, No, Yes, No, Unknown]
        );
    }

    #[test]
    fn only_news_of_metered_count() {
        let message = |changed: &[&'static str], gone: &[&str]| {
            let changed: HashMap<&str, Variant<'_>> = changed
                .iter()
                .map(|name| (*name, Variant::U32(1)))
                .collect();
            Message::signal("/x", PROPERTIES, "PropertiesChanged")
                .build(&(DEVICE, changed, gone))
                .unwrap()
        };
        assert!(is_about_metered(&message(&["State", "Metered"], &[])));
        assert!(is_about_metered(&message(&[], &["Metered"])));
        assert!(!is_about_metered(&message(&["State"], &["Ip4Config"])));
    }
}
