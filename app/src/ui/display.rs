//! Whether there is a display to open a window on. The toolkit panics without one, so it is asked
//! for before, the way the toolkit would choose: Wayland where it is named, else X11. What it then still
//! misses, the display's libraries, is turned into words where it panics.

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

/// From now on a toolkit that cannot begin is not a crash: `refuse` says why, and the program ends as a
/// failed one.
pub fn refuse_instead_of_panicking(refuse: impl Fn(&str) + Send + Sync + 'static) {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        match panic.payload_as_str().and_then(cannot_begin) {
            Some(why) => {
                refuse(&why);
                std::process::exit(1);
            }
            None => others(panic),
        }
    }));
}

/// Why the toolkit cannot begin, if that is what it panics about.
fn cannot_begin(panic: &str) -> Option<String> {
    let detail = panic.strip_prefix("Create event loop: ")?;
    let library = detail.split_once("opening library failed (");
    let library = library.and_then(|(_, rest)| rest.split_once(':'));
    let libraries = "the libraries of X11 or Wayland, and libxkbcommon";
    Some(match library {
        Some((name, _)) => format!("{name} is not installed; a window needs {libraries}"),
        None => {
            format!("the display cannot be used, or what it needs is not installed: {libraries}")
        }
    })
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
    fn a_missing_library_is_named_and_other_panics_stay_what_they_are() {
        let panic = "Create event loop: Os(OsError { line: 788, error: XNotSupported(LibraryOpenError(\
                     OpenError { kind: Library, detail: \"opening library failed (libX11.so.6: cannot \
                     open shared object file: No such file or directory); opening library failed (x\" }))";
        let why = cannot_begin(panic).unwrap();
        assert!(why.starts_with("libX11.so.6 is not installed"), "{why}");
        assert!(cannot_begin("Create event loop: Os(NoWaylandLib)").is_some());
        assert_eq!(cannot_begin("index out of bounds"), None);
    }

    #[test]
    fn local_displays_have_a_socket() {
        let socket = |display| x11_socket(display).map(|path| path.display().to_string());
        assert_eq!(socket(":1.0"), Some("/tmp/.X11-unix/X1".to_owned()));
        assert_eq!(socket("unix:2"), Some("/tmp/.X11-unix/X2".to_owned()));
        assert_eq!(socket("localhost:10.0"), None);
    }
}
