//! Which time the graph shows: the newest minutes, or a window that stands still somewhere in the
//! day that is kept. Pure.

/// How much time the graph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// One minute: what a window that was just opened can fill.
    #[default]
    One,
    /// Five minutes.
    Five,
    /// Thirty minutes.
    Thirty,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::One, Self::Five, Self::Thirty];

    /// In minutes.
    pub fn minutes(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Five => 5,
            Self::Thirty => 30,
        }
    }

    /// The name of its button.
    pub fn id(self) -> &'static str {
        match self {
            Self::One => "span-1",
            Self::Five => "span-5",
            Self::Thirty => "span-30",
        }
    }

    /// In nanoseconds.
    pub fn ns(self) -> u64 {
        u64::from(self.minutes()) * 60_000_000_000
    }
}

/// What can be looked at: from the oldest thing that is kept to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The oldest moment.
    pub oldest_ns: u64,
    /// The newest.
    pub now_ns: u64,
}

/// The shown window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// How much it shows.
    pub span: Span,
    held_ns: Option<u64>,
}

impl Window {
    /// True while it stands still.
    pub fn is_held(self) -> bool {
        self.held_ns.is_some()
    }

    /// Its right edge.
    pub fn end_ns(self, now_ns: u64) -> u64 {
        self.held_ns.unwrap_or(now_ns)
    }

    /// Its left edge.
    pub fn start_ns(self, now_ns: u64) -> u64 {
        self.end_ns(now_ns).saturating_sub(self.span.ns())
    }

    /// Stands still where it is.
    pub fn hold(&mut self, now_ns: u64) {
        self.held_ns = Some(self.end_ns(now_ns));
    }

    /// Goes back to what is measured now.
    pub fn follow(&mut self) {
        self.held_ns = None;
    }

    /// Another span, with the middle of a window that stands still where it was.
    pub fn show(&mut self, span: Span, kept: Kept) {
        let before = std::mem::replace(&mut self.span, span);
        if let Some(end_ns) = self.held_ns {
            let middle_ns = end_ns.saturating_sub(before.ns() / 2);
            self.place(middle_ns.saturating_add(span.ns() / 2), kept);
            self.hold(kept.now_ns);
        }
    }

    /// Moves by `by_ns`: back in time when it is negative. A window that follows and is moved
    /// stands still; one that reaches now follows again.
    pub fn scroll(&mut self, by_ns: i64, kept: Kept) {
        let end_ns = self.end_ns(kept.now_ns);
        self.place(end_ns.saturating_add_signed(by_ns), kept);
    }

    /// Moves by whole windows, a little less so that something stays to hold on to.
    pub fn page(&mut self, pages: i32, kept: Kept) {
        let page_ns = (self.span.ns() / 10 * 9) as i64;
        self.scroll(page_ns.saturating_mul(i64::from(pages)), kept);
    }

    /// Goes to the oldest thing that is kept.
    pub fn go_to_oldest(&mut self, kept: Kept) {
        self.place(0, kept);
    }

    /// Puts the right edge to `end_ns`, as near as there is something to see.
    fn place(&mut self, end_ns: u64, kept: Kept) {
        let first_ns = kept.oldest_ns.saturating_add(self.span.ns());
        self.held_ns = (end_ns.max(first_ns) < kept.now_ns).then_some(end_ns.max(first_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_NS: u64 = 60_000_000_000;
    const KEPT: Kept = Kept {
        oldest_ns: 10 * MINUTE_NS,
        now_ns: 100 * MINUTE_NS,
    };

    fn end(window: Window) -> u64 {
        window.end_ns(KEPT.now_ns) / MINUTE_NS
    }

    #[test]
    fn scrolling_stays_within_what_is_kept_and_follows_again_at_now() {
        let mut window = Window::default();
        window.scroll(-5 * MINUTE_NS as i64, KEPT);
        assert!(window.is_held());
        assert_eq!(end(window), 95);
        window.scroll(i64::MIN, KEPT);
        assert_eq!(end(window), 11);
        assert_eq!(window.start_ns(KEPT.now_ns), KEPT.oldest_ns);
        window.scroll(i64::MAX, KEPT);
        assert!(!window.is_held());
    }

    #[test]
    fn with_less_than_a_window_there_is_nowhere_to_scroll_to() {
        let kept = Kept {
            oldest_ns: 0,
            now_ns: MINUTE_NS / 2,
        };
        let mut window = Window::default();
        window.page(-1, kept);
        assert!(!window.is_held());
        window.go_to_oldest(kept);
        assert!(!window.is_held());
    }

    #[test]
    fn a_page_leaves_a_tenth_in_view_and_home_is_the_oldest() {
        let mut window = Window::default();
        window.page(-2, KEPT);
        let end_ns = window.end_ns(KEPT.now_ns);
        assert_eq!(KEPT.now_ns - end_ns, 2 * MINUTE_NS / 10 * 9);
        window.go_to_oldest(KEPT);
        assert_eq!(end(window), 11);
    }

    #[test]
    fn a_longer_window_keeps_what_stood_still_in_its_middle() {
        let mut window = Window::default();
        window.scroll(-40 * MINUTE_NS as i64, KEPT);
        window.show(Span::Five, KEPT);
        assert_eq!(window.end_ns(KEPT.now_ns), 62 * MINUTE_NS);
        let mut follows = Window::default();
        follows.show(Span::Thirty, KEPT);
        assert!(!follows.is_held());
    }

    #[test]
    fn a_window_that_stands_stays_when_time_goes_on() {
        let mut window = Window::default();
        window.hold(KEPT.now_ns);
        assert_eq!(window.end_ns(KEPT.now_ns + MINUTE_NS), KEPT.now_ns);
        window.show(Span::Thirty, KEPT);
        assert!(window.is_held());
        window.follow();
        assert_eq!(end(window), 100);
    }
}
