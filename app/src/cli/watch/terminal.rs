//! The terminal itself: taking it over, giving it back whatever happens, and writing the lines that
//! changed. Not what stands in them.

use std::env;
use std::io::{self, Stdout, Write};
use std::panic;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{Attribute, Color, Print, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{execute, queue};

use super::draw::{Ink, Line};

/// The terminal while `watch` has it: another screen, no echo. Given back on drop and on a panic.
pub struct Screen {
    out: Stdout,
    shown: Vec<Line>,
    colours: bool,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When it is no terminal or refuses; it is left as it was then.
    pub fn take() -> io::Result<Self> {
        let before = panic::take_hook();
        // With `panic = "abort"` nothing is dropped, so the hook is what gives the terminal back.
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        terminal::enable_raw_mode()?;
        let mut out = io::stdout();
        let entered = execute!(out, EnterAlternateScreen, Hide, DisableLineWrap);
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let screen = Self {
            out,
            shown: Vec::new(),
            colours: !no_color,
        };
        entered.map(|()| screen)
    }

    /// Columns and rows. A terminal that does not know them, as at the end of a serial line, gets what
    /// terminals once were.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn size() -> io::Result<(usize, usize)> {
        let (columns, rows) = match terminal::size()? {
            (0, _) | (_, 0) => (80, 24),
            known => known,
        };
        Ok((usize::from(columns), usize::from(rows)))
    }

    /// Shows `lines`, writing only those that changed.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn show(&mut self, lines: Vec<Line>) -> io::Result<()> {
        let resized = lines.len() != self.shown.len();
        queue!(self.out, BeginSynchronizedUpdate)?;
        if resized {
            queue!(self.out, Clear(ClearType::All))?;
        }
        for (row, line) in lines.iter().enumerate() {
            if resized || self.shown.get(row) != Some(line) {
                queue!(self.out, MoveTo(0, row as u16))?;
                for (ink, text) in line {
                    self.write(*ink, text)?;
                }
                queue!(self.out, Clear(ClearType::UntilNewLine))?;
            }
        }
        queue!(self.out, EndSynchronizedUpdate)?;
        self.shown = lines;
        self.out.flush()
    }

    /// Draws everything anew next time, as after a change of size.
    pub fn forget(&mut self) {
        self.shown.clear();
    }

    fn write(&mut self, ink: Ink, text: &str) -> io::Result<()> {
        match ink {
            Ink::Dim => queue!(self.out, SetAttribute(Attribute::Dim))?,
            Ink::Good if self.colours => queue!(self.out, SetForegroundColor(Color::Green))?,
            Ink::Bad if self.colours => queue!(self.out, SetForegroundColor(Color::Red))?,
            Ink::Plain | Ink::Good => {}
            Ink::Bold | Ink::Bad => queue!(self.out, SetAttribute(Attribute::Bold))?,
        }
        queue!(self.out, Print(text), SetAttribute(Attribute::Reset))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Puts the terminal back as it was. Nothing can be done when even that fails.
fn give_back() {
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        EnableLineWrap,
        Show,
        LeaveAlternateScreen
    );
    let _ = terminal::disable_raw_mode();
}
