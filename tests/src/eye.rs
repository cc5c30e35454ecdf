//! An X client that looks at a [`Screen`] and does what a window manager would: for the benchmark
//! of the window, where a process for each look would cost more than what is measured.

use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConfigureWindowAux,
    ConnectionExt as _, EventMask, GetImageReply, ImageFormat, InputFocus, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, MapState, PropMode, StackMode, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::{DefaultStream, RustConnection};
use x11rb::wrapper::ConnectionExt as _;

use crate::Lab;
use crate::error::{Context as _, LabError};
use crate::screen::Screen;

const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Where a window of ours draws its content.
const MIDDLE: Part = Part {
    x: 400,
    y: 200,
    width: 256,
    height: 256,
};
/// The rail of places at the left edge, which changes when another place is shown and only then.
const RAIL: Part = Part {
    x: 0,
    y: 0,
    width: 76,
    height: 800,
};

/// A part of the screen.
#[derive(Debug, Clone, Copy)]
struct Part {
    x: i16,
    y: i16,
    width: u16,
    height: u16,
}

/// See the module.
pub struct Eye {
    connection: RustConnection,
    root: Window,
}

impl Eye {
    /// Connects to the screen.
    ///
    /// # Errors
    /// When the screen has ended.
    pub fn open(lab: &Lab, screen: &Screen) -> Result<Self, LabError> {
        let number = screen.display().trim_start_matches(':');
        let path = lab.host_path(&format!("/tmp/.X11-unix/X{number}"));
        let socket = UnixStream::connect(&path).context(|| "connecting to the screen".into())?;
        let (stream, _) =
            DefaultStream::from_unix_stream(socket).context(|| "using the screen".into())?;
        let connection = RustConnection::connect_to_stream(stream, 0).map_err(|e| said(&e))?;
        let root = connection.setup().roots[0].root;
        Ok(Self { connection, root })
    }

    /// Waits until something is drawn in the middle of the screen; returns when it was seen.
    ///
    /// # Errors
    /// [`LabError::Timeout`] after `patience`.
    pub fn wait_for_pixels(&self, patience: Duration) -> Result<Instant, LabError> {
        self.wait(MIDDLE, "anything on the screen", patience, |image| {
            image.data.iter().any(|byte| *byte != 0)
        })
    }

    /// Waits until the middle of the screen is black again.
    ///
    /// # Errors
    /// [`LabError::Timeout`] after `patience`.
    pub fn wait_for_darkness(&self, patience: Duration) -> Result<Instant, LabError> {
        self.wait(MIDDLE, "an empty screen", patience, |image| {
            image.data.iter().all(|byte| *byte == 0)
        })
    }

    /// Presses and releases a digit's key, and waits until the rail of places looks different;
    /// returns how long that took.
    ///
    /// # Errors
    /// [`LabError::Timeout`] after `patience`; when the keyboard has no such key.
    pub fn react(&self, digit: char, patience: Duration) -> Result<Duration, LabError> {
        let key = self.key_of(digit)?;
        let before = self.look(RAIL)?.data;
        let pressed = Instant::now();
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            let sent = self
                .connection
                .xtest_fake_input(kind, key, 0, self.root, 0, 0, 0);
            sent.map_err(|e| said(&e))?.ignore_error();
        }
        self.connection.flush().map_err(|e| said(&e))?;
        let different = |image: &GetImageReply| image.data != before;
        let seen = self.wait(RAIL, "another place on the rail", patience, different)?;
        Ok(seen - pressed)
    }

    /// The key that writes this character without a modifier.
    fn key_of(&self, wanted: char) -> Result<u8, LabError> {
        let setup = self.connection.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let mapping = self.connection.get_keyboard_mapping(first, count);
        let mapping = mapping.map_err(|e| said(&e))?;
        let mapping = mapping.reply().map_err(|e| said(&e))?;
        let each = usize::from(mapping.keysyms_per_keycode.max(1));
        // The keysym of a Latin-1 character is its code.
        let mut plain = mapping.keysyms.chunks(each).map(|keysyms| keysyms.first());
        let found = plain.position(|keysym| keysym == Some(&u32::from(wanted)));
        found
            .and_then(|index| first.checked_add(u8::try_from(index).ok()?))
            .ok_or_else(|| LabError::Invalid(format!("the keyboard has no key `{wanted}`")))
    }

    /// Hides the window as a window manager does when it is minimized: unmapped, and told so.
    ///
    /// # Errors
    /// When the screen has ended, or shows no window.
    pub fn minimize(&self) -> Result<(), LabError> {
        let x = &self.connection;
        let state = self.atom("_NET_WM_STATE")?;
        let hidden = self.atom("_NET_WM_STATE_HIDDEN")?;
        let window = self.window()?;
        x.change_property32(PropMode::REPLACE, window, state, AtomEnum::ATOM, &[hidden])
            .map_err(|e| said(&e))?;
        x.unmap_window(window).map_err(|e| said(&e))?;
        x.sync().map_err(|e| said(&e))
    }

    /// Shows the window again, and says so.
    ///
    /// # Errors
    /// When the screen has ended, or had no window that was minimized.
    pub fn restore(&self) -> Result<(), LabError> {
        let x = &self.connection;
        let tree = x.query_tree(self.root).map_err(|e| said(&e))?;
        let tree = tree.reply().map_err(|e| said(&e))?;
        let state = self.atom("_NET_WM_STATE")?;
        for window in tree.children {
            let known = x
                .get_property(false, window, state, AtomEnum::ATOM, 0, 8)
                .map_err(|e| said(&e))?;
            if known.reply().map_err(|e| said(&e))?.value_len > 0 {
                x.change_property32(PropMode::REPLACE, window, state, AtomEnum::ATOM, &[])
                    .map_err(|e| said(&e))?;
                x.map_window(window).map_err(|e| said(&e))?;
                return x.sync().map_err(|e| said(&e));
            }
        }
        Err(LabError::Invalid("no window was minimized".into()))
    }

    /// Presses the window's close button.
    ///
    /// # Errors
    /// When the screen has ended, or shows no window.
    pub fn close(&self) -> Result<(), LabError> {
        let (protocols, delete) = (self.atom("WM_PROTOCOLS")?, self.atom("WM_DELETE_WINDOW")?);
        let window = self.window()?;
        let message = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
        let x = &self.connection;
        x.send_event(false, window, EventMask::NO_EVENT, message)
            .map_err(|e| said(&e))?;
        x.sync().map_err(|e| said(&e))
    }

    /// Runs `act` and waits until the window asks to be brought to the front; then does so, as a
    /// window manager would.
    ///
    /// # Errors
    /// [`LabError::Timeout`] after `patience`, or the error of `act`.
    pub fn wait_for_activation(
        &self,
        patience: Duration,
        act: impl FnOnce() -> Result<(), LabError>,
    ) -> Result<(), LabError> {
        let x = &self.connection;
        let (active, window) = (self.atom("_NET_ACTIVE_WINDOW")?, self.window()?);
        let listen = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        x.change_window_attributes(self.root, &listen)
            .map_err(|e| said(&e))?;
        x.sync().map_err(|e| said(&e))?;
        act()?;
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match x.poll_for_event().map_err(|e| said(&e))? {
                Some(Event::ClientMessage(message))
                    if message.type_ == active && message.window == window =>
                {
                    let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
                    x.configure_window(window, &above).map_err(|e| said(&e))?;
                    x.set_input_focus(InputFocus::PARENT, window, 0_u32)
                        .map_err(|e| said(&e))?;
                    return x.sync().map_err(|e| said(&e));
                }
                Some(_) => {}
                None => std::thread::sleep(LOOK_EVERY),
            }
        }
        Err(LabError::Timeout {
            what: "the window's wish to be shown".to_owned(),
            seconds: patience.as_secs(),
        })
    }

    /// Takes the focus away from the window, as another window in front of it does.
    ///
    /// # Errors
    /// When the screen has ended.
    pub fn unfocus(&self) -> Result<(), LabError> {
        let x = &self.connection;
        x.set_input_focus(InputFocus::NONE, self.root, 0_u32)
            .map_err(|e| said(&e))?;
        x.sync().map_err(|e| said(&e))
    }

    /// The width and height of the window's content.
    ///
    /// # Errors
    /// When the screen has ended, or shows no window.
    pub fn size(&self) -> Result<(u16, u16), LabError> {
        let asked = self.connection.get_geometry(self.window()?);
        let found = asked.map_err(|e| said(&e))?.reply().map_err(|e| said(&e))?;
        Ok((found.width, found.height))
    }

    fn atom(&self, name: &str) -> Result<u32, LabError> {
        let cookie = self
            .connection
            .intern_atom(false, name.as_bytes())
            .map_err(|e| said(&e))?;
        Ok(cookie.reply().map_err(|e| said(&e))?.atom)
    }

    /// The one visible window.
    fn window(&self) -> Result<Window, LabError> {
        let x = &self.connection;
        let tree = x.query_tree(self.root).map_err(|e| said(&e))?;
        let tree = tree.reply().map_err(|e| said(&e))?;
        for window in tree.children {
            let shown = x.get_window_attributes(window).map_err(|e| said(&e))?;
            if shown.reply().map_err(|e| said(&e))?.map_state == MapState::VIEWABLE {
                return Ok(window);
            }
        }
        Err(LabError::Invalid("the screen shows no window".into()))
    }

    fn look(&self, part: Part) -> Result<GetImageReply, LabError> {
        let Part {
            x,
            y,
            width,
            height,
        } = part;
        let format = ImageFormat::Z_PIXMAP;
        let image = self
            .connection
            .get_image(format, self.root, x, y, width, height, !0)
            .map_err(|e| said(&e))?;
        image.reply().map_err(|e| said(&e))
    }

    fn wait(
        &self,
        part: Part,
        what: &str,
        patience: Duration,
        is_it: impl Fn(&GetImageReply) -> bool,
    ) -> Result<Instant, LabError> {
        let deadline = Instant::now() + patience;
        loop {
            let image = self.look(part)?;
            let now = Instant::now();
            if is_it(&image) {
                return Ok(now);
            }
            if now > deadline {
                return Err(LabError::Timeout {
                    what: what.to_owned(),
                    seconds: patience.as_secs(),
                });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn said(error: &impl std::fmt::Display) -> LabError {
    LabError::Invalid(format!("the screen said: {error}"))
}
