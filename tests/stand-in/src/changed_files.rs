//! Which files a pull request changes: made up from its numbers whenever somebody asks.

use crate::model::PullRequest;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
    /// It is a copy.
    Copied,
    /// It has other lines.
    Modified,
    /// It has another kind.
    Changed,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path.
    pub path: String,
    /// Lines added.
    pub additions: u32,
    /// Lines deleted.
    pub deletions: u32,
    /// What happened.
    pub change: Change,
}

const FOLDERS: [&str; 12] = [
    "src",
    "src/api",
    "src/jobs",
    "src/storage",
    "services/orders/src",
    "services/billing/src",
    "services/search/src",
    "tests",
    "docs",
    "config",
    "migrations",
    ".github/workflows",
];
const NAMES: [&str; 10] = [
    "handler", "model", "routes", "client", "cache", "worker", "limits", "report", "session",
    "index",
];

/// Ending of the files of a folder.
fn ending(folder: &str) -> &'static str {
    match folder {
        "docs" => "md",
        "config" => "toml",
        "migrations" => "sql",
        ".github/workflows" => "yml",
        _ => "rs",
    }
}

/// The next of a sequence of numbers that look random (splitmix64).
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 33) as usize
}

/// The changed files: as many as the pull request says, with its sums of lines.
pub fn of(pull: &PullRequest) -> Vec<ChangedFile> {
    let count = pull.changed_files;
    let mut state = pull.id;
    let first = next(&mut state);
    let dependencies = pull.title.starts_with("Bump ");
    (0..count)
        .map(|i| {
            // What is left over by an even share goes to the first ones.
            let share = |sum: u32| sum / count + u32::from(i < sum % count);
            let (additions, deletions) = (share(pull.additions), share(pull.deletions));
            let folder = FOLDERS[(first + next(&mut state) % 3) % FOLDERS.len()];
            let name = NAMES[next(&mut state) % NAMES.len()];
            // The number keeps the paths of one pull request apart.
            let path = if dependencies && i == 0 {
                "Cargo.lock".to_owned()
            } else {
                format!("{folder}/{name}_{i}.{}", ending(folder))
            };
            let roll = next(&mut state) % 20;
            let change = match roll {
                0..=3 if additions > 0 && deletions == 0 => Change::Added,
                0 if deletions > 0 && additions == 0 => Change::Deleted,
                1 => Change::Renamed,
                _ => Change::Modified,
            };
            ChangedFile {
                path,
                additions,
                deletions,
                change,
            }
        })
        .collect()
}
