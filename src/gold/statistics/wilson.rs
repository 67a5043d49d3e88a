//! How far a rate that was seen can be from the true one.

/// The bounds within which the true rate lies in 19 of 20 cases (Wilson 1927); `None` of nothing.
pub fn wilson(successes: i64, total: i64) -> Option<(f64, f64)> {
    if total <= 0 {
        return None;
    }
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (total as f64, successes as f64 / total as f64);
    let middle = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let bounds = ((middle - spread) / scale, (middle + spread) / scale);
    Some((bounds.0.clamp(0.0, p), bounds.1.clamp(p, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A10
    #[test]
    fn rates_of_few_are_uncertain() {
        let percent = |successes, total| {
            wilson(successes, total).map(|(low, high)| {
                (
                    (low * 1000.0).round() / 10.0,
                    (high * 1000.0).round() / 10.0,
                )
            })
        };
        assert_eq!(percent(1, 4), Some((4.6, 69.9)));
        assert_eq!(percent(0, 3), Some((0.0, 56.1)));
        assert_eq!(percent(4, 23), Some((7.0, 37.1)));
        assert_eq!(percent(5, 100), Some((2.2, 11.2)));
        assert_eq!(percent(0, 0), None);
    }
}
