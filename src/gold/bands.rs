//! Where a figure lies among the bands of an edition of DORA's report.

/// A band of one metric: a range, or the one figure that is published of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// What it is called.
    pub name: String,
    /// 1 is the best one.
    pub position: i32,
    /// What it holds.
    pub place: Place,
}

/// What a band holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// Figures between two ends; each with whether it belongs to the band.
    Range(Option<(f64, bool)>, Option<(f64, bool)>),
    /// Figures near this one.
    Near(f64),
}

/// Binary fractions are not exact: what differs by less is as far away.
const PRECISION: f64 = 1e-9;

/// The band that a figure lies in, and whether the edition leaves that open: its bands overlap there,
/// leave a gap, or are not in order. `is_more_better`: of deployments more are better, of everything
/// else less is. `None`: there are no bands.
///
/// Of ranges the best one counts whose worse end the figure does not pass, so a gap between two
/// belongs to the worse. Of single figures the nearest one counts, and of two as near the better.
pub fn find(bands: &[Band], value: f64, is_more_better: bool) -> Option<(&Band, bool)> {
    let distance = |figure: f64| ((figure - value).abs() / PRECISION).round() as i64;
    let nearest = bands.iter().filter_map(|band| match band.place {
        Place::Near(figure) => Some((band, figure, distance(figure))),
        Place::Range(..) => None,
    });
    let nearest = nearest.min_by_key(|(band, _, far)| (*far, band.position));
    if let Some((band, figure, far)) = nearest {
        let is_open = bands.iter().any(|other| match other.place {
            Place::Near(it) => {
                other.position != band.position && distance(it) == far
                    || other.position < band.position && it > figure
                    || other.position > band.position && it < figure
            }
            Place::Range(..) => false,
        });
        return Some((band, is_open));
    }
    let reached = bands
        .iter()
        .filter(|band| band.is_reached(value, is_more_better));
    let best = reached.min_by_key(|band| band.position);
    let holding = bands.iter().filter(|band| band.holds(value)).count();
    match best {
        Some(band) => Some((band, holding != 1)),
        // Beyond the worst range there is nothing worse.
        None => bands
            .iter()
            .max_by_key(|band| band.position)
            .map(|band| (band, false)),
    }
}

impl Band {
    fn holds(&self, value: f64) -> bool {
        match self.place {
            Place::Range(low, high) => is_above(value, low) && is_below(value, high),
            Place::Near(_) => false,
        }
    }

    fn is_reached(&self, value: f64, is_more_better: bool) -> bool {
        match self.place {
            Place::Range(low, _) if is_more_better => is_above(value, low),
            Place::Range(_, high) => is_below(value, high),
            Place::Near(_) => false,
        }
    }
}

fn is_above(value: f64, end: Option<(f64, bool)>) -> bool {
    end.is_none_or(|(end, belongs)| value > end || belongs && value == end)
}

fn is_below(value: f64, end: Option<(f64, bool)>) -> bool {
    end.is_none_or(|(end, belongs)| value < end || belongs && value == end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(name: &str, position: i32, low: f64, high: f64) -> Band {
        Band {
            name: name.to_owned(),
            position,
            place: Place::Range(Some((low, true)), Some((high, false))),
        }
    }

    fn near(name: &str, position: i32, figure: f64) -> Band {
        Band {
            name: name.to_owned(),
            position,
            place: Place::Near(figure),
        }
    }

    fn found(bands: &[Band], value: f64) -> Option<(&str, bool)> {
        find(bands, value, false).map(|(band, is_open)| (band.name.as_str(), is_open))
    }

    #[test]
    fn a_gap_belongs_to_the_worse_range() {
        let bands = [range("elite", 1, 0.0, 1.0), range("high", 2, 2.0, 5.0)];
        assert_eq!(found(&bands, 0.5), Some(("elite", false)));
        assert_eq!(found(&bands, 1.0), Some(("high", true)));
        assert_eq!(found(&bands, 2.0), Some(("high", false)));
        assert_eq!(found(&bands, 9.0), Some(("high", false)));
        assert_eq!(found(&[], 9.0), None);
    }

    #[test]
    fn the_nearest_figure_counts_and_disorder_is_told() {
        let bands = [
            near("elite", 1, 0.05),
            near("high", 2, 0.2),
            near("medium", 3, 0.1),
        ];
        assert_eq!(found(&bands, 0.04), Some(("elite", false)));
        assert_eq!(found(&bands, 0.15), Some(("high", true)));
        assert_eq!(found(&bands, 0.11), Some(("medium", true)));
    }

    #[test]
    fn of_deployments_more_are_better() {
        let bands = [range("elite", 1, 1.0, 9.0), range("high", 2, 0.1, 1.0)];
        let found = |value| find(&bands, value, true).map(|(band, _)| band.name.as_str());
        assert_eq!(found(20.0), Some("elite"));
        assert_eq!(found(0.5), Some("high"));
        assert_eq!(found(0.01), Some("high"));
    }
}
