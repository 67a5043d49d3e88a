//! What is to be said of a change besides its figures.

/// A set of flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// No commit of it is known.
    pub const COMMITS_UNKNOWN: u16 = 1 << 0;
    /// The API counts more commits than are known.
    pub const COMMITS_INCOMPLETE: u16 = 1 << 1;
    /// The first commit is younger than the pull request.
    pub const COMMIT_AFTER_OPEN: u16 = 1 << 2;
    /// The first commit is younger than the merge.
    pub const CLOCK_SKEW: u16 = 1 << 3;
    /// The first commit is far older than the pull request.
    pub const ANCIENT_COMMIT: u16 = 1 << 4;
    /// A force push replaced commits of it.
    pub const FORCE_PUSHED: u16 = 1 << 5;
    /// No human but the author reviewed it before the merge.
    pub const UNREVIEWED: u16 = 1 << 6;
    /// One did after it.
    pub const POST_MERGE_REVIEW: u16 = 1 << 7;
    /// Reviewed, not approved.
    pub const UNAPPROVED: u16 = 1 << 8;
    /// The deployment finished before the merge.
    pub const DEPLOYED_BEFORE_MERGE: u16 = 1 << 9;
    /// It takes another change back.
    pub const REVERT: u16 = 1 << 10;
    /// A label or branch marks it as unplanned.
    pub const HOTFIX: u16 = 1 << 11;
    /// Which files it touches is not known.
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
