//! What people write.

use super::dice::Dice;

const VERBS: [&str; 12] = [
    "Add", "Fix", "Simplify", "Speed up", "Rework", "Remove", "Clean up", "Test", "Document",
    "Extend", "Guard", "Split",
];
const DETAILS: [&str; 14] = [
    "for guests",
    "on retry",
    "behind a flag",
    "for large orders",
    "when the cache is cold",
    "in the API",
    "for mobile",
    "with fewer queries",
    "after a timeout",
    "in Safari",
    "for partners",
    "without a lock",
    "in the logs",
    "at start",
];
const STEPS: [&str; 8] = [
    "Start",
    "Work on",
    "Finish",
    "Add a test for",
    "Tidy",
    "Handle errors in",
    "Rename things in",
    "Adjust",
];
const PACKAGES: [&str; 14] = [
    "serde",
    "tokio",
    "hyper",
    "rustls",
    "clap",
    "chrono",
    "tracing",
    "actions/checkout",
    "docker/build-push-action",
    "terraform-aws-modules/vpc/aws",
    "prometheus",
    "golang.org/x/net",
    "alpine",
    "openssl",
];

/// Title of a pull request.
pub fn title(dice: &mut Dice, topics: &[&str]) -> String {
    let (verb, topic) = (*dice.pick(&VERBS), *dice.pick(topics));
    if dice.chance(0.6) {
        format!("{verb} {topic} {}", dice.pick(&DETAILS))
    } else {
        format!("{verb} {topic}")
    }
}

/// A branch for a title.
pub fn branch(login: &str, title: &str) -> String {
    format!("{login}/{}", slug(title))
}

/// Letters and digits with dashes between them.
pub fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

/// Message of a commit on the way to a title.
pub fn step(dice: &mut Dice, title: &str) -> String {
    let rest = title.split_once(' ').map_or(title, |(_, rest)| rest);
    format!("{} {rest}", dice.pick(&STEPS))
}

/// What dependabot updates: package, from, to.
pub fn update(dice: &mut Dice) -> (String, String, String) {
    let package = (*dice.pick(&PACKAGES)).to_owned();
    let (major, minor, patch) = (dice.range(0, 4), dice.range(0, 40), dice.range(0, 9));
    let from = format!("{major}.{minor}.{patch}");
    let to = if dice.chance(0.6) {
        format!("{major}.{minor}.{}", patch + 1)
    } else {
        format!("{major}.{}.0", minor + 1)
    };
    (package, from, to)
}
