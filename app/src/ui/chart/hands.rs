//! What pointer, finger and wheel do on the graph: hovering and tapping move the read-out, dragging
//! and the wheel move the window. It lies above the picture and draws only the read-out.

use iced::widget::canvas::{self, Action, Event, Frame, Geometry};
use iced::{Point, Rectangle, Renderer, Theme, mouse, touch, window};

use super::plot::Plot;
use super::{Chart, Paper, Shape, readout};
use crate::ui::theme;

/// A press that moves less than this is a tap, not a drag.
const STILL: f32 = 6.0;
/// A tap this near to the read-out takes it away.
const ON_IT: f32 = 14.0;
/// One notch of the wheel moves the window by this part of it.
const NOTCHES: f32 = 12.0;
/// A wheel that tells pixels tells this many for a notch.
const NOTCH_PIXELS: f32 = 40.0;

/// What the sheet tells.
#[derive(Debug, Clone)]
pub struct Hands<Message> {
    /// When the window system lets us draw, if that is asked for.
    pub drawn: Option<Message>,
    /// Move the window by so many nanoseconds.
    pub scroll: fn(i64) -> Message,
    /// Put the read-out there, or take it away.
    pub pick: fn(Option<u64>) -> Message,
}

/// The sheet above the graph.
pub struct Sheet<'a, Message> {
    /// The graph below.
    pub chart: Chart<'a>,
    /// What to tell.
    pub hands: Hands<Message>,
}

/// A button or a finger that is down.
#[derive(Debug, Clone, Copy)]
struct Grip {
    finger: Option<touch::Finger>,
    began: f32,
    last: f32,
    drags: bool,
}

/// Where pointer and fingers are.
#[derive(Debug, Default)]
pub struct State {
    pointed: Option<f32>,
    grip: Option<Grip>,
}

impl<Message: Clone> canvas::Program<Message> for Sheet<'_, Message> {
    type State = State;

    fn update(
        &self,
        state: &mut State,
        event: &Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        let plot = self.chart.plot(bounds.size());
        match event {
            Event::Mouse(event) => self.take_mouse(state, event, bounds, cursor, plot),
            Event::Touch(event) => self.take_touch(state, event, bounds, plot),
            Event::Window(window::Event::RedrawRequested(_)) => {
                self.hands.drawn.clone().map(Action::publish)
            }
            _ => None,
        }
    }

    fn draw(
        &self,
        state: &State,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let plot = self.chart.plot(bounds.size());
        let inside = |x: &f32| (plot.area.x..=plot.right()).contains(x);
        let picked = self.chart.picked.map(|at| self.to_x(plot, at));
        let Some(x) = state.pointed.or(picked).filter(inside) else {
            return Vec::new();
        };
        let mut frame = Frame::new(renderer, bounds.size());
        let on = Paper {
            chart: &self.chart,
            plot,
            palette: theme::palette(theme),
        };
        match self.chart.shape {
            Shape::Line => readout::paint(on, x, &mut frame),
            _ => super::spread::paint_readout(on, x, &mut frame),
        }
        vec![frame.into_geometry()]
    }

    fn mouse_interaction(
        &self,
        state: &State,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> mouse::Interaction {
        if state.grip.is_some_and(|grip| grip.drags) {
            mouse::Interaction::Grabbing
        } else {
            mouse::Interaction::default()
        }
    }
}

impl<Message: Clone> Sheet<'_, Message> {
    fn take_mouse(
        &self,
        state: &mut State,
        event: &mouse::Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
        plot: Plot,
    ) -> Option<Action<Message>> {
        match event {
            mouse::Event::ButtonPressed(mouse::Button::Left) => {
                let x = cursor.position_in(bounds)?.x;
                state.grip = Some(Grip::new(None, x));
                None
            }
            mouse::Event::ButtonReleased(mouse::Button::Left) => {
                let grip = state.grip.take()?;
                self.release(grip, plot)
            }
            mouse::Event::CursorMoved { .. } if state.grip.is_some() => {
                let x = cursor.position()?.x - bounds.x;
                self.drag(state, x, plot)
            }
            mouse::Event::CursorMoved { .. } | mouse::Event::CursorLeft => {
                let x = cursor.position_in(bounds).map(|position| position.x);
                point(state, x)
            }
            mouse::Event::WheelScrolled { delta } if cursor.is_over(bounds) => {
                let notches = match delta {
                    mouse::ScrollDelta::Lines { x, y } => x + y,
                    mouse::ScrollDelta::Pixels { x, y } => (x + y) / NOTCH_PIXELS,
                };
                let columns = -notches * plot.area.width / NOTCHES;
                self.scroll(columns, plot)
            }
            _ => None,
        }
    }

    fn take_touch(
        &self,
        state: &mut State,
        event: &touch::Event,
        bounds: Rectangle,
        plot: Plot,
    ) -> Option<Action<Message>> {
        match *event {
            touch::Event::FingerPressed { id, position } if bounds.contains(position) => {
                // A second finger changes nothing.
                let _ = state
                    .grip
                    .get_or_insert(Grip::new(Some(id), position.x - bounds.x));
                point(state, Some(position.x - bounds.x))
            }
            touch::Event::FingerMoved { id, position } if state.holds(id) => {
                self.drag(state, position.x - bounds.x, plot)
            }
            touch::Event::FingerLifted { id, .. } if state.holds(id) => {
                state.pointed = None;
                let grip = state.grip.take()?;
                self.release(grip, plot)
            }
            touch::Event::FingerLost { id, .. } if state.holds(id) => {
                state.grip = None;
                point(state, None)
            }
            _ => None,
        }
    }

    fn drag(&self, state: &mut State, x: f32, plot: Plot) -> Option<Action<Message>> {
        let grip = state.grip.as_mut()?;
        if !grip.drags && (x - grip.began).abs() < STILL {
            return None;
        }
        grip.drags = true;
        let columns = (x - grip.last).round();
        if columns.abs() < 1.0 {
            return None;
        }
        grip.last += columns;
        state.pointed = None;
        self.scroll(-columns, plot)
    }

    /// The end of a press: a tap puts the read-out there, or takes it away.
    fn release(&self, grip: Grip, plot: Plot) -> Option<Action<Message>> {
        if grip.drags {
            return None;
        }
        let on_it = |at: u64| (self.to_x(plot, at) - grip.began).abs() < ON_IT;
        let picked = if self.chart.picked.is_some_and(on_it) {
            None
        } else {
            Some(self.to_value(plot, grip.began))
        };
        Some(Action::publish((self.hands.pick)(picked)))
    }

    /// Moves the window by so many pixels of time; how answers are spread has none.
    fn scroll(&self, columns: f32, plot: Plot) -> Option<Action<Message>> {
        if self.chart.shape != Shape::Line {
            return None;
        }
        let by_ns = f64::from(columns) * plot.column_ns as f64;
        Some(Action::publish((self.hands.scroll)(by_ns as i64)).and_capture())
    }

    fn to_x(&self, plot: Plot, at: u64) -> f32 {
        match self.chart.shape {
            Shape::Line if at < plot.start_ns() || at > plot.end_ns.max(self.chart.end_ns) => -1.0,
            Shape::Line => plot.x(at),
            _ => plot.across(u32::try_from(at).unwrap_or(u32::MAX)),
        }
    }

    fn to_value(&self, plot: Plot, x: f32) -> u64 {
        match self.chart.shape {
            Shape::Line => plot.at_ns(x),
            _ => plot.across_us(x).into(),
        }
    }
}

impl Grip {
    fn new(finger: Option<touch::Finger>, x: f32) -> Self {
        Self {
            finger,
            began: x,
            last: x,
            drags: false,
        }
    }
}

impl State {
    fn holds(&self, finger: touch::Finger) -> bool {
        self.grip.is_some_and(|grip| grip.finger == Some(finger))
    }
}

fn point<Message>(state: &mut State, x: Option<f32>) -> Option<Action<Message>> {
    let x = x.map(f32::round);
    let moved = std::mem::replace(&mut state.pointed, x) != x;
    moved.then(Action::request_redraw)
}

/// Kept where the whole sheet can see it: the place of a line across the graph.
pub fn upright(x: f32, plot: Plot) -> (Point, Point) {
    let x = x + 0.5;
    (Point::new(x, plot.area.y), Point::new(x, plot.bottom()))
}
