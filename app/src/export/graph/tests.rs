//! What a picture must keep: everything on the paper, every series told apart without colour, losses
//! seen, the same picture in every format.

use super::*;
use crate::export::picture::{Picture, Shape};
use crate::words::{Key, Language, Words};
use proptest::prelude::*;

fn series(name: &str, rtts_us: &[Option<u64>]) -> Series {
    let probe = |(n, rtt_us): (usize, &Option<u64>)| Probe {
        sent_ns: n as u64 * 200_000_000,
        rtt_ns: rtt_us.map(|us| us.saturating_mul(1000)),
    };
    Series {
        probes: rtts_us.iter().enumerate().map(probe).collect(),
        ..Series::named(name)
    }
}

fn lines(picture: &Picture, wanted: Ink) -> Vec<&Shape> {
    let shapes = picture.shapes.iter();
    shapes
        .filter(|shape| matches!(shape, Shape::Line { ink, .. } if *ink == wanted))
        .collect()
}

fn assert_on_paper(picture: &Picture) {
    let (width, height) = (picture.width, picture.height);
    for shape in &picture.shapes {
        let points = match shape {
            Shape::Area { points, .. } | Shape::Line { points, .. } => &points[..],
            Shape::Text { at, .. } => std::slice::from_ref(at),
        };
        for (x, y) in points {
            let inside = (0.0..=width).contains(x) && (0.0..=height).contains(y);
            assert!(inside, "{x} {y} on {width} x {height}: {shape:?}");
        }
    }
}

#[test]
fn six_series_are_told_apart_without_colour() {
    let rtts: Vec<_> = (0..100).map(|n| Some(20_000 + n * 100)).collect();
    let all: Vec<Series> = (0..8).map(|n| series(&n.to_string(), &rtts)).collect();
    let curves = Curve::all(&all);
    assert_eq!(curves.len(), MOST_CURVES);
    let words = Words::new(Language::English);
    let picture = panel(Kind::Cdf, &curves, (600.0, 400.0), &words);
    let mut seen = Vec::new();
    for slot in 0..MOST_CURVES {
        let dashed = lines(&picture, ink(slot))
            .into_iter()
            .find_map(|shape| match shape {
                Shape::Line { width, dashes, .. } if *width > 1.7 => Some(*dashes),
                _ => None,
            });
        let dashes = dashed.unwrap_or_else(|| panic!("no curve {slot}"));
        assert!(!seen.contains(&dashes), "{slot} looks like another one");
        seen.push(dashes);
    }
}

#[test]
fn a_lost_probe_breaks_the_line_and_is_marked() {
    let mut rtts = vec![Some(20_000); 60];
    rtts[20] = None;
    rtts[40] = None;
    let all = [series("a", &rtts)];
    let words = Words::new(Language::Korean);
    let picture = panel(Kind::Time, &Curve::all(&all), (600.0, 400.0), &words);
    assert_eq!(lines(&picture, ink(0)).len(), 3);
    assert_eq!(lines(&picture, Ink::Bad).len(), 2);
    let tail = panel(Kind::Tail, &Curve::all(&all), (600.0, 400.0), &words);
    let lost = words.say(Key::TableLost).replace('\u{2060}', "");
    assert!(
        tail.shapes
            .iter()
            .any(|shape| matches!(shape, Shape::Text { text, .. } if *text == lost))
    );
}

#[test]
fn the_histogram_holds_every_answer() {
    let rtts: Vec<_> = (0..1000)
        .map(|n| Some(if n % 100 == 0 { 900_000 } else { 20_000 + n }))
        .collect();
    let all = [series("a", &rtts)];
    let words = Words::new(Language::English);
    let picture = panel(Kind::Histogram, &Curve::all(&all), (600.0, 400.0), &words);
    let more = picture
        .shapes
        .iter()
        .any(|shape| matches!(shape, Shape::Text { text, .. } if text.contains("and more")));
    // 1 of 100 at 900 ms lies above what is shown, or the scale reaches it.
    let bars = picture
        .shapes
        .iter()
        .filter(|shape| matches!(shape, Shape::Area { ink, .. } if *ink == super::ink(0)));
    assert!(more || bars.count() >= 2);
}

#[test]
fn the_same_picture_is_drawn_in_both_formats_and_looks() {
    let rtts: Vec<_> = (0..300)
        .map(|n| (n % 30 != 0).then_some(20_000 + n * n % 977))
        .collect();
    let all = [series("가나다 <&>", &rtts), series("b", &rtts)];
    let words = Words::new(Language::Korean);
    let picture = sheet("제목", &Curve::all(&all), &words);
    assert_on_paper(&picture);
    let shapes = picture.shapes.len();
    for look in [Look::Dark, Look::Light] {
        let svg = picture.svg(look);
        assert_eq!(
            svg.matches("<path ").count() + svg.matches("<text ").count(),
            shapes
        );
        assert!(svg.contains("가나다 &lt;&amp;&gt;</text>"));
        let png = picture.png(look, 1).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(
            (info.width, info.height),
            (picture.width as u32, picture.height as u32)
        );
        let [corner @ .., _] = [pixels[0], pixels[1], pixels[2], 0];
        assert_eq!(corner, Ink::Ground.rgb(look));
        for wanted in [Ink::Series(0), Ink::Series(1), Ink::Text, Ink::Bad] {
            let found = pixels.chunks(3).any(|pixel| pixel == wanted.rgb(look));
            assert!(found, "{wanted:?} is nowhere in {look:?}");
        }
    }
    assert!(picture.inline_svg().contains("var(--series-1)"));
    assert!(
        Picture::new(9e9, 10.0, String::new())
            .png(Look::Dark, 1)
            .is_err()
    );
}

#[test]
fn nothing_to_draw_is_said() {
    let words = Words::new(Language::English);
    let silent = [series("a", &[None, None])];
    let curves = Curve::all(&silent);
    assert!(curves.is_empty());
    for picture in [
        sheet("x", &curves, &words),
        panel(Kind::Cdf, &curves, (300.0, 200.0), &words),
    ] {
        assert!(picture.svg(Look::Dark).contains("Nothing was answered"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_series_stays_on_the_paper(
        rtts in prop::collection::vec(prop::collection::vec(
            prop_oneof![Just(None), (0..100_u64).prop_map(Some), any::<u64>().prop_map(Some), Just(Some(20_000))], 1..40), 1..7),
    ) {
        let all: Vec<Series> = rtts.iter().map(|rtts| series("x", rtts)).collect();
        let words = Words::new(Language::English);
        let picture = sheet("x", &Curve::all(&all), &words);
        assert_on_paper(&picture);
        prop_assert!(!picture.svg(Look::Light).contains("NaN"));
    }
}
