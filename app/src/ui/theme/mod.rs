//! Sizes, fonts, and the styles of every kind of surface and text. Every style looks its colours up
//! in the palette of the theme it is given.

#[cfg(test)]
mod contrast;
mod palette;

pub use palette::{Ink, Look, Palette, palette, wash};

use iced::widget::{button, container, scrollable, slider, text, text_input};
use iced::{Background, Border, Color, Font, Shadow, Theme, border, font};

/// The shapes of the uplinks, so that colour is never the only sign.
pub const SHAPES: [&str; 6] = ["●", "■", "◆", "▲", "○", "□"];

/// Small text, never smaller.
pub const SMALL: f32 = 14.0;
/// Ordinary text.
pub const BODY: f32 = 16.0;
/// The heading of a card.
pub const HEADING: f32 = 18.0;
/// The heading of a page.
pub const TITLE: f32 = 24.0;
/// The smallest thing to press.
pub const TARGET: f32 = 48.0;
/// Above and below the text of a field.
pub const FIELD_PADDING: f32 = 13.0;
/// Corners of cards.
pub const RADIUS: f32 = 14.0;

/// The bundled font.
pub const FONT: Font = Font::with_name("Evenkeel Sans");
/// Its bold weight.
pub const BOLD: Font = Font {
    weight: font::Weight::Bold,
    ..FONT
};

/// The shape of an uplink's slot.
pub fn uplink_shape(slot: usize) -> &'static str {
    SHAPES[slot % SHAPES.len()]
}

/// The part of a colour that tints a surface behind a badge.
const BADGE: f32 = 0.16;
/// The same behind a chosen button.
const CHOSEN: f32 = 0.22;
/// The same behind game mode that is on.
const ON: f32 = 0.14;
/// How much a question hides of what is behind it.
const VEIL: f32 = 0.8;

/// A text in this ink.
pub fn ink(ink: Ink) -> impl Fn(&Theme) -> text::Style + Copy {
    move |theme| text::Style {
        color: Some(palette(theme).ink(ink)),
    }
}

/// Quieter text.
pub fn quiet(theme: &Theme) -> text::Style {
    ink(Ink::Quiet)(theme)
}

fn surface(palette: &Palette, fill: Color, line: Color) -> container::Style {
    container::Style {
        text_color: Some(palette.text),
        background: Some(fill.into()),
        border: border::rounded(RADIUS).width(palette.border).color(line),
        ..container::Style::default()
    }
}

/// An ordinary card.
pub fn card(theme: &Theme) -> container::Style {
    let palette = palette(theme);
    surface(palette, palette.card, palette.line)
}

/// A card with a coloured edge: the leader, or game mode that is on.
pub fn card_marked(ink: Ink) -> impl Fn(&Theme) -> container::Style {
    move |theme| {
        let palette = palette(theme);
        surface(palette, palette.card, palette.ink(ink))
    }
}

/// The rail.
pub fn rail(theme: &Theme) -> container::Style {
    container::Style::default().background(palette(theme).rail)
}

/// The whole window while it is a strip.
pub fn strip(theme: &Theme) -> container::Style {
    container::Style::default().background(palette(theme).ground)
}

/// A notice above the page.
pub fn notice(theme: &Theme) -> container::Style {
    card_marked(Ink::Warn)(theme)
}

/// A command to copy.
pub fn command(theme: &Theme) -> container::Style {
    let palette = palette(theme);
    surface(palette, palette.raised, palette.line)
}

/// A field to type into.
pub fn field(theme: &Theme, status: text_input::Status) -> text_input::Style {
    let p = palette(theme);
    let edge = match status {
        text_input::Status::Focused { .. } | text_input::Status::Hovered => p.quiet,
        text_input::Status::Active | text_input::Status::Disabled => p.line,
    };
    let style = surface(p, p.raised, edge);
    text_input::Style {
        background: p.raised.into(),
        border: style.border,
        icon: p.quiet,
        placeholder: p.quiet,
        value: p.text,
        selection: p.good.scale_alpha(CHOSEN),
    }
}

/// Lies over a window that waits for an answer.
pub fn veil(theme: &Theme) -> container::Style {
    container::Style::default().background(palette(theme).ground.scale_alpha(VEIL))
}

/// The cap of a gamepad's button.
pub fn cap(theme: &Theme) -> container::Style {
    let palette = palette(theme);
    container::Style {
        border: border::rounded(10.0).width(1.0).color(palette.quiet),
        ..surface(palette, palette.raised, palette.quiet)
    }
}

/// A small filled mark with a word in it.
pub fn badge(ink: Ink) -> impl Fn(&Theme) -> container::Style {
    move |theme| {
        let color = palette(theme).ink(ink);
        container::Style {
            text_color: Some(color),
            background: Some(color.scale_alpha(BADGE).into()),
            border: border::rounded(12.0),
            ..container::Style::default()
        }
    }
}

/// A solid bar, as in the share of an uplink.
pub fn fill(ink: Ink) -> impl Fn(&Theme) -> container::Style {
    move |theme| bar(palette(theme).ink(ink))
}

/// What a bar lies in.
pub fn groove(theme: &Theme) -> container::Style {
    bar(palette(theme).grid)
}

fn bar(color: Color) -> container::Style {
    container::Style {
        background: Some(color.into()),
        border: border::rounded(4.0),
        ..container::Style::default()
    }
}

/// The rail of the big switch.
pub fn switch(on: bool, enabled: bool) -> impl Fn(&Theme) -> container::Style {
    move |theme| {
        let palette = palette(theme);
        let rail = match (on, enabled) {
            (true, _) => palette.good,
            (false, true) => palette.quiet.scale_alpha(0.5),
            (false, false) => palette.line,
        };
        container::Style {
            background: Some(rail.into()),
            border: border::rounded(19),
            ..container::Style::default()
        }
    }
}

/// The knob on it.
pub fn knob(on: bool, enabled: bool) -> impl Fn(&Theme) -> container::Style {
    move |theme| {
        let palette = palette(theme);
        let knob = match (on, enabled) {
            (true, _) => palette.on_good,
            (false, true) => palette.knob,
            (false, false) => palette.quiet.scale_alpha(0.5),
        };
        container::Style {
            background: Some(knob.into()),
            border: border::rounded(15),
            ..container::Style::default()
        }
    }
}

fn pressable(palette: &Palette, fill: Color, text: Color, line: Color) -> button::Style {
    button::Style {
        background: Some(Background::Color(fill)),
        text_color: text,
        border: Border {
            color: line,
            width: palette.border,
            radius: RADIUS.into(),
        },
        shadow: Shadow::default(),
        snap: true,
    }
}

/// A button; `chosen` when it stands for what is in force.
pub fn plain_button(chosen: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |theme, status| {
        let p = palette(theme);
        match (status, chosen) {
            (button::Status::Disabled, _) => pressable(p, p.card, p.quiet, p.card),
            (_, true) => pressable(p, p.good.scale_alpha(CHOSEN), p.text, p.good),
            (button::Status::Hovered | button::Status::Pressed, false) => {
                pressable(p, p.raised, p.text, p.quiet)
            }
            (button::Status::Active, false) => pressable(p, p.raised, p.text, p.line),
        }
    }
}

/// The one button of a page.
pub fn main_button(theme: &Theme, status: button::Status) -> button::Style {
    let p = palette(theme);
    match status {
        button::Status::Hovered | button::Status::Pressed => {
            pressable(p, p.good, p.on_good, p.text)
        }
        button::Status::Active => pressable(p, p.good, p.on_good, p.good),
        button::Status::Disabled => pressable(p, p.card, p.quiet, p.line),
    }
}

/// A place on the rail.
pub fn place(chosen: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |theme, status| {
        let p = palette(theme);
        match (status, chosen) {
            (_, true) => pressable(p, p.raised, p.text, p.line),
            (button::Status::Hovered | button::Status::Pressed, false) => {
                pressable(p, p.card, p.text, p.card)
            }
            _ => pressable(p, p.rail, p.quiet, p.rail),
        }
    }
}

/// The game mode card, which is one big button.
pub fn game_mode(on: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |theme, status| {
        let p = palette(theme);
        match (status, on) {
            (button::Status::Disabled, false) => pressable(p, p.card, p.quiet, p.line),
            (button::Status::Hovered | button::Status::Pressed, false) => {
                pressable(p, p.raised, p.text, p.quiet)
            }
            (_, true) => pressable(p, p.good.scale_alpha(ON), p.text, p.good),
            _ => pressable(p, p.card, p.text, p.quiet),
        }
    }
}

/// The slider, with a handle for thumbs.
pub fn rail_slider(theme: &Theme, status: slider::Status) -> slider::Style {
    let palette = palette(theme);
    let handle = match status {
        slider::Status::Active => palette.good,
        slider::Status::Hovered | slider::Status::Dragged => palette.focus,
    };
    slider::Style {
        rail: slider::Rail {
            backgrounds: (palette.good.into(), palette.line.into()),
            width: 8.0,
            border: border::rounded(4.0),
        },
        handle: slider::Handle {
            shape: slider::HandleShape::Circle { radius: 14.0 },
            background: handle.into(),
            border_width: 3.0,
            border_color: palette.card,
        },
    }
}

/// A calm scroll bar.
pub fn scroll(theme: &Theme, status: scrollable::Status) -> scrollable::Style {
    let mut style = scrollable::default(theme, status);
    for rail in [&mut style.vertical_rail, &mut style.horizontal_rail] {
        rail.background = None;
        rail.scroller.background = palette(theme).line.into();
    }
    style
}
