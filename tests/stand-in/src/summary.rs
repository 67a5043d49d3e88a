//! One line about what is served.

use crate::model::Organisation;
use crate::server::Server;

impl Server {
    /// What is served, in one line.
    pub fn summary(&self) -> String {
        let world = self.world();
        let parts: Vec<String> = world.organisations.iter().map(describe).collect();
        parts.join("; ")
    }
}

fn describe(organisation: &Organisation) -> String {
    let repositories = &organisation.repositories;
    let sum = |count: fn(&crate::model::Repository) -> usize| {
        grouped(repositories.iter().map(|r| count(r)).sum())
    };
    format!(
        "{}: {} repositories, {} pull requests, {} commits, {} deployments, {} releases, {} issues",
        organisation.login,
        repositories.len(),
        sum(|r| r.pull_requests.len()),
        sum(|r| r.commits.len()),
        sum(|r| r.deployments.len()),
        sum(|r| r.releases.len()),
        sum(|r| r.issues.len()),
    )
}

/// A number with commas between the thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_grouped() {
        assert_eq!(super::grouped(7), "7");
        assert_eq!(super::grouped(1_234), "1,234");
        assert_eq!(super::grouped(1_234_567), "1,234,567");
    }
}
