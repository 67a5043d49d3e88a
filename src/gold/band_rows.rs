//! The bands that `diogen.bands` holds.

use std::collections::HashMap;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::bands::{Band, Place, find};
use crate::error::Error;

const BANDS: &str = "
    SELECT b.metric, b.band, b.position, b.published_value::float8, lower(b.limits)::float8,
           lower_inc(b.limits), upper(b.limits)::float8, upper_inc(b.limits)
    FROM diogen.bands b
    WHERE b.edition = $1
    ORDER BY b.metric, b.position";

/// The bands of an edition, by metric.
pub type Edition = HashMap<String, Vec<Band>>;

/// The metric of which more is better.
pub const FREQUENCY: &str = "deployment_frequency";

/// Reads the bands of an edition.
pub fn read(edition: &str) -> Result<Edition, Error> {
    Spi::connect(|client| {
        let mut bands = Edition::new();
        for row in client.select(BANDS, None, &[edition.into()])? {
            let end = |value: usize, belongs: usize| -> Result<_, Error> {
                let value: Option<f64> = row.get(value)?;
                let belongs: Option<bool> = row.get(belongs)?;
                Ok(value.zip(belongs))
            };
            let published: Option<f64> = row.get(4)?;
            let (metric, name): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
            let position: Option<i32> = row.get(3)?;
            let band = Band {
                name: name.unwrap_or_default(),
                position: position.unwrap_or_default(),
                place: match published {
                    Some(figure) => Place::Near(figure),
                    None => Place::Range(end(5, 6)?, end(7, 8)?),
                },
            };
            bands
                .entry(metric.unwrap_or_default())
                .or_default()
                .push(band);
        }
        Ok(bands)
    })
}

/// The lowest of the bands that figures lie in, given with their metrics.
pub fn lowest(
    edition: &Edition,
    figures: impl IntoIterator<Item = (&'static str, f64)>,
) -> Option<&str> {
    let found = figures
        .into_iter()
        .filter_map(|(metric, value)| find(edition.get(metric)?, value, metric == FREQUENCY));
    let lowest = found.max_by_key(|(band, _)| band.position);
    lowest.map(|(band, _)| band.name.as_str())
}

/// The band of an edition that a figure of a metric lies in, and whether the edition leaves that
/// open. No row where there is no figure, or the edition has no bands of the metric.
#[pg_extern(stable, strict, parallel_restricted)]
fn find_band(
    metric: &str,
    value: f64,
    edition: &str,
) -> Result<TableIterator<'static, (name!(band, String), name!(is_ambiguous, bool))>, ErrorReport> {
    let bands = read(edition)?;
    let found = bands
        .get(metric)
        .and_then(|bands| find(bands, value, metric == FREQUENCY));
    let row = found.map(|(band, is_open)| (band.name.clone(), is_open));
    Ok(TableIterator::new(row))
}
