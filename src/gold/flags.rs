//! What is to be said of a change besides its figures.

/// A set of flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    pub const COMMITS_UNKNOWN: u16 = 1 << 0;
    pub const COMMITS_INCOMPLETE: u16 = 1 << 1;
    pub const COMMIT_AFTER_OPEN: u16 = 1 << 2;
    pub const CLOCK_SKEW: u16 = 1 << 3;
    pub const ANCIENT_COMMIT: u16 = 1 << 4;
    pub const FORCE_PUSHED: u16 = 1 << 5;
    pub const UNREVIEWED: u16 = 1 << 6;
    pub const POST_MERGE_REVIEW: u16 = 1 << 7;
    pub const UNAPPROVED: u16 = 1 << 8;
    pub const DEPLOYED_BEFORE_MERGE: u16 = 1 << 9;
    pub const REVERT: u16 = 1 << 10;
    pub const HOTFIX: u16 = 1 << 11;
    pub const FILES_UNKNOWN: u16 = 1 << 12;

    /// In the order of their bits.
    const NAMES: [&str; 13] = [
        "commits_unknown",
        "commits_incomplete",
        "commit_after_open",
        "clock_skew",
        "ancient_commit",
        "force_pushed",
        "unreviewed",
        "post_merge_review",
        "unapproved",
        "deployed_before_merge",
        "revert",
        "hotfix",
        "files_unknown",
    ];

    /// Adds a flag.
    pub fn set(&mut self, flag: u16) {
        self.0 |= flag;
    }

    /// Whether a flag is among them.
    pub fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        names(self.0, &Self::NAMES)
    }
}

/// The names of the bits that are set.
pub fn names(bits: u16, names: &[&'static str]) -> Vec<&'static str> {
    let all = names.iter().enumerate();
    all.filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, name)| *name)
        .collect()
}
