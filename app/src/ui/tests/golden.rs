//! Golden images: pictures of the window in app/tests/golden, with which each drawing is compared,
//! pixel by pixel. They are drawn at scale 1, with the bundled font alone, without a cursor, from
//! recorded rounds and at a fixed time of day; nothing of the machine is in them.
//!
//! To keep them small, a golden image holds its frequent colours only, which are those of all areas,
//! and rarer ones of edges become the nearest of them. The sum of the exact picture is kept
//! beside, so that no difference is too small to be seen by the test.
//!
//! A difference fails the test. The new picture and one with the difference are then in
//! `golden/` of the target directory, and `EVENKEEL_GOLDEN=accept` makes the new pictures the golden
//! ones.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use iced::advanced::clipboard;
use iced::advanced::renderer::{Headless, Style};
use iced::theme::Base;
use iced::{Event, Size, mouse, window};
use iced_test::runtime::UserInterface;
use iced_test::runtime::user_interface::Cache;
use png::{BitDepth, ColorType, Compression, Filter};

use super::fonts;
use crate::ui::app::App;
use crate::ui::theme;

/// Colours of a golden image.
const PALETTE: usize = 96;
/// A colour this near another one, in squares of steps, needs so many pixels to have its own place.
const NEAR: u32 = 300;
const MANY: usize = 400;
/// Where the sum of the exact picture is in the file.
const SUM: &str = "Sum";
/// A pixel that differs.
const LOUD: [u8; 3] = [255, 0, 255];

/// A drawing: its size in pixels, and three bytes for each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

/// A golden image, or what would be one.
struct Golden {
    sum: String,
    picture: Picture,
}

/// Compares what the window looks like with the golden image of this name. An error says what is
/// different, where to look and how to accept it.
pub fn compare(app: &App, name: &str, size: Size) -> Result<(), String> {
    let new = draw(app, size);
    let sum = sum(&new);
    let path = folder().join(format!("{name}.png"));
    let golden = read(&path);
    let out = output();
    let shown = out.join(format!("{name}.png"));
    let marked = out.join(format!("{name}-difference.png"));
    let accepts = std::env::var("EVENKEEL_GOLDEN").is_ok_and(|value| value == "accept");
    let same = golden.as_ref().is_some_and(|golden| golden.sum == sum);
    if same || accepts {
        let _ = (fs::remove_file(shown), fs::remove_file(marked));
        if !same {
            write(&path, &new, &sum);
        }
        return Ok(());
    }
    fs::create_dir_all(&out).unwrap();
    write(&shown, &new, &sum);
    let old = golden.map(|golden| golden.picture);
    let new = read(&shown).unwrap().picture;
    let Some(old) = old.filter(|old| (old.width, old.height) == (new.width, new.height)) else {
        let shown = shown.display();
        return Err(format!("{name}: no golden image of this size; see {shown}"));
    };
    let (count, difference) = difference(&old, &new);
    write(&marked, &difference, "");
    let (shown, marked) = (shown.display(), marked.display());
    Err(format!(
        "{name}: {count} pixels clearly differ; see {shown} and {marked}"
    ))
}

/// Fails with everything that is different.
pub fn hold(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{}\nIf that is meant, run the test again with EVENKEEL_GOLDEN=accept and look at every \
         picture that git calls changed.",
        differences.join("\n")
    );
}

/// The new picture in pale grey, with what differs in a loud colour; and how many pixels do.
fn difference(old: &Picture, new: &Picture) -> (usize, Picture) {
    let mut count = 0;
    let pixels = old.rgb.chunks_exact(3).zip(new.rgb.chunks_exact(3));
    let rgb = pixels.flat_map(|(old, new)| {
        if old != new {
            count += 1;
            return LOUD;
        }
        let grey = new.iter().map(|part| u16::from(*part)).sum::<u16>() / 3;
        [(160 + grey * 3 / 8).min(255) as u8; 3]
    });
    let rgb = rgb.collect();
    (count, Picture { rgb, ..*new })
}

/// Draws the window at scale 1: the toolkit's own snapshots are four times as large.
fn draw(app: &App, size: Size) -> Picture {
    fonts();
    let mut renderer = iced::Renderer::new(theme::FONT, theme::BODY.into());
    let mut ui = UserInterface::build(app.view(), size, Cache::default(), &mut renderer);
    let (theme, away) = (app.theme(), mouse::Cursor::Unavailable);
    let redraw = window::Event::RedrawRequested(std::time::Instant::now());
    let _ = ui.update(
        &[Event::Window(redraw)],
        away,
        &mut renderer,
        &mut clipboard::Null,
        &mut Vec::new(),
    );
    let base = theme.base();
    let text_color = base.text_color;
    ui.draw(&mut renderer, &theme, &Style { text_color }, away);
    let (width, height) = (size.width as u32, size.height as u32);
    let rgba = renderer.screenshot(Size::new(width, height), 1.0, base.background_color);
    Picture {
        width,
        height,
        rgb: rgba
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect(),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// In the target directory, above `debug/deps` with this program.
fn output() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().join("golden")
}

/// FNV-1a.
fn sum(picture: &Picture) -> String {
    let sum = picture.rgb.iter().fold(0xcbf2_9ce4_8422_2325, |sum, part| {
        (sum ^ u64::from(*part)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{sum:016x}")
}

/// The image in this file; `None` where there is none, or not a whole one.
fn read(path: &Path) -> Option<Golden> {
    let file = fs::File::open(path).ok()?;
    let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().ok()?;
    let mut rgb = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut rgb).ok()?;
    rgb.truncate(frame.buffer_size());
    let texts = &reader.info().uncompressed_latin1_text;
    let sum = texts.iter().find(|text| text.keyword == SUM)?.text.clone();
    let (width, height) = (frame.width, frame.height);
    let picture = Picture { width, height, rgb };
    Some(Golden { sum, picture })
}

fn write(path: &Path, picture: &Picture, sum: &str) {
    let (palette, places) = reduced(picture);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width, picture.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    encoder
        .add_text_chunk(SUM.to_owned(), sum.to_owned())
        .unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&places).unwrap();
    writer.finish().unwrap();
    fs::write(path, file).unwrap();
}

/// Frequent colours that differ, and for each pixel the place of the nearest among them.
fn reduced(picture: &Picture) -> (Vec<[u8; 3]>, Vec<u8>) {
    let pixels = || picture.rgb.chunks_exact(3).map(|p| [p[0], p[1], p[2]]);
    let mut counts = BTreeMap::<[u8; 3], usize>::new();
    for pixel in pixels() {
        *counts.entry(pixel).or_default() += 1;
    }
    let far = |a: [u8; 3], b: [u8; 3]| -> u32 {
        let parts = a.into_iter().zip(b);
        parts.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let mut frequent: Vec<_> = counts.keys().copied().collect();
    frequent.sort_by_key(|color| Reverse(counts[color]));
    let mut palette: Vec<[u8; 3]> = Vec::new();
    for color in frequent {
        let alone = || palette.iter().all(|other| far(*other, color) > NEAR);
        if palette.len() < PALETTE && (counts[&color] >= MANY || alone()) {
            palette.push(color);
        }
    }
    let nearest = |color: [u8; 3]| {
        let places = 0..palette.len();
        places.min_by_key(|place| far(palette[*place], color))
    };
    let places: BTreeMap<[u8; 3], u8> = counts
        .into_keys()
        .map(|color| (color, nearest(color).unwrap_or(0) as u8))
        .collect();
    let places = pixels().map(|pixel| places[&pixel]).collect();
    (palette, places)
}
