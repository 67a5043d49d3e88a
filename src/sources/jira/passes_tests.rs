//! Whole passes against a Jira in memory, where issues change, come and go while they are listed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{answer, cloud, data_center, place};
use super::{Deployment, Jira};
use crate::http::Response;
use crate::sources::{Page, Place, Remedy, Source};

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Event {
    Touch(u64),
    Delete(u64),
    Add(u64),
    Wait(i64),
    ForgetTokens,
}

struct Fake {
    deployment: Deployment,
    now: DateTime<Utc>,
    /// By how much our clock is behind.
    skew: TimeDelta,
    issues: BTreeMap<u64, DateTime<Utc>>,
    generation: u64,
}

impl Fake {
    fn happen(&mut self, event: &Event) {
        // No two changes at the same moment.
        self.now += TimeDelta::milliseconds(7);
        match *event {
            Event::Touch(id) if self.issues.contains_key(&id) => {
                self.issues.insert(id, self.now);
            }
            Event::Add(id) => {
                self.issues.entry(id).or_insert(self.now);
            }
            Event::Delete(id) => {
                self.issues.remove(&id);
            }
            Event::Touch(_) => {}
            Event::Wait(seconds) => self.now += TimeDelta::seconds(seconds),
            Event::ForgetTokens => self.generation += 1,
        }
    }

    /// The issues that a search finds now, newest change first.
    fn search(&self, jql: &str) -> Vec<(u64, DateTime<Utc>)> {
        let bound = |operator: &str| {
            let (_, rest) = jql.split_once(&format!("updated {operator} \"-"))?;
            let minutes = rest.split_once('m')?.0.parse().ok()?;
            Some(self.now - TimeDelta::minutes(minutes))
        };
        let (since, until) = (bound(">="), bound("<="));
        let mut found: Vec<_> = self
            .issues
            .iter()
            .map(|(id, at)| (*id, *at))
            .filter(|(_, at)| since.is_none_or(|since| *at >= since))
            .filter(|(_, at)| until.is_none_or(|until| *at <= until))
            .collect();
        found.sort_by_key(|(id, at)| (std::cmp::Reverse(*at), *id));
        found
    }

    fn reply(&self, body: &Value) -> Response {
        let jql = body["jql"].as_str().expect("a search");
        let all = self.search(jql);
        let most = body["maxResults"].as_u64().expect("a width") as usize;
        let mut told = json!({});
        let page: Vec<_> = match self.deployment {
            Deployment::Cloud => {
                // A token knows the words it is for, and the change that was read last.
                let token = body["nextPageToken"].as_str();
                let before = match token.map(|token| token.splitn(3, '|').collect::<Vec<_>>()) {
                    None => None,
                    Some(parts) if parts[0] != self.generation.to_string() => {
                        return answer(400, &[], r#"{"errorMessages":["Token expired"]}"#);
                    }
                    Some(parts) => {
                        assert_eq!(parts[2], jql, "the words have changed");
                        parts[1].parse::<i64>().ok()
                    }
                };
                let is_left = |at: &DateTime<Utc>| before.is_none_or(|b| at.timestamp_millis() < b);
                let left: Vec<_> = all.into_iter().filter(|(_, at)| is_left(at)).collect();
                let page: Vec<_> = left.iter().take(most).copied().collect();
                told["isLast"] = (page.len() == left.len()).into();
                if let Some((_, at)) = page.last().filter(|_| page.len() < left.len()) {
                    let at = at.timestamp_millis();
                    told["nextPageToken"] = format!("{}|{at}|{jql}", self.generation).into();
                }
                page
            }
            Deployment::DataCenter => {
                let start = body["startAt"].as_u64().expect("a start") as usize;
                told["total"] = all.len().into();
                all.into_iter().skip(start).take(most).collect()
            }
        };
        told["issues"] = page
            .into_iter()
            .map(|(id, at)| {
                let at = (at + TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M:%S%.3f+0200");
                json!({"id": id.to_string(), "fields": {"updated": at.to_string()}})
            })
            .collect();
        let date = self.now.to_rfc2822();
        answer(200, &[("date", date.as_str())], &told.to_string())
    }
}

/// One request and its answer, with the remedy for a lost token.
fn ask(jira: &Jira, fake: &Fake, cursor: &Value) -> Page {
    let mut cursor = cursor.clone();
    for _ in 0..3 {
        let place = Place {
            now: fake.now - fake.skew,
            ..place("issues", "PAY", &cursor)
        };
        let call = jira.call(&place).expect("a call");
        let body = serde_json::from_str(&call.body.expect("a body")).expect("JSON");
        match jira.page(&place, &fake.reply(&body)) {
            Ok(page) => return page,
            Err(error) => assert_eq!(error.remedy(), Remedy::FromStart, "{error}"),
        }
        cursor = jira.restarted(&cursor);
    }
    panic!("no page at {cursor}");
}

/// A pass: what was read of each issue, and the cursor at rest.
fn pass(
    jira: &Jira,
    fake: &mut Fake,
    mut cursor: Value,
    events: &mut dyn Iterator<Item = Event>,
    store: &mut BTreeMap<u64, String>,
) -> Value {
    for _ in 0..1000 {
        let page = ask(jira, fake, &cursor);
        for document in &page.documents {
            let issue: Value = serde_json::from_str(&document.text).expect("JSON");
            let id = issue["id"]
                .as_str()
                .and_then(|id| id.parse().ok())
                .expect("an id");
            let updated = issue["fields"]["updated"]
                .as_str()
                .expect("a time")
                .to_owned();
            // An older version never replaces a newer one.
            let newest = store.entry(id).or_default();
            *newest = updated.max(newest.clone());
        }
        match page.next {
            Some(next) => cursor = next,
            None => return page.rest,
        }
        for _ in 0..3 {
            if let Some(event) = events.next() {
                fake.happen(&event);
            }
        }
    }
    panic!("a pass without end at {cursor}");
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0..60_u64).prop_map(Event::Touch),
        (0..60_u64).prop_map(Event::Delete),
        (60..80_u64).prop_map(Event::Add),
        (1..400_i64).prop_map(Event::Wait),
        Just(Event::ForgetTokens),
    ];
    prop::collection::vec(event, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// After a pass amid changes, and another in peace, everything there is has been read as it
    /// is, whether pages follow tokens or positions, and however the clocks differ.
    #[test]
    fn nothing_is_lost(
        is_cloud in any::<bool>(),
        ages in prop::collection::vec(0..10_000_000_i64, 60),
        width in 1..9_u64,
        skew in -4_000..4_000_i64,
        events in events(),
    ) {
        let now = place("issues", "PAY", &json!({})).now;
        let issues = ages.iter().zip(0..);
        let mut fake = Fake {
            deployment: if is_cloud { Deployment::Cloud } else { Deployment::DataCenter },
            now,
            skew: TimeDelta::seconds(skew),
            // No two changes at the same moment.
            issues: issues
                .map(|(age, id)| (id, now - TimeDelta::milliseconds(age * 100 + id as i64)))
                .collect(),
            generation: 0,
        };
        let jira = if is_cloud { cloud() } else { data_center() };
        let mut store = BTreeMap::new();
        let mut happening = events.into_iter();
        let rest = pass(&jira, &mut fake, json!({"width": width}), &mut happening, &mut store);
        prop_assert!(rest.get("after").is_none());
        for event in happening {
            fake.happen(&event);
        }
        fake.now += TimeDelta::minutes(20);
        let rest = pass(&jira, &mut fake, rest, &mut std::iter::empty(), &mut store);
        for (id, at) in &fake.issues {
            let at = *at + TimeDelta::hours(2);
            let expected = at.format("%Y-%m-%dT%H:%M:%S%.3f+0200").to_string();
            prop_assert_eq!(store.get(id), Some(&expected), "issue {}", id);
        }
        let seen = rest["seen_until"].as_str().and_then(crate::jsonb::time);
        prop_assert!(seen >= fake.issues.values().max().copied());
    }
}

#[test]
fn a_search_that_takes_long_is_gone_through_to_the_end() {
    let now = place("issues", "PAY", &json!({})).now;
    for deployment in [Deployment::Cloud, Deployment::DataCenter] {
        let mut fake = Fake {
            deployment,
            now,
            skew: TimeDelta::zero(),
            issues: (0..20)
                .map(|id| (id, now - TimeDelta::minutes(id as i64)))
                .collect(),
            generation: 0,
        };
        let jira = match deployment {
            Deployment::Cloud => cloud(),
            Deployment::DataCenter => data_center(),
        };
        // What was seen last is 15 minutes old, and each page takes ten.
        let seen = now - TimeDelta::minutes(15);
        let rest = json!({"seen_until": seen, "from": "2026-01-01T00:00:00Z", "width": 1});
        let mut slow = std::iter::repeat(Event::Wait(200));
        let mut store = BTreeMap::new();
        pass(&jira, &mut fake, rest, &mut slow, &mut store);
        assert_eq!(store.len(), 20, "{deployment:?}");
    }
}
