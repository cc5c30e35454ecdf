//! The window's frame: its sizes as a window and as a strip, and how large everything in it is
//! drawn. Pure: sizes in, sizes out.

use iced::Size;

use crate::config::{Settings, WindowSize};

/// The size the window should have, in the desktop's logical pixels.
pub fn size(settings: &Settings) -> Size {
    let size = if settings.strip {
        settings.strip_window
    } else {
        settings.window
    };
    to_size(size.at_least(least(settings)))
}

/// The smallest size that holds what is shown, in the desktop's logical pixels.
pub fn least_size(settings: &Settings) -> Size {
    to_size(least(settings))
}

/// Remembers the size the window has now.
pub fn remember(settings: &mut Settings, now: Size) {
    let now = WindowSize::new(now.width.round() as u32, now.height.round() as u32);
    let now = now.at_least(least(settings));
    if settings.strip {
        settings.strip_window = now;
    } else {
        settings.window = now;
    }
}

/// By how much everything is drawn larger in a window of this size: as the user wants it, as far as
/// the smallest layout still has room.
pub fn scale(settings: &Settings, window: Size) -> f32 {
    let least = least_size(settings);
    let room = (window.width / least.width).min(window.height / least.height);
    let wanted = settings.text_percent as f32 / 100.0;
    // Not a number is no room.
    wanted.min(room.max(1.0)).max(1.0)
}

fn least(settings: &Settings) -> WindowSize {
    if settings.strip {
        WindowSize::STRIP_LEAST
    } else {
        WindowSize::WINDOW_LEAST
    }
}

fn to_size(size: WindowSize) -> Size {
    Size::new(size.width as f32, size.height as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text_percent: u32, strip: bool) -> Settings {
        Settings {
            text_percent,
            strip,
            ..Settings::default()
        }
    }

    #[test]
    fn texts_grow_only_as_far_as_the_smallest_layout_has_room() {
        let at =
            |percent, width, height| scale(&settings(percent, false), Size::new(width, height));
        let near = |one: f32, other: f32| (one - other).abs() < 0.001;
        assert!(near(at(150, 1280.0, 800.0), 1.5));
        assert!(near(at(150, 1000.0, 800.0), 1.25));
        assert!(near(at(150, 800.0, 500.0), 1.0));
        assert!(near(at(100, 2560.0, 1440.0), 1.0));
        assert!(near(at(150, 0.0, 0.0), 1.0));
        assert!(near(at(150, f32::NAN, f32::NAN), 1.0));
        assert!(near(
            scale(&settings(150, true), Size::new(480.0, 96.0)),
            1.333
        ));
    }

    #[test]
    fn window_and_strip_keep_their_own_size() {
        let mut settings = settings(100, false);
        remember(&mut settings, Size::new(1600.4, 900.0));
        settings.strip = true;
        assert_eq!(size(&settings), Size::new(480.0, 96.0));
        remember(&mut settings, Size::new(5.0, f32::INFINITY));
        assert_eq!(settings.strip_window, WindowSize::new(360, 8192));
        settings.strip = false;
        assert_eq!(size(&settings), Size::new(1600.0, 900.0));
    }
}
