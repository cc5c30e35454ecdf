//! Whether there is a display to open a window on. The toolkit panics without one, so it is asked
//! for before, the way the toolkit would choose: Wayland where it is named, else X11.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};

/// Why there is none, in words; `None` when a window can be tried.
pub fn missing(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty());
    if named("WAYLAND_SOCKET").is_some() {
        return None;
    }
    if let Some(display) = named("WAYLAND_DISPLAY") {
        let folder = named("XDG_RUNTIME_DIR").unwrap_or_default();
        let path = Path::new(&folder).join(display);
        let answers = UnixStream::connect(&path).is_ok();
        return (!answers).then(|| format!("no Wayland compositor answers at {}", path.display()));
    }
    let Some(display) = named("DISPLAY") else {
        return Some("there is no display".to_owned());
    };
    let Some(path) = x11_socket(&display) else {
        return None; // on another machine, or in a form only the X library knows
    };
    let answers = UnixStream::connect(&path).is_ok()
        || SocketAddr::from_abstract_name(path.as_os_str().as_encoded_bytes())
            .and_then(|address| UnixStream::connect_addr(&address))
            .is_ok();
    (!answers).then(|| format!("no X server answers at display {display}"))
}

/// The socket of a display on this machine, such as `:0`, `:1.0` or `unix:2`.
fn x11_socket(display: &str) -> Option<PathBuf> {
    let (host, number) = display.rsplit_once(':')?;
    if !matches!(host, "" | "unix") {
        return None;
    }
    let number: u32 = number.split('.').next()?.parse().ok()?;
    Some(PathBuf::from(format!("/tmp/.X11-unix/X{number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing_with(variables: &[(&str, &str)]) -> Option<String> {
        missing(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_any_display_the_words_say_so() {
        assert!(missing_with(&[]).is_some());
        assert!(missing_with(&[("DISPLAY", ""), ("WAYLAND_DISPLAY", "")]).is_some());
    }

    #[test]
    fn a_display_that_nobody_serves_is_missing() {
        let why = missing_with(&[("DISPLAY", ":4000000")]);
        assert!(why.is_some_and(|why| why.contains(":4000000")));
        let folder = ("XDG_RUNTIME_DIR", "/nonexistent");
        let why = missing_with(&[("WAYLAND_DISPLAY", "wayland-7"), folder]);
        assert!(why.is_some_and(|why| why.contains("/nonexistent/wayland-7")));
    }

    #[test]
    fn what_cannot_be_known_is_left_to_the_toolkit() {
        assert_eq!(missing_with(&[("DISPLAY", "elsewhere:0")]), None);
        assert_eq!(missing_with(&[("WAYLAND_SOCKET", "5")]), None);
    }

    #[test]
    fn local_displays_have_a_socket() {
        let socket = |display| x11_socket(display).map(|path| path.display().to_string());
        assert_eq!(socket(":1.0"), Some("/tmp/.X11-unix/X1".to_owned()));
        assert_eq!(socket("unix:2"), Some("/tmp/.X11-unix/X2".to_owned()));
        assert_eq!(socket("localhost:10.0"), None);
    }
}
