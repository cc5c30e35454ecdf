//! Measures every look: that its texts can be read, and that its uplinks can be told apart also by
//! eyes that lack one kind of cone.

use iced::Color;

use super::*;

/// WCAG 2.2, success criterion 1.4.3.
const TEXT_CONTRAST: f64 = 4.5;
/// WCAG 2.2, success criterion 1.4.6; what "high contrast" promises.
const HIGH_TEXT_CONTRAST: f64 = 7.0;
/// WCAG 2.2, success criterion 1.4.11.
const MARK_CONTRAST: f64 = 3.0;
/// The least distance between two uplinks in `OKLab`, where 0.02 is just noticeable.
const APART: f64 = 0.1;

type Linear = [f64; 3];

fn linear(color: Color) -> Linear {
    [color.r, color.g, color.b].map(|part| {
        let part = f64::from(part);
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn times(matrix: &[[f64; 3]; 3], [x, y, z]: Linear) -> Linear {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

/// WCAG's relative luminance.
fn luminance(color: Color) -> f64 {
    let [r, g, b] = linear(color);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Every text and what it stands on, in words and in colours.
fn texts(p: &Palette) -> Vec<(String, Color, Color)> {
    let mut pairs = Vec::new();
    let grounds = [
        ("ground", p.ground),
        ("rail", p.rail),
        ("card", p.card),
        ("raised", p.raised),
    ];
    for (name, ground) in grounds {
        pairs.push((format!("text on {name}"), p.text, ground));
        for ink in [Ink::Quiet, Ink::Good, Ink::Warn, Ink::Bad] {
            pairs.push((format!("{ink:?} on {name}"), p.ink(ink), ground));
        }
    }
    // On cards, in the read-out's box, and on the graph while game mode is on.
    let band = wash(p.good, 0.07, p.card);
    for (name, ground) in [("card", p.card), ("rail", p.rail), ("band", band)] {
        for slot in 0..p.uplinks.len() {
            pairs.push((format!("uplink {slot} on {name}"), p.uplinks[slot], ground));
        }
    }
    for ink in [Ink::Good, Ink::Warn, Ink::Bad, Ink::Quiet] {
        let color = p.ink(ink);
        let badge = wash(color, BADGE, p.card);
        pairs.push((format!("{ink:?} badge"), color, badge));
    }
    for (name, alpha, ground) in [
        ("chosen on card", CHOSEN, p.card),
        ("chosen on ground", CHOSEN, p.ground),
        ("game mode on", ON, p.ground),
    ] {
        pairs.push((name.to_owned(), p.text, wash(p.good, alpha, ground)));
    }
    pairs.push(("on good".to_owned(), p.on_good, p.good));
    pairs
}

#[test]
fn every_text_can_be_read_in_every_look() {
    for look in Look::ALL {
        let least = match look {
            Look::HighContrast => HIGH_TEXT_CONTRAST,
            Look::Dark | Look::Light => TEXT_CONTRAST,
        };
        let poor: Vec<String> = texts(look.palette())
            .into_iter()
            .filter(|(_, text, ground)| contrast(*text, *ground) < least)
            .map(|(name, text, ground)| format!("{name}: {:.2}", contrast(text, ground)))
            .collect();
        assert!(poor.is_empty(), "{look:?}: {poor:?}");
    }
}

#[test]
fn marks_stand_out_from_what_they_lie_on() {
    for look in Look::ALL {
        let p = look.palette();
        let mut marks = vec![
            ("focus on ground", p.focus, p.ground),
            ("focus on card", p.focus, p.card),
            ("focus on rail", p.focus, p.rail),
            ("a switch that is on", p.good, p.ground),
            ("its knob", p.on_good, p.good),
            ("the slider", p.good, p.card),
        ];
        marks.extend(p.uplinks.map(|uplink| ("uplink on card", uplink, p.card)));
        for (name, mark, ground) in marks {
            let contrast = contrast(mark, ground);
            assert!(contrast >= MARK_CONTRAST, "{look:?}: {name} {contrast:.2}");
        }
    }
}

/// What the eye without one kind of cone sees: Machado, Oliveira and Fernandes, "A Physiologically-
/// based Model for Simulation of Color Vision Deficiency", 2009, severity 1, for linear light.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    (
        "all cones",
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// Ottosson's `OKLab` of linear sRGB.
fn oklab(color: Linear) -> Linear {
    let cones = times(
        &[
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ],
        color,
    );
    times(
        &[
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ],
        cones.map(f64::cbrt),
    )
}

fn seen(color: Color, eye: &[[f64; 3]; 3]) -> Linear {
    oklab(times(eye, linear(color)).map(|part| part.clamp(0.0, 1.0)))
}

fn distance(one: Linear, other: Linear) -> f64 {
    let squares = std::iter::zip(one, other).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

#[test]
fn uplinks_can_be_told_apart_also_without_one_kind_of_cone() {
    for look in Look::ALL {
        let uplinks = look.palette().uplinks;
        for (eye, matrix) in &EYES {
            for one in 0..uplinks.len() {
                for other in 0..one {
                    let distance =
                        distance(seen(uplinks[one], matrix), seen(uplinks[other], matrix));
                    let what = format!("{look:?}, {eye}: uplinks {other} and {one}");
                    assert!(distance >= APART, "{what} are {distance:.3} apart");
                }
            }
        }
    }
}

#[test]
fn the_measures_agree_with_their_known_values() {
    assert!((contrast(Color::BLACK, Color::WHITE) - 21.0).abs() < 0.001);
    let grey = Color::from_rgb8(0x76, 0x76, 0x76);
    assert!((contrast(grey, Color::WHITE) - 4.54).abs() < 0.01);
    let [lightness, a, b] = oklab(linear(Color::WHITE));
    assert!((lightness - 1.0).abs() < 0.001 && a.abs() < 0.001 && b.abs() < 0.001);
    // Red and green of equal brightness are one colour to the eye without the middle cone.
    let (_, deuteranopia) = &EYES[2];
    let (red, green) = (
        Color::from_rgb8(0xd0, 0x50, 0x20),
        Color::from_rgb8(0x8a, 0x7c, 0x1c),
    );
    assert!(distance(oklab(linear(red)), oklab(linear(green))) > APART);
    assert!(distance(seen(red, deuteranopia), seen(green, deuteranopia)) < APART);
}

#[test]
fn every_look_is_found_again_from_its_theme() {
    for look in Look::ALL {
        assert_eq!(Look::of(&look.theme()), look);
    }
    assert_eq!(Look::of(&Theme::Nord), Look::Dark);
}
