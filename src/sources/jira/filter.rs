//! Which projects are wanted: `PAY, OPS, TEAM*, !OLD*`.

use std::fmt;

use glob::Pattern;

use crate::sources::OptionError;

/// The option `projects`, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectFilter {
    wanted: Vec<Wanted>,
    excluded: Vec<Wanted>,
}

/// One entry: a project's key, or a pattern of keys. Jira writes keys in capitals.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted(Pattern);

impl Wanted {
    /// Reads one entry.
    pub fn parse(entry: &str) -> Result<Self, OptionError> {
        let is_part = |c: char| c.is_alphanumeric() || "_-*?[]".contains(c);
        if entry.is_empty() || !entry.chars().all(is_part) {
            return Err(refused(entry, "it is no project's key"));
        }
        Pattern::new(&entry.to_uppercase())
            .map(Self)
            .map_err(|error| refused(entry, &error.to_string()))
    }

    /// Whether it selects a project.
    pub fn selects(&self, key: &str) -> bool {
        self.0.matches(&key.to_uppercase())
    }

    /// Whether it stands for any number of projects.
    pub fn is_glob(&self) -> bool {
        self.0.as_str().contains(['*', '?', '['])
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl ProjectFilter {
    /// Reads the option's value.
    pub fn parse(value: &str) -> Result<Self, OptionError> {
        let mut filter = Self {
            wanted: Vec::new(),
            excluded: Vec::new(),
        };
        let entries = value.split([',', '\n']).map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            match entry.strip_prefix('!') {
                Some(excluded) => filter.excluded.push(Wanted::parse(excluded.trim())?),
                None => filter.wanted.push(Wanted::parse(entry)?),
            }
        }
        if filter.wanted.is_empty() {
            return Err(refused(value, "it names no project"));
        }
        Ok(filter)
    }

    /// The entries to ask for, one after the other.
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// Whether a project is wanted.
    pub fn selects(&self, key: &str) -> bool {
        self.wanted.iter().any(|wanted| wanted.selects(key))
            && !self.excluded.iter().any(|excluded| excluded.selects(key))
    }
}

fn refused(entry: &str, reason: &str) -> OptionError {
    OptionError::Value {
        name: "projects",
        value: entry.to_owned(),
        expected: format!(
            "{reason}; give keys or patterns of keys such as \"PAY, OPS, TEAM*, !OLD*\", separated by commas"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_by_key_pattern_and_exclusion() {
        let filter = ProjectFilter::parse("PAY, team*, !TEAMOLD*").expect("a filter");
        for (key, expected) in [
            ("PAY", true),
            ("pay", true),
            ("PAYOUT", false),
            ("TEAMA", true),
            ("TEAMOLD1", false),
        ] {
            assert_eq!(filter.selects(key), expected, "{key}");
        }
        let entries: Vec<_> = filter.wanted().iter().map(ToString::to_string).collect();
        assert_eq!(entries, ["PAY", "TEAM*"]);
        assert!(ProjectFilter::parse("*").expect("all").selects("ANY"));
    }

    #[test]
    fn refuses_what_is_no_project() {
        for value in ["", "!OLD", "PAY OPS", "PAY/OPS", "a\"b", "[x"] {
            assert!(ProjectFilter::parse(value).is_err(), "{value}");
        }
    }
}
