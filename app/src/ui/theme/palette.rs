//! The colours of every look. Nothing else names a colour; the styles in [`super`] say where each
//! is used, and `contrast.rs` measures that all of them can be read and told apart.

use std::sync::LazyLock;

use iced::{Color, Theme};

const fn rgb(hex: u32) -> Color {
    Color::from_rgb8((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// What is seen of a translucent colour on an opaque ground, blended as the renderer does.
pub fn wash(color: Color, alpha: f32, ground: Color) -> Color {
    let mix = |above: f32, below: f32| above * alpha + below * (1.0 - alpha);
    Color::from_rgb(
        mix(color.r, ground.r),
        mix(color.g, ground.g),
        mix(color.b, ground.b),
    )
}

/// How the window looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// Light on dark; what most games look like.
    #[default]
    Dark,
    /// Dark on light.
    Light,
    /// Pure colours on black, with thicker lines.
    HighContrast,
}

impl Look {
    /// Every look.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::HighContrast];

    /// Its colours.
    pub const fn palette(self) -> &'static Palette {
        match self {
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
            Self::HighContrast => &HIGH_CONTRAST,
        }
    }

    /// The toolkit's theme that stands for it.
    pub fn theme(self) -> Theme {
        static THEMES: LazyLock<[Theme; 3]> = LazyLock::new(|| Look::ALL.map(make_theme));
        THEMES[self as usize].clone()
    }

    /// The look a theme stands for.
    pub fn of(theme: &Theme) -> Self {
        let ground = theme.palette().background;
        let has = |look: &Self| look.palette().ground == ground;
        Self::ALL.into_iter().find(has).unwrap_or_default()
    }
}

fn make_theme(look: Look) -> Theme {
    let palette = look.palette();
    let toolkit = iced::theme::Palette {
        background: palette.ground,
        text: palette.text,
        primary: palette.good,
        success: palette.good,
        warning: palette.warn,
        danger: palette.bad,
    };
    Theme::custom(format!("Evenkeel {look:?}"), toolkit)
}

/// What a text or a mark says by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Quieter text.
    Quiet,
    /// What is on, good, or ours.
    Good,
    /// What needs a look.
    Warn,
    /// Loss and failure.
    Bad,
    /// An uplink, by its slot.
    Uplink(usize),
}

/// The colours of one look.
#[derive(Debug, PartialEq)]
pub struct Palette {
    /// Behind everything.
    pub ground: Color,
    /// The rail at the left, and the box of the read-out.
    pub rail: Color,
    /// Cards.
    pub card: Color,
    /// What lies on a card.
    pub raised: Color,
    /// Borders.
    pub line: Color,
    /// Lines behind a graph, and the groove of a bar.
    pub grid: Color,
    /// Text.
    pub text: Color,
    /// Quieter text.
    pub quiet: Color,
    /// What is on, good, or ours.
    pub good: Color,
    /// On a surface filled with `good`.
    pub on_good: Color,
    /// What needs a look.
    pub warn: Color,
    /// Loss and failure.
    pub bad: Color,
    /// The ring around what has the keyboard's focus.
    pub focus: Color,
    /// The knob of a switch that is off.
    pub knob: Color,
    /// The uplinks; red is kept for loss.
    pub uplinks: [Color; 6],
    /// The width of borders in logical pixels.
    pub border: f32,
}

impl Palette {
    /// The colour of an ink.
    pub fn ink(&self, ink: Ink) -> Color {
        match ink {
            Ink::Quiet => self.quiet,
            Ink::Good => self.good,
            Ink::Warn => self.warn,
            Ink::Bad => self.bad,
            Ink::Uplink(slot) => self.uplinks[slot % self.uplinks.len()],
        }
    }
}

/// The colours of a theme.
pub fn palette(theme: &Theme) -> &'static Palette {
    Look::of(theme).palette()
}

static DARK: Palette = Palette {
    ground: rgb(0x0f_13_18),
    rail: rgb(0x0b_0e_12),
    card: rgb(0x17_1d_24),
    raised: rgb(0x20_28_31),
    line: rgb(0x26_30_3a),
    grid: rgb(0x26_30_3a),
    text: rgb(0xe8_ed_f2),
    quiet: rgb(0x93_a1_ae),
    good: rgb(0x3f_d0_b6),
    on_good: rgb(0x07_1a_17),
    warn: rgb(0xf2_b6_5a),
    bad: rgb(0xf0_71_6b),
    focus: rgb(0xff_ff_ff),
    knob: rgb(0xe8_ed_f2),
    uplinks: [
        rgb(0x3f_d0_b6),
        rgb(0xf2_b6_5a),
        rgb(0x3a_93_eb),
        rgb(0xb9_ad_ff),
        rgb(0xc2_7a_9d),
        rgb(0xee_ed_3c),
    ],
    border: 1.0,
};

static LIGHT: Palette = Palette {
    ground: rgb(0xf1_f4_f7),
    rail: rgb(0xe6_eb_f0),
    card: rgb(0xff_ff_ff),
    raised: rgb(0xee_f2_f6),
    line: rgb(0xd0_d8_e0),
    grid: rgb(0xdd_e3_e9),
    text: rgb(0x14_20_2b),
    quiet: rgb(0x4d_5c_6a),
    good: rgb(0x00_73_66),
    on_good: rgb(0xff_ff_ff),
    warn: rgb(0x85_4d_00),
    bad: rgb(0xb3_26_1e),
    focus: rgb(0x0b_57_d0),
    knob: rgb(0xff_ff_ff),
    uplinks: [
        rgb(0x00_77_6a),
        rgb(0x9a_5b_00),
        rgb(0x20_44_8b),
        rgb(0x86_45_d5),
        rgb(0x6f_2a_4e),
        rgb(0x12_39_07),
    ],
    border: 1.0,
};

static HIGH_CONTRAST: Palette = Palette {
    ground: rgb(0x00_00_00),
    rail: rgb(0x00_00_00),
    card: rgb(0x00_00_00),
    raised: rgb(0x1c_1c_1c),
    line: rgb(0x8a_8a_8a),
    grid: rgb(0x4a_4a_4a),
    text: rgb(0xff_ff_ff),
    quiet: rgb(0xd8_d8_d8),
    good: rgb(0x00_ff_ff),
    on_good: rgb(0x00_00_00),
    warn: rgb(0xff_ff_00),
    bad: rgb(0xff_8a_80),
    focus: rgb(0xff_ff_00),
    knob: rgb(0xff_ff_ff),
    uplinks: [
        rgb(0x00_ff_ff),
        rgb(0xff_ff_00),
        rgb(0x56_b5_fd),
        rgb(0xb7_99_a9),
        rgb(0xfc_8b_25),
        rgb(0xaf_d8_9d),
    ],
    border: 2.0,
};
