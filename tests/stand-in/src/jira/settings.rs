//! What the Jira part of a stand-in serves and how.

use chrono_tz::Tz;

/// Which of the two Jiras answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Atlassian's own: REST v3, searched page by page with tokens.
    Cloud,
    /// Installed by its owner: REST v2, searched with `startAt`.
    DataCenter,
}

/// Settings of the Jira part.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Cloud or Data Center.
    pub flavour: Flavour,
    /// Issues of each of the three projects.
    pub issues_per_project: u32,
    /// Exactly so many changes for every issue, rather than a believable number.
    pub histories_per_issue: Option<u32>,
    /// Time zone of the API user: JQL's times are read in it, documents' times written.
    pub time_zone: Tz,
    /// The API user's e-mail address; on Data Center the user name.
    pub email: String,
    /// The API user's token, or the personal access token.
    pub token: String,
    /// Requests a second that one endpoint answers before it says 429 (Cloud).
    pub requests_per_second: u64,
    /// How long the search does not know of a change (Cloud), save for `reconcileIssues`.
    pub index_lag_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            flavour: Flavour::Cloud,
            issues_per_project: 300,
            histories_per_issue: None,
            time_zone: Tz::Europe__Berlin,
            email: "metrics@acme.example".to_owned(),
            token: crate::TOKEN.to_owned(),
            requests_per_second: 10_000,
            index_lag_seconds: 0,
        }
    }
}

impl Settings {
    /// The settings of Data Center with everything else as usual.
    pub fn data_center() -> Self {
        Settings {
            flavour: Flavour::DataCenter,
            ..Settings::default()
        }
    }

    /// Many small issues, for measuring.
    pub fn bulk(flavour: Flavour) -> Self {
        Settings {
            flavour,
            issues_per_project: 5_000,
            histories_per_issue: Some(5),
            requests_per_second: 1_000_000,
            ..Settings::default()
        }
    }
}
