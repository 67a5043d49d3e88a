//! What the environment says of a bench.

/// The number in a variable of the environment.
pub fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |it| it.parse().expect("a number"))
}
