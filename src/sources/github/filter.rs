//! Which repositories are wanted: `owner/name, owner/*, !owner/legacy-*`.

use std::fmt;

use glob::Pattern;

use crate::sources::OptionError;

/// The option `repositories`, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryFilter {
    wanted: Vec<Wanted>,
    excluded: Vec<Pattern>,
}

/// One wanted entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Owner login.
    pub owner: String,
    /// A repository name, or a pattern of names.
    pub name: String,
    /// What full names in lower case must match.
    pattern: Pattern,
}

impl Wanted {
    /// Reads one entry: `owner/name` or `owner/*`.
    pub fn parse(entry: &str) -> Result<Self, OptionError> {
        let (owner, name, pattern) = parts(entry)?;
        if is_glob(owner) {
            return Err(refused(entry, "the owner must be written out"));
        }
        Ok(Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            pattern,
        })
    }

    /// Whether it selects a repository, named `owner/name`.
    pub fn selects(&self, repository: &str) -> bool {
        self.pattern.matches(&repository.to_ascii_lowercase())
    }

    /// Whether it stands for any number of repositories.
    pub fn is_glob(&self) -> bool {
        is_glob(&self.name)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl RepositoryFilter {
    /// Reads the option's value.
    pub fn parse(value: &str) -> Result<Self, OptionError> {
        let mut filter = Self {
            wanted: Vec::new(),
            excluded: Vec::new(),
        };
        let entries = value.split([',', '\n']).map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            match entry.strip_prefix('!') {
                Some(excluded) => filter.excluded.push(parts(excluded.trim())?.2),
                None => filter.wanted.push(Wanted::parse(entry)?),
            }
        }
        if filter.wanted.is_empty() {
            return Err(refused(value, "it names no repository"));
        }
        Ok(filter)
    }

    /// The entries to ask for, one after the other.
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// Whether a repository, named `owner/name`, is wanted.
    pub fn selects(&self, repository: &str) -> bool {
        let lower = repository.to_ascii_lowercase();
        self.wanted.iter().any(|wanted| wanted.selects(repository))
            && !self
                .excluded
                .iter()
                .any(|excluded| excluded.matches(&lower))
    }
}

/// Names that match one of several patterns: `release/*, hotfix/*`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Names {
    patterns: Vec<Pattern>,
}

impl Names {
    /// Reads the value of an option.
    pub fn parse(option: &'static str, value: &str) -> Result<Self, OptionError> {
        let patterns = value.split([',', '\n']).map(str::trim);
        let patterns: Result<_, _> = patterns
            .filter(|pattern| !pattern.is_empty())
            .map(Pattern::new)
            .collect();
        patterns
            .map(|patterns| Self { patterns })
            .map_err(|error| OptionError::Value {
                name: option,
                value: value.to_owned(),
                expected: format!(
                    "{error}; give patterns such as \"release/*\", separated by commas"
                ),
            })
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether one of them matches.
    pub fn selects(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(name))
    }

    /// What every matching name begins with, where that is something.
    pub fn common_prefix(&self) -> Option<&str> {
        let [pattern] = self.patterns.as_slice() else {
            return None;
        };
        let plain = pattern.as_str().split(['*', '?', '[']).next();
        plain.filter(|plain| !plain.is_empty())
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<_> = self.patterns.iter().map(Pattern::as_str).collect();
        f.write_str(&patterns.join(", "))
    }
}

/// Owner, name, and the pattern that both make.
fn parts(entry: &str) -> Result<(&str, &str, Pattern), OptionError> {
    let Some((owner, name)) = entry.split_once('/') else {
        return Err(refused(entry, "the owner is missing"));
    };
    if owner.is_empty() || name.is_empty() || name.contains('/') {
        return Err(refused(entry, "it is not of that form"));
    }
    let pattern = Pattern::new(&entry.to_ascii_lowercase())
        .map_err(|error| refused(entry, &error.to_string()))?;
    Ok((owner, name, pattern))
}

fn refused(entry: &str, reason: &str) -> OptionError {
    OptionError::Value {
        name: "repositories",
        value: entry.to_owned(),
        expected: format!(
            "{reason}; give \"owner/name\", \"owner/*\" or \"!owner/name\", separated by commas"
        ),
    }
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_by_name_glob_and_exclusion() {
        let filter =
            RepositoryFilter::parse("acme/*, !acme/legacy-*, other/one").expect("a filter");
        for (repository, expected) in [
            ("acme/api", true),
            ("Acme/API", true),
            ("acme/legacy-api", false),
            ("other/one", true),
            ("other/two", false),
        ] {
            assert_eq!(filter.selects(repository), expected, "{repository}");
        }
        assert_eq!(filter.wanted().len(), 2);
    }

    #[test]
    fn names_have_patterns() {
        let names = Names::parse("release_branches", "release/*").expect("patterns");
        assert!(names.selects("release/1.0") && !names.selects("main"));
        assert_eq!(names.common_prefix(), Some("release/"));
        let two = Names::parse("release_branches", "release/*, hotfix/?").expect("patterns");
        assert!(two.selects("hotfix/1") && two.common_prefix().is_none());
        assert!(Names::parse("release_branches", "").is_ok_and(|none| none.is_empty()));
        assert!(Names::parse("release_branches", "[").is_err());
    }

    #[test]
    fn refuses_what_is_no_repository() {
        for value in [
            "",
            "acme",
            "*/*",
            "acme/",
            "/api",
            "a/b/c",
            "!acme/api",
            "acme/[x",
        ] {
            assert!(RepositoryFilter::parse(value).is_err(), "{value}");
        }
    }
}
