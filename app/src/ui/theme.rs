//! The one palette and the styles of every kind of surface. Nothing else names a colour.

use iced::widget::{button, container, scrollable, slider};
use iced::{Background, Border, Color, Font, Shadow, Theme, border, font};

const fn rgb(hex: u32) -> Color {
    Color::from_rgb8((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Behind everything.
pub const GROUND: Color = rgb(0x0f_13_18);
/// The rail at the left.
pub const RAIL: Color = rgb(0x0b_0e_12);
/// Cards.
pub const CARD: Color = rgb(0x17_1d_24);
/// What lies on a card.
pub const RAISED: Color = rgb(0x20_28_31);
/// Lines and borders.
pub const LINE: Color = rgb(0x26_30_3a);
/// Text.
pub const TEXT: Color = rgb(0xe8_ed_f2);
/// Quieter text.
pub const QUIET: Color = rgb(0x93_a1_ae);
/// What is on, good, or ours.
pub const TEAL: Color = rgb(0x3f_d0_b6);
/// What needs a look.
pub const AMBER: Color = rgb(0xf2_b6_5a);
/// Loss and failure.
pub const RED: Color = rgb(0xf0_71_6b);
/// The ring around what has the keyboard's focus.
pub const FOCUS: Color = rgb(0xff_ff_ff);
/// On a filled teal surface.
pub const ON_TEAL: Color = rgb(0x07_1a_17);

/// The colours of the uplinks; red is kept for loss.
pub const UPLINKS: [Color; 6] = [
    TEAL,
    AMBER,
    rgb(0x6f_b1_ff),
    rgb(0xb7_9b_ff),
    rgb(0xe8_8f_c4),
    rgb(0xa9_d1_5e),
];

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
/// Corners of cards.
pub const RADIUS: f32 = 14.0;

/// The bundled font.
pub const FONT: Font = Font::with_name("Evenkeel Sans");
/// Its bold weight.
pub const BOLD: Font = Font {
    weight: font::Weight::Bold,
    ..FONT
};

/// The colour of an uplink's slot.
pub fn uplink_color(slot: usize) -> Color {
    UPLINKS[slot % UPLINKS.len()]
}

/// The shape of an uplink's slot.
pub fn uplink_shape(slot: usize) -> &'static str {
    SHAPES[slot % SHAPES.len()]
}

/// The theme of the window.
pub fn theme() -> Theme {
    let palette = iced::theme::Palette {
        background: GROUND,
        text: TEXT,
        primary: TEAL,
        success: TEAL,
        warning: AMBER,
        danger: RED,
    };
    Theme::custom("Evenkeel".to_owned(), palette)
}

fn surface(fill: Color, line: Color) -> container::Style {
    container::Style {
        text_color: Some(TEXT),
        background: Some(fill.into()),
        border: border::rounded(RADIUS).width(1.0).color(line),
        ..container::Style::default()
    }
}

/// An ordinary card.
pub fn card(_theme: &Theme) -> container::Style {
    surface(CARD, LINE)
}

/// A card with a coloured edge: the leader, or game mode that is on.
pub fn card_marked(color: Color) -> impl Fn(&Theme) -> container::Style {
    move |_theme| surface(CARD, color)
}

/// The rail.
pub fn rail(_theme: &Theme) -> container::Style {
    container::Style::default().background(RAIL)
}

/// A notice above the page.
pub fn notice(_theme: &Theme) -> container::Style {
    surface(CARD, AMBER)
}

/// A command to copy.
pub fn command(_theme: &Theme) -> container::Style {
    surface(RAIL, LINE)
}

/// Lies over a window that waits for an answer.
pub fn veil(_theme: &Theme) -> container::Style {
    container::Style::default().background(GROUND.scale_alpha(0.8))
}

/// The cap of a gamepad's button.
pub fn cap(_theme: &Theme) -> container::Style {
    container::Style {
        text_color: Some(TEXT),
        background: Some(RAISED.into()),
        border: border::rounded(10.0).width(1.0).color(QUIET),
        ..container::Style::default()
    }
}

/// A small filled mark with a word in it.
pub fn badge(color: Color) -> impl Fn(&Theme) -> container::Style {
    move |_theme| container::Style {
        text_color: Some(color),
        background: Some(color.scale_alpha(0.16).into()),
        border: border::rounded(12.0),
        ..container::Style::default()
    }
}

/// A solid bar, as in the share of an uplink.
pub fn fill(color: Color) -> impl Fn(&Theme) -> container::Style {
    move |_theme| container::Style {
        background: Some(color.into()),
        border: border::rounded(4.0),
        ..container::Style::default()
    }
}

fn pressable(fill: Color, text: Color, line: Color) -> button::Style {
    button::Style {
        background: Some(Background::Color(fill)),
        text_color: text,
        border: Border {
            color: line,
            width: 1.0,
            radius: RADIUS.into(),
        },
        shadow: Shadow::default(),
        snap: true,
    }
}

/// A button; `chosen` when it stands for what is in force.
pub fn plain_button(chosen: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |_theme, status| match (status, chosen) {
        (button::Status::Disabled, _) => pressable(CARD, QUIET, CARD),
        (_, true) => pressable(TEAL.scale_alpha(0.22), TEXT, TEAL),
        (button::Status::Hovered | button::Status::Pressed, false) => pressable(LINE, TEXT, QUIET),
        (button::Status::Active, false) => pressable(RAISED, TEXT, LINE),
    }
}

/// A place on the rail.
pub fn place(chosen: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |_theme, status| match (status, chosen) {
        (_, true) => pressable(RAISED, TEXT, LINE),
        (button::Status::Hovered | button::Status::Pressed, false) => pressable(CARD, TEXT, CARD),
        _ => pressable(RAIL, QUIET, RAIL),
    }
}

/// The game mode card, which is one big button.
pub fn game_mode(on: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |_theme, status| match (status, on) {
        (button::Status::Disabled, false) => pressable(CARD, QUIET, LINE),
        (button::Status::Hovered | button::Status::Pressed, false) => {
            pressable(RAISED, TEXT, QUIET)
        }
        (_, true) => pressable(TEAL.scale_alpha(0.14), TEXT, TEAL),
        _ => pressable(CARD, TEXT, QUIET),
    }
}

/// The slider, with a handle for thumbs.
pub fn rail_slider(_theme: &Theme, status: slider::Status) -> slider::Style {
    let handle = match status {
        slider::Status::Active => TEAL,
        slider::Status::Hovered | slider::Status::Dragged => FOCUS,
    };
    slider::Style {
        rail: slider::Rail {
            backgrounds: (TEAL.into(), LINE.into()),
            width: 8.0,
            border: border::rounded(4.0),
        },
        handle: slider::Handle {
            shape: slider::HandleShape::Circle { radius: 14.0 },
            background: handle.into(),
            border_width: 3.0,
            border_color: CARD,
        },
    }
}

/// A calm scroll bar.
pub fn scroll(theme: &Theme, status: scrollable::Status) -> scrollable::Style {
    let mut style = scrollable::default(theme, status);
    for rail in [&mut style.vertical_rail, &mut style.horizontal_rail] {
        rail.background = None;
        rail.scroller.background = LINE.into();
    }
    style
}
