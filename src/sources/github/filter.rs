//! Which repositories are wanted: `owner/name, owner/*, !owner/legacy-*`.

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
    pub name: Name,
}

/// The part after the slash.
#[derive(Debug, Clone, PartialEq)]
pub enum Name {
    /// One repository.
    One(String),
    /// All of the owner's repositories whose full name matches.
    Matching(Pattern),
}

impl RepositoryFilter {
    /// Reads the option's value.
    pub fn parse(value: &str) -> Result<Self, OptionError> {
        let refused = |entry: &str, reason: &str| OptionError::Value {
            name: "repositories",
            value: entry.to_owned(),
            expected: format!(
                "{reason}; give \"owner/name\", \"owner/*\" or \"!owner/name\", separated by commas"
            ),
        };
        let mut filter = Self {
            wanted: Vec::new(),
            excluded: Vec::new(),
        };
        let entries = value.split([',', '\n']).map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let (excludes, name) = match entry.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, entry),
            };
            let Some((owner, repository)) = name.split_once('/') else {
                return Err(refused(entry, "the owner is missing"));
            };
            if owner.is_empty() || repository.is_empty() || repository.contains('/') {
                return Err(refused(entry, "it is not of that form"));
            }
            let pattern = Pattern::new(&name.to_ascii_lowercase())
                .map_err(|error| refused(entry, &error.to_string()))?;
            if excludes {
                filter.excluded.push(pattern);
            } else if is_glob(owner) {
                return Err(refused(entry, "the owner must be written out"));
            } else {
                filter.wanted.push(Wanted {
                    owner: owner.to_owned(),
                    name: if is_glob(repository) {
                        Name::Matching(pattern)
                    } else {
                        Name::One(repository.to_owned())
                    },
                });
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
        let repository = repository.to_ascii_lowercase();
        !self
            .excluded
            .iter()
            .any(|pattern| pattern.matches(&repository))
            && self.wanted.iter().any(|wanted| match &wanted.name {
                Name::One(name) => repository.split_once('/').is_some_and(|(owner, found)| {
                    owner.eq_ignore_ascii_case(&wanted.owner) && found.eq_ignore_ascii_case(name)
                }),
                Name::Matching(pattern) => pattern.matches(&repository),
            })
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
