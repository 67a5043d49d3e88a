//! A source's options: what may be said of it, and what is refused at once.

use chrono::{DateTime, Days, NaiveDate, Utc};
use reqwest::Url;

use super::{KINDS, Kind, Source, kind};
use crate::http::AddressPolicy;

/// Where an option stands: in the foreign server, which everyone can read, or in the user
/// mapping, which holds the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// `CREATE SERVER … OPTIONS`
    Server,
    /// `CREATE USER MAPPING … OPTIONS`
    UserMapping,
}

/// Options that a server of every kind may have.
const COMMON_OPTIONS: &[&str] = &[
    "kind",
    "base_url",
    "since",
    "concurrency",
    "max_share",
    "allow_private",
    "secret_file",
];
/// Options a user mapping may have.
const MAPPING_OPTIONS: &[&str] = &["secret"];
/// Options that make the server itself read a file or reach into its own network.
pub const SUPERUSER_OPTIONS: &[&str] = &["allow_private", "secret_file"];

const DEFAULT_SINCE_DAYS: u64 = 90;
/// More than so many requests at a time gain little, and APIs ask for few.
const DEFAULT_CONCURRENCY: usize = 8;
const MAX_CONCURRENCY: usize = 16;

/// What is wrong with an option.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum OptionError {
    /// No such option.
    #[error("unknown option {name:?}; allowed here: {allowed}")]
    Unknown {
        /// What was given.
        name: String,
        /// What there is.
        allowed: String,
    },
    /// A secret among the options that everyone can read.
    #[error(
        "option {0:?} is a secret and does not belong among a server's options, which everyone can read; give it as the argument \"secret\" of diogen.add_source, in a user mapping, or as the option \"secret_file\""
    )]
    SecretInServer(String),
    /// No kind, or an unknown one.
    #[error("unknown kind {kind:?}; allowed: {}", kinds())]
    Kind {
        /// What was given.
        kind: String,
    },
    /// A value that cannot be used.
    #[error("option {name} cannot be {value:?}: {expected}")]
    Value {
        /// The option.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// A required option is absent.
    #[error("option {0} is required: {1}")]
    Missing(&'static str, &'static str),
    /// The option needs rights that the caller lacks.
    #[error(
        "option {0:?} may be set so by a superuser only: it makes the server read a file or reach into its own network"
    )]
    SuperuserOnly(String),
}

/// How far back a first pass goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Days(u64),
    At(DateTime<Utc>),
}

/// The options that every kind of source has, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where its API lives.
    pub base_url: Url,
    /// Which addresses may be connected to.
    pub address_policy: AddressPolicy,
    /// How many requests may be under way at a time.
    pub concurrency: usize,
    /// Which part of the credential's rate limit may be used up.
    pub max_share: f64,
    /// A file on the server that holds the secret.
    pub secret_file: Option<String>,
    since: Since,
}

fn kinds() -> String {
    let names: Vec<_> = KINDS.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

impl Options {
    /// How far back a first pass goes, as the option says it.
    pub fn since(&self) -> String {
        match self.since {
            Since::Days(days) => format!("{days} days"),
            Since::At(at) => at.to_rfc3339(),
        }
    }

    /// Nothing older than this is fetched.
    pub fn horizon(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self.since {
            Since::Days(days) => now.checked_sub_days(Days::new(days)).unwrap_or(now),
            Since::At(at) => at,
        }
    }

    /// The URL at a path below the base URL.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}{path}", self.base_url.path()));
        url
    }
}

/// A source with a server's options.
pub fn configure<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Box<dyn Source>, OptionError> {
    let (kind, common, own) = read(pairs)?;
    kind.configure(common, &own)
}

/// The kind, the options that every kind has, and those of its own.
pub fn read<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(&'static dyn Kind, Options, Vec<(&'a str, &'a str)>), OptionError> {
    let mut found = None;
    let mut base_url = None;
    let mut since = Since::Days(DEFAULT_SINCE_DAYS);
    let mut concurrency = DEFAULT_CONCURRENCY;
    let mut max_share = 1.0;
    let mut allow_private = false;
    let mut secret_file = None;
    let mut own = Vec::new();
    for (name, value) in pairs {
        match name {
            "kind" => found = Some(kind(value)?),
            "base_url" => base_url = Some(value),
            "since" => since = parse_since(value)?,
            "concurrency" => concurrency = parse_concurrency(value)?,
            "max_share" => max_share = parse_share(value)?,
            "allow_private" => allow_private = parse_boolean("allow_private", value)?,
            "secret_file" => secret_file = Some(value.to_owned()),
            _ => own.push((name, value)),
        }
    }
    let kind = found.ok_or(OptionError::Missing(
        "kind",
        "what the source is: github or jira",
    ))?;
    let unknown = |(name, _): &&(&str, &str)| !kind.option_names().contains(name);
    if let Some((name, _)) = own.iter().find(unknown) {
        return Err(refuse(name, &server_options(kind), Where::Server));
    }
    let base_url = base_url
        .or(kind.default_base_url())
        .ok_or(OptionError::Missing(
            "base_url",
            "where the API lives, such as https://example.atlassian.net",
        ))?;
    let base_url = parse_base_url(base_url, allow_private)?;
    let common = Options {
        address_policy: AddressPolicy::for_url(&base_url, allow_private),
        base_url,
        concurrency,
        max_share,
        secret_file,
        since,
    };
    Ok((kind, common, own))
}

fn server_options(kind: &dyn Kind) -> Vec<&'static str> {
    [COMMON_OPTIONS, kind.option_names()].concat()
}

/// Checks the options of a `CREATE` or `ALTER` statement.
pub fn validate<'a>(
    place: Where,
    pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    is_superuser: bool,
) -> Result<(), OptionError> {
    match place {
        Where::Server => {
            let source = configure(pairs.clone())?;
            if source.options().address_policy != AddressPolicy::Public && !is_superuser {
                return Err(OptionError::SuperuserOnly("base_url".to_owned()));
            }
            match pairs
                .map(|(name, _)| name)
                .find(|name| SUPERUSER_OPTIONS.contains(name) && !is_superuser)
            {
                Some(name) => Err(OptionError::SuperuserOnly(name.to_owned())),
                None => Ok(()),
            }
        }
        Where::UserMapping => {
            for (name, value) in pairs {
                if !MAPPING_OPTIONS.contains(&name) {
                    return Err(refuse(name, MAPPING_OPTIONS, Where::UserMapping));
                }
                if value.is_empty() {
                    return Err(OptionError::Missing("secret", "it is empty"));
                }
            }
            Ok(())
        }
    }
}

fn refuse(name: &str, allowed: &[&str], place: Where) -> OptionError {
    let lower = name.to_ascii_lowercase();
    let secret_words = ["secret", "token", "password", "private_key", "api_key"];
    if place == Where::Server && secret_words.iter().any(|word| lower.contains(word)) {
        return OptionError::SecretInServer(name.to_owned());
    }
    OptionError::Unknown {
        name: name.to_owned(),
        allowed: allowed.join(", "),
    }
}

fn parse_base_url(value: &str, allow_private: bool) -> Result<Url, OptionError> {
    let refused = |expected: String| OptionError::Value {
        name: "base_url",
        // Whatever follows a user name could be a password.
        value: if value.contains('@') {
            "…@…"
        } else {
            value
        }
        .to_owned(),
        expected,
    };
    let mut url = Url::parse(value)
        .map_err(|error| refused(format!("{error}; give something like https://host/path")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("credentials do not belong into the URL".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it must end with its path".to_owned()));
    }
    let policy = AddressPolicy::for_url(&url, allow_private);
    if url.host_str().is_none_or(|host| !policy.allows_host(host)) {
        return Err(refused(
            "it is not a public address; set the option allow_private to reach private networks"
                .to_owned(),
        ));
    }
    match url.scheme() {
        "https" => {}
        "http" if policy != AddressPolicy::Public => {}
        "http" => {
            return Err(refused(
                "it must start with https://, unless it names this machine itself or the option allow_private is set".to_owned(),
            ));
        }
        _ => return Err(refused("it must start with https://".to_owned())),
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn parse_since(value: &str) -> Result<Since, OptionError> {
    let days = value
        .strip_suffix("days")
        .or_else(|| value.strip_suffix("day"))
        .and_then(|days| days.trim().parse().ok());
    if let Some(days) = days {
        return Ok(Since::Days(days));
    }
    let date = NaiveDate::parse_from_str(value, "%Y-%m-%d")
        .ok()
        .and_then(|date| date.and_hms_opt(0, 0, 0))
        .map(|time| time.and_utc());
    let time = DateTime::parse_from_rfc3339(value).ok();
    date.or(time.map(|time| time.to_utc()))
        .map(Since::At)
        .ok_or_else(|| OptionError::Value {
            name: "since",
            value: value.to_owned(),
            expected: "give a number of days such as \"90 days\", a date such as \"2026-01-31\", or a time such as \"2026-01-31T00:00:00Z\"".to_owned(),
        })
}

fn parse_boolean(name: &'static str, value: &str) -> Result<bool, OptionError> {
    match value {
        "true" | "on" => Ok(true),
        "false" | "off" => Ok(false),
        _ => Err(OptionError::Value {
            name,
            value: value.to_owned(),
            expected: "give true or false".to_owned(),
        }),
    }
}

fn parse_concurrency(value: &str) -> Result<usize, OptionError> {
    value
        .parse()
        .ok()
        .filter(|number| (1..=MAX_CONCURRENCY).contains(number))
        .ok_or_else(|| OptionError::Value {
            name: "concurrency",
            value: value.to_owned(),
            expected: format!("give a number of requests between 1 and {MAX_CONCURRENCY}"),
        })
}

fn parse_share(value: &str) -> Result<f64, OptionError> {
    value
        .parse()
        .ok()
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| OptionError::Value {
            name: "max_share",
            value: value.to_owned(),
            expected: "give a part of the rate limit that is above 0 and at most 1, such as 0.5"
                .to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&'static str, &'static str)]) -> Result<Options, OptionError> {
        let basis = [("kind", "github"), ("repositories", "acme/*")];
        let source = configure(basis.into_iter().chain(pairs.iter().copied()))?;
        Ok(source.options().clone())
    }

    fn refusal(pairs: &[(&'static str, &'static str)]) -> String {
        parse(pairs).expect_err("a refusal").to_string()
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let options = parse(&[]).expect("options");
        let now = DateTime::parse_from_rfc3339("2026-06-30T00:00:00Z")
            .expect("a time")
            .to_utc();
        assert_eq!(options.base_url.as_str(), "https://api.github.com/");
        assert_eq!(
            options.horizon(now).to_rfc3339(),
            "2026-04-01T00:00:00+00:00"
        );
        assert_eq!(options.address_policy, AddressPolicy::Public);
        assert_eq!((options.concurrency, options.max_share), (8, 1.0));
    }

    #[test]
    fn since_takes_days_a_date_or_a_time() {
        let now = Utc::now();
        for (since, expected) in [
            ("2026-01-31", "2026-01-31T00:00:00+00:00"),
            ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00+00:00"),
        ] {
            let options = parse(&[("since", since)]).expect("options");
            assert_eq!(options.horizon(now).to_rfc3339(), expected);
        }
        assert!(parse(&[("since", "7 days")]).is_ok());
        assert!(refusal(&[("since", "yesterday")]).contains("90 days"));
    }

    #[test]
    fn refusals_name_what_is_allowed() {
        assert!(refusal(&[("repos", "x")]).contains("repositories"));
        assert!(refusal(&[("kind", "svn")]).contains("github, jira"));
        assert!(refusal(&[("token", "x")]).contains("everyone can read"));
        assert!(refusal(&[("base_url", "api.github.com")]).contains("https://"));
        assert!(refusal(&[("base_url", "http://api.github.com")]).contains("https://"));
        assert!(refusal(&[("base_url", "ftp://api.github.com")]).contains("https://"));
        assert!(refusal(&[("allow_private", "perhaps")]).contains("true or false"));
        assert!(refusal(&[("concurrency", "0")]).contains("between 1 and 16"));
        assert!(refusal(&[("max_share", "110%")]).contains("at most 1"));
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        let message = refusal(&[("base_url", "https://me:hunter2@api.github.com")]);
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn plain_http_needs_loopback_or_permission() {
        assert!(parse(&[("base_url", "http://127.0.0.1:8080")]).is_ok());
        assert!(parse(&[("base_url", "http://10.0.0.8")]).is_err());
        assert!(parse(&[("base_url", "http://10.0.0.8"), ("allow_private", "true")]).is_ok());
    }

    #[test]
    fn what_the_server_acts_on_is_for_superusers() {
        let pairs = [
            ("kind", "github"),
            ("repositories", "a/b"),
            ("secret_file", "/run/secrets/token"),
        ];
        let check = |superuser| validate(Where::Server, pairs.into_iter(), superuser);
        assert_eq!(check(true), Ok(()));
        assert!(matches!(check(false), Err(OptionError::SuperuserOnly(_))));
        let mapping =
            |name, value| validate(Where::UserMapping, [(name, value)].into_iter(), false);
        assert_eq!(mapping("secret", "x"), Ok(()));
        assert!(mapping("token", "x").is_err());
        assert!(mapping("secret", "").is_err());
    }
}
