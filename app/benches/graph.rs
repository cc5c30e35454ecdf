//! What the moving graph costs: the window's graph drawn ten times a second into memory, against a
//! graph of the same measurements by a plotting crate on the same toolkit, in the same size and the
//! same run, both less an empty window. And the memory of a window that was fed for an hour. Prints,
//! judges nothing.
//!
//! As on a screen, only what changed since the frame before is rasterized.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark prints, and ends when something is wrong"
)]

use std::process::Command;
use std::time::Duration;

use evenkeel::ui::FONTS;
use evenkeel::ui::off_screen::OffScreen;
use iced::advanced::graphics::text::font_system;
use iced::widget::{container, space};
use iced::{Element, Length, Theme};
use iced_test::core::renderer::Style;
use iced_test::core::{
    Color, Event, Font, Pixels, Rectangle, Size, clipboard, mouse, theme::Base, time, window,
};
use iced_test::renderer::graphics::{Viewport, damage};
use iced_test::runtime::UserInterface;
use iced_test::runtime::user_interface::Cache;
use iced_tiny_skia::{Layer, Renderer};
use nix::time::{ClockId, clock_gettime};
use plotters::prelude::{LineSeries, RGBColor, TRANSPARENT};
use plotters_iced2::{Chart, ChartBuilder, ChartWidget, DrawingBackend};
use tiny_skia::{Mask, Pixmap};

/// The window, and the graph in it.
const WINDOW: (u32, u32) = (1280, 800);
const GRAPH: (f32, f32) = (1130.0, 400.0);
/// Frames a second, and seconds that are drawn.
const HZ: u32 = 10;
const SECONDS: u32 = 10;
/// The figures are medians of so many.
const ROUNDS: usize = 5;
/// Probes of one uplink in an hour.
const HOUR: u32 = 18_000;
/// Asks a child for the memory of a window that was fed for an hour.
const MEMORY: &str = "--memory-of-an-hour";

fn main() {
    if std::env::args().any(|argument| argument == MEMORY) {
        print!("{}", memory_of_an_hour());
        return;
    }
    for (uplinks, samples) in [(3, 600), (4, 9_000)] {
        let mut window = OffScreen::new(size(), uplinks, samples);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let empty = drawn(&mut window, |_| space().into());
            let graph = drawn(&mut window, |window| sized(window.graph()));
            let plain = drawn(&mut window, |window| plotted(window, uplinks));
            ours.push(graph.saturating_sub(empty));
            theirs.push(plain.saturating_sub(empty));
        }
        let whole = drawn(&mut window, OffScreen::view);
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "{uplinks} uplinks of {samples} points at {HZ} Hz: the graph {:.2} % of one core, by \
             plotters {:.2} %, ratio {:.2} (the whole window {:.1} %)",
            percent(ours),
            percent(theirs),
            ours.as_secs_f64() / theirs.as_secs_f64(),
            percent(whole),
        );
    }
    let itself = std::env::current_exe().unwrap();
    let said = Command::new(itself).arg(MEMORY).output().unwrap();
    println!(
        "after an hour of 4 uplinks ({HOUR} probes each), drawn off the screen: {} kB resident",
        String::from_utf8(said.stdout).unwrap()
    );
}

fn size() -> Size {
    Size::new(WINDOW.0 as f32, WINDOW.1 as f32)
}

fn percent(used: Duration) -> f64 {
    used.as_secs_f64() / f64::from(SECONDS) * 100.0
}

/// Processor time of this process so far.
fn used() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .unwrap()
        .into()
}

/// The window as iced keeps it between two frames.
struct Easel {
    renderer: Renderer,
    cache: Option<Cache>,
    shown: Option<Vec<Layer>>,
    pixels: Pixmap,
    mask: Mask,
}

impl Easel {
    fn new() -> Self {
        let mut fonts = font_system().write().expect("the fonts");
        for bytes in FONTS {
            fonts.load_font(bytes.into());
        }
        drop(fonts);
        Self {
            renderer: Renderer::new(Font::with_name("Evenkeel Sans"), Pixels(16.0)),
            cache: Some(Cache::new()),
            shown: None,
            pixels: Pixmap::new(WINDOW.0, WINDOW.1).unwrap(),
            mask: Mask::new(WINDOW.0, WINDOW.1).unwrap(),
        }
    }

    /// What the toolkit does for a frame: lay out, draw, find out what changed, rasterize that. The
    /// processor time it took.
    fn draw(&mut self, view: Element<'_, ()>, theme: &Theme) -> Duration {
        let before = used();
        let cache = self.cache.take().unwrap_or_default();
        let mut ui = UserInterface::build(view, size(), cache, &mut self.renderer);
        let redraw = Event::Window(window::Event::RedrawRequested(time::Instant::now()));
        let mut messages = Vec::new();
        let cursor = mouse::Cursor::Unavailable;
        let _ = ui.update(
            &[redraw],
            cursor,
            &mut self.renderer,
            &mut clipboard::Null,
            &mut messages,
        );
        let base = theme.base();
        let style = Style {
            text_color: base.text_color,
        };
        ui.draw(&mut self.renderer, theme, &style, cursor);
        self.cache = Some(ui.into_cache());
        self.rasterize(base.background_color);
        used().saturating_sub(before)
    }

    /// As the toolkit's window does: only what differs from the frame before.
    fn rasterize(&mut self, background: Color) {
        let whole = Rectangle::with_size(size());
        let layers = self.renderer.layers();
        let damage = self.shown.as_deref().map_or_else(
            || vec![whole],
            |shown| damage::diff(shown, layers, |layer| vec![layer.bounds], Layer::damage),
        );
        self.shown = Some(layers.to_vec());
        if !damage.is_empty() {
            self.renderer.draw(
                &mut self.pixels.as_mut(),
                &mut self.mask,
                &Viewport::with_physical_size(Size::new(WINDOW.0, WINDOW.1), 1.0),
                &damage::group(damage, whole),
                background,
            );
        }
    }
}

/// The processor time of [`SECONDS`] of this view, its building included.
fn drawn(
    window: &mut OffScreen,
    view: impl for<'a> Fn(&'a OffScreen) -> Element<'a, ()>,
) -> Duration {
    let mut easel = Easel::new();
    let theme = window.theme();
    let _ = easel.draw(view(window), &theme);
    let mut spent = Duration::ZERO;
    for _ in 0..SECONDS * HZ {
        let before = used();
        window.tick();
        let view = view(window);
        spent += used().saturating_sub(before);
        spent += easel.draw(view, &theme);
    }
    spent
}

/// As large as the graph is in the window.
fn sized(graph: Element<'_, ()>) -> Element<'_, ()> {
    container(graph)
        .width(Length::Fixed(GRAPH.0))
        .height(Length::Fixed(GRAPH.1))
        .into()
}

/// The same measurements by the plotting crate.
fn plotted(window: &OffScreen, uplinks: u32) -> Element<'_, ()> {
    let series = (0..uplinks).map(|uplink| window.kept(uplink)).collect();
    let seconds = window.shown_seconds();
    sized(ChartWidget::new(Bare { series, seconds }).into())
}

fn median(mut figures: Vec<Duration>) -> Duration {
    figures.sort();
    figures[figures.len() / 2]
}

/// Seconds and milliseconds of every uplink, and how many seconds show.
struct Bare {
    series: Vec<Vec<(f64, f64)>>,
    seconds: f64,
}

impl Chart<()> for Bare {
    type State = ();

    fn build_chart<DB: DrawingBackend>(&self, _state: &(), mut builder: ChartBuilder<'_, '_, DB>) {
        let last = self.series[0].last().map_or(1.0, |point| point.0);
        let first = last - self.seconds;
        let mut chart = builder
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(46)
            .build_cartesian_2d(first..last, 0.0..120.0)
            .unwrap();
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(38, 48, 58))
            .label_style(("sans-serif", 14, &RGBColor(147, 161, 174)))
            .draw()
            .unwrap();
        let colors = [
            (63, 208, 182),
            (242, 182, 90),
            (111, 177, 255),
            (183, 155, 255),
        ];
        for (points, (red, green, blue)) in self.series.iter().zip(colors) {
            let line = LineSeries::new(points.iter().copied(), RGBColor(red, green, blue));
            let _ = chart.draw_series(line).unwrap();
        }
    }
}

/// `VmRSS` in kB of this process with such a window in it.
fn memory_of_an_hour() -> u64 {
    let mut window = OffScreen::new(size(), 4, HOUR);
    let mut easel = Easel::new();
    for _ in 0..HZ {
        window.tick();
        let _ = easel.draw(window.view(), &window.theme());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
