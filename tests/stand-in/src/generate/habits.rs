//! Who works on what, and how: the habits that make the repositories differ.

use super::dice::Hours;
use crate::model::User;
use std::sync::Arc;

/// How pull requests reach the default branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One new commit.
    Squash,
    /// A merge commit.
    Merge,
    /// New copies of all commits.
    Rebase,
}

/// How the default branch reaches production.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delivery {
    /// Some minutes after every merge.
    Continuous,
    /// At these local hours on weekdays.
    Slots(&'static [i64]),
    /// A release on this weekday (0 is Monday), never a deployment.
    Releases(i64),
    /// Neither deployments nor releases.
    Nothing,
}

/// How a repository is worked on.
#[derive(Debug, Clone)]
pub struct Habit {
    /// Name without the owner.
    pub name: &'static str,
    /// Team.
    pub team: &'static str,
    /// Pull requests by humans on a weekday.
    pub pulls_per_day: f64,
    /// Weights of squash, merge and rebase.
    pub styles: [f64; 3],
    /// Median working minutes until the first review.
    pub review_median: f64,
    /// Spread of it.
    pub review_sigma: f64,
    /// Share merged without a review.
    pub unreviewed: f64,
    /// Share opened as a draft.
    pub drafts: f64,
    /// Share closed without merging.
    pub closed: f64,
    /// Commits on a weekday without a pull request.
    pub direct_per_day: f64,
    /// Delivery.
    pub delivery: Delivery,
    /// Whether a staging deployment comes first.
    pub staging: bool,
    /// Share of production deployments that fail.
    pub failures: f64,
    /// Share of production deployments (or releases) that cause an incident.
    pub incidents: f64,
    /// Dependabot is at work.
    pub dependabot: bool,
    /// A bot that reviews code is at work.
    pub review_bot: bool,
    /// Merges wait in a queue.
    pub merge_queue: bool,
    /// Archived after this share of the days.
    pub archived_after: Option<f64>,
    /// Part of titles, branches and paths.
    pub topics: &'static [&'static str],
}

const BASE: Habit = Habit {
    name: "",
    team: "",
    pulls_per_day: 1.0,
    styles: [1.0, 0.0, 0.0],
    review_median: 120.0,
    review_sigma: 1.1,
    unreviewed: 0.08,
    drafts: 0.15,
    closed: 0.06,
    direct_per_day: 0.1,
    delivery: Delivery::Nothing,
    staging: false,
    failures: 0.04,
    incidents: 0.03,
    dependabot: false,
    review_bot: false,
    merge_queue: false,
    archived_after: None,
    topics: &[],
};

/// The repositories of the organisation, by name.
pub fn repositories() -> Vec<Habit> {
    vec![
        Habit {
            name: "checkout",
            team: "payments",
            pulls_per_day: 1.6,
            styles: [0.35, 0.65, 0.0],
            delivery: Delivery::Slots(&[10, 15]),
            staging: true,
            failures: 0.05,
            incidents: 0.13,
            topics: &[
                "cart",
                "payment form",
                "3-D Secure",
                "vouchers",
                "receipts",
                "retries",
            ],
            ..BASE
        },
        Habit {
            name: "gateway",
            team: "platform",
            pulls_per_day: 2.2,
            review_median: 45.0,
            drafts: 0.08,
            unreviewed: 0.05,
            direct_per_day: 0.02,
            delivery: Delivery::Continuous,
            staging: true,
            failures: 0.03,
            incidents: 0.02,
            merge_queue: true,
            topics: &[
                "routing",
                "rate limits",
                "tracing",
                "TLS",
                "health checks",
                "headers",
            ],
            ..BASE
        },
        Habit {
            name: "infra",
            team: "platform",
            pulls_per_day: 0.7,
            styles: [0.8, 0.2, 0.0],
            review_median: 90.0,
            unreviewed: 0.2,
            direct_per_day: 0.3,
            delivery: Delivery::Slots(&[11]),
            failures: 0.08,
            incidents: 0.04,
            dependabot: true,
            topics: &["cluster", "alerts", "backups", "DNS", "runners", "quotas"],
            ..BASE
        },
        Habit {
            name: "ledger",
            team: "payments",
            pulls_per_day: 0.9,
            review_median: 660.0,
            review_sigma: 1.2,
            unreviewed: 0.01,
            closed: 0.1,
            direct_per_day: 0.03,
            delivery: Delivery::Releases(1),
            incidents: 0.12,
            topics: &[
                "postings",
                "balances",
                "exports",
                "currencies",
                "audit log",
                "month end",
            ],
            ..BASE
        },
        Habit {
            name: "legacy-cart",
            team: "storefront",
            pulls_per_day: 0.4,
            styles: [0.0, 1.0, 0.0],
            unreviewed: 0.3,
            delivery: Delivery::Slots(&[14]),
            archived_after: Some(0.3),
            topics: &["cart", "migration", "shutdown"],
            ..BASE
        },
        Habit {
            name: "search",
            team: "storefront",
            pulls_per_day: 1.0,
            styles: [0.1, 0.2, 0.7],
            review_median: 200.0,
            closed: 0.09,
            delivery: Delivery::Slots(&[13]),
            failures: 0.22,
            incidents: 0.05,
            topics: &[
                "index",
                "ranking",
                "synonyms",
                "suggestions",
                "facets",
                "crawler",
            ],
            ..BASE
        },
        Habit {
            name: "toolbox",
            team: "platform",
            pulls_per_day: 0.4,
            styles: [0.3, 0.7, 0.0],
            review_median: 240.0,
            unreviewed: 0.25,
            direct_per_day: 0.2,
            topics: &["command line", "templates", "linters", "scripts"],
            ..BASE
        },
        Habit {
            name: "web",
            team: "storefront",
            pulls_per_day: 1.7,
            styles: [0.05, 0.95, 0.0],
            review_median: 150.0,
            drafts: 0.45,
            delivery: Delivery::Slots(&[14]),
            staging: true,
            failures: 0.06,
            incidents: 0.07,
            review_bot: true,
            topics: &[
                "home page",
                "product page",
                "menu",
                "images",
                "translations",
                "styles",
            ],
            ..BASE
        },
    ]
}

/// A team's working hours.
pub fn hours(team: &str) -> Hours {
    let offset = match team {
        "payments" => 3_600,
        "platform" => -2 * 3_600,
        _ => 0,
    };
    Hours { offset }
}

const PEOPLE: [(&str, &str, &str); 21] = [
    ("payments", "amara-obi", "Amara Obi"),
    ("payments", "bruno-keller", "Bruno Keller"),
    ("payments", "chen-li", "Chen Li"),
    ("payments", "dora-novak", "Dora Novák"),
    ("payments", "elif-kaya", "Elif Kaya"),
    ("payments", "farid-haddad", "Farid Haddad"),
    ("payments", "greta-lund", "Greta Lund"),
    ("platform", "hugo-marin", "Hugo Marín"),
    ("platform", "ines-costa", "Inês Costa"),
    ("platform", "jonas-weber", "Jonas Weber"),
    ("platform", "kira-sato", "Kira Sato"),
    ("platform", "liam-byrne", "Liam Byrne"),
    ("platform", "mei-tanaka", "Mei Tanaka"),
    ("storefront", "nils-berg", "Nils Berg"),
    ("storefront", "olga-petrova", "Olga Petrova"),
    ("storefront", "paul-adeyemi", "Paul Adeyemi"),
    ("storefront", "quinn-harper", "Quinn Harper"),
    ("storefront", "rosa-diaz", "Rosa Díaz"),
    ("storefront", "sami-virtanen", "Sami Virtanen"),
    ("storefront", "tara-singh", "Tara Singh"),
    // A person whose login looks like a bot's: only the type says who is one.
    ("storefront", "robot-ann", "Ann Robottom"),
];

const BOTS: [&str; 4] = [
    "dependabot",
    "github-actions",
    "acme-reviewer",
    "acme-pager",
];

/// The people and bots of the organisation.
#[derive(Debug, Clone)]
pub struct Staff {
    people: Vec<(&'static str, Arc<User>)>,
    bots: Vec<Arc<User>>,
}

impl Staff {
    /// Everyone.
    pub fn new() -> Self {
        let human = |(i, (team, login, name)): (usize, &(&'static str, &str, &str))| {
            let id = 41_000_000 + 137 * i as u64;
            // Some hide their address, as many do.
            let email = if i % 4 == 3 {
                format!("{id}+{login}@users.noreply.github.com")
            } else {
                format!("{login}@acme.example")
            };
            let user = User {
                id,
                login: (*login).to_owned(),
                name: (*name).to_owned(),
                email,
                is_bot: false,
            };
            (*team, Arc::new(user))
        };
        let bot = |(i, name): (usize, &&str)| {
            let id = 49_000_000 + 53 * i as u64;
            Arc::new(User {
                id,
                login: format!("{name}[bot]"),
                name: format!("{name}[bot]"),
                email: format!("{id}+{name}[bot]@users.noreply.github.com"),
                is_bot: true,
            })
        };
        Staff {
            people: PEOPLE.iter().enumerate().map(human).collect(),
            bots: BOTS.iter().enumerate().map(bot).collect(),
        }
    }

    /// People and bots together.
    pub fn everyone(&self) -> Vec<Arc<User>> {
        let people = self.people.iter().map(|(_, u)| u);
        people.chain(&self.bots).cloned().collect()
    }

    /// A team's people.
    pub fn team(&self, team: &str) -> Vec<Arc<User>> {
        let members = self.people.iter().filter(|(t, _)| *t == team);
        members.map(|(_, u)| u.clone()).collect()
    }

    /// The people of the other teams.
    pub fn others(&self, team: &str) -> Vec<Arc<User>> {
        let others = self.people.iter().filter(|(t, _)| *t != team);
        others.map(|(_, u)| u.clone()).collect()
    }

    /// Dependabot.
    pub fn dependabot(&self) -> Arc<User> {
        self.bots[0].clone()
    }

    /// The workflow bot.
    pub fn actions(&self) -> Arc<User> {
        self.bots[1].clone()
    }

    /// The bot that reviews code.
    pub fn reviewer(&self) -> Arc<User> {
        self.bots[2].clone()
    }

    /// The bot that opens incidents.
    pub fn pager(&self) -> Arc<User> {
        self.bots[3].clone()
    }
}
