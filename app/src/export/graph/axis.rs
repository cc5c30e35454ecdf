//! Scales with round numbers at their ticks, linear or logarithmic. Pure.

/// A scale from values to a stretch of pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    from: f64,
    to: f64,
    logarithmic: bool,
    start_px: f32,
    end_px: f32,
}

/// The next of 1, 2, 5, 10, ... that is not below `value`.
pub fn nice(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    // A billionth of grace, so that what is round stays as it is.
    let fitting = steps.into_iter().find(|step| *step >= value * (1.0 - 1e-9));
    fitting.unwrap_or(10.0 * power)
}

impl Axis {
    /// From `from` to `to`, drawn from `start_px` to `end_px`.
    pub fn linear(from: f64, to: f64, (start_px, end_px): (f32, f32)) -> Self {
        Self {
            from,
            to: if to > from { to } else { from + 1.0 },
            logarithmic: false,
            start_px,
            end_px,
        }
    }

    /// The same with equal room for equal ratios; `from` must be above 0.
    pub fn logarithmic(from: f64, to: f64, pixels: (f32, f32)) -> Self {
        let from = from.max(f64::MIN_POSITIVE);
        Self {
            logarithmic: true,
            ..Self::linear(from, if to > from { to } else { from * 10.0 }, pixels)
        }
    }

    /// The last value.
    pub fn to(&self) -> f64 {
        self.to
    }

    /// Where a value is drawn; what lies outside is drawn at the end.
    pub fn px(&self, value: f64) -> f32 {
        let part = if self.logarithmic {
            (value.max(self.from) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        let part = part.clamp(0.0, 1.0) as f32;
        self.start_px + (self.end_px - self.start_px) * part
    }

    /// Edges of `count` bands of equal width on paper.
    pub fn edges(&self, count: usize) -> Vec<f64> {
        let edge = |number: usize| {
            let part = number as f64 / count.max(1) as f64;
            if self.logarithmic {
                self.from * (self.to / self.from).powf(part)
            } else {
                self.from + (self.to - self.from) * part
            }
        };
        (0..=count).map(edge).collect()
    }

    /// Round values inside, ascending, about as many as asked for.
    pub fn ticks(&self, about: usize) -> Vec<f64> {
        if self.logarithmic {
            return self.log_ticks(about);
        }
        let step = nice((self.to - self.from) / about.max(1) as f64);
        let first = (self.from / step - 1e-9).ceil();
        let ticks = (0..100).map(|number| (first + f64::from(number)) * step);
        ticks
            .take_while(|tick| *tick <= self.to + step * 1e-6)
            .collect()
    }

    fn log_ticks(&self, about: usize) -> Vec<f64> {
        let first = self.from.log10().floor() as i32;
        let last = self.to.log10().ceil() as i32;
        let inside = |steps: &[f64]| -> Vec<f64> {
            let powers = first..=last;
            let all =
                powers.flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
            let (low, high) = (self.from * (1.0 - 1e-9), self.to * (1.0 + 1e-9));
            all.filter(|tick| (low..=high).contains(tick)).collect()
        };
        let fine = inside(&[1.0, 2.0, 5.0]);
        if fine.len() < 3 {
            // Less than a decade: even steps read better there.
            let linear = Self {
                logarithmic: false,
                ..self.clone()
            };
            return linear.ticks(about);
        }
        if fine.len() <= about + 2 {
            fine
        } else {
            inside(&[1.0])
        }
    }
}

/// Decimals that tell these ticks apart.
pub fn decimals(ticks: &[f64]) -> usize {
    let round = |decimals: &usize| {
        let scale = 10_f64.powi(*decimals as i32);
        ticks.iter().all(|tick| {
            let scaled = tick * scale;
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
        })
    };
    (0..3).find(round).unwrap_or(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::linear(0.0, 47.0, (0.0, 100.0));
        assert_eq!(axis.ticks(5), [0.0, 10.0, 20.0, 30.0, 40.0]);
        let axis = Axis::linear(0.037, 0.062, (0.0, 100.0));
        let ticks = axis.ticks(5);
        assert_eq!((ticks.len(), decimals(&ticks)), (5, 3), "{ticks:?}");
        let axis = Axis::logarithmic(30.0, 1_000.0, (0.0, 100.0));
        assert_eq!(axis.ticks(6), [50.0, 100.0, 200.0, 500.0, 1_000.0]);
        let axis = Axis::logarithmic(30.0, 45.0, (0.0, 100.0));
        assert!(axis.ticks(4).len() >= 3);
        let axis = Axis::logarithmic(0.05, 900_000.0, (0.0, 100.0));
        assert!(axis.ticks(5).len() <= 8);
    }

    #[test]
    fn values_are_drawn_in_place_and_never_outside() {
        let axis = Axis::linear(10.0, 20.0, (100.0, 0.0));
        let drawn = [5.0, 10.0, 15.0, 99.0].map(|v| axis.px(v) as i32);
        assert_eq!(drawn, [100, 100, 50, 0]);
        let axis = Axis::logarithmic(1.0, 100.0, (0.0, 100.0));
        let drawn = [0.0, 1.0, 10.0, 1e9].map(|v| axis.px(v).round() as i32);
        assert_eq!(drawn, [0, 0, 50, 100]);
        assert_eq!(rounded(&axis.edges(2)), [1, 10, 100]);
    }

    fn rounded(values: &[f64]) -> Vec<i64> {
        values.iter().map(|value| value.round() as i64).collect()
    }

    #[test]
    fn nothing_and_infinity_have_a_scale_too() {
        let found =
            [0.0, f64::NAN, 3.0, 0.02, 600.0].map(|value| (nice(value) * 100.0).round() as u32);
        assert_eq!(found, [100, 100, 500, 2, 100_000]);
        let flat = Axis::linear(5.0, 5.0, (0.0, 1.0));
        assert!(flat.px(5.0).is_finite() && !flat.ticks(4).is_empty());
        let flat = Axis::logarithmic(0.0, 0.0, (0.0, 1.0));
        assert!(flat.px(5.0).is_finite());
    }
}
