//! What comes to a long history is computed from its end, and whole where it reaches further back.

use crate::history::{Examples, PullRequest, at};
use serde_json::{Value, json};

const REPOSITORY: &str = "acme/api";

/// Noon of a day of 2026, counted from 0.
fn day(number: usize) -> String {
    let mut rest = number;
    for (month, length) in (1..).zip([31, 28, 31, 30, 31, 30]) {
        if rest < length {
            return format!("{month:02}-{:02} 12:00", rest + 1);
        }
        rest -= length;
    }
    panic!("{number} is a day of the second half of the year")
}

fn sha(name: &str) -> String {
    let digits: String = name.bytes().map(|it| format!("{it:02x}")).collect();
    format!("{digits:0<40}")
}

impl Examples {
    fn commit(&mut self, name: &str, parents: &[&str], number: usize, committed: &str) {
        let parents: Vec<Value> = parents.iter().map(|it| json!({"oid": sha(it)})).collect();
        self.ingest(
            "commits",
            &json!({
                "repository": {"nameWithOwner": REPOSITORY}, "oid": sha(name), "message": name,
                "committedDate": at(committed), "authoredDate": at(committed),
                "parents": {"nodes": parents}, "associatedPullRequests": {"nodes": [{"number": number}]},
            }),
        );
    }

    /// A pull request of one commit, merged on top of another, and the merge's commit.
    fn merge(&mut self, number: usize, onto: &str, committed: &str, merged: &str, title: &str) {
        let (own, merge) = (format!("own{number}"), format!("m{number}"));
        self.commit(&own, &[onto], number, committed);
        self.commit(&merge, &[onto, &own], number, merged);
        let mut told = PullRequest::new(REPOSITORY, number as i64, committed)
            .commit(&sha(&own), committed)
            .merged(&sha(&merge), merged);
        told.0["title"] = json!(title);
        self.pull_request(told);
    }

    fn ship(&mut self, id: usize, name: &str, finished: &str) {
        self.deployment(REPOSITORY, id as i64, &sha(name), &[("SUCCESS", finished)]);
    }

    /// How many rows of January were computed again.
    fn again(&mut self) -> i64 {
        self.db.run(
            "CREATE TEMP TABLE held AS SELECT change_id, fingerprint FROM diogen_gold.changes WHERE merged_at < '2026-02-01';
             UPDATE diogen_gold.changes SET fingerprint = 0 WHERE merged_at < '2026-02-01'",
        );
        self.compute();
        let count = "SELECT count(*) FROM diogen_gold.changes WHERE merged_at < '2026-02-01' AND fingerprint <> 0";
        let count = self.db.number(count);
        self.db.run(
            "UPDATE diogen_gold.changes c SET fingerprint = h.fingerprint FROM held h
             WHERE h.change_id = c.change_id AND c.fingerprint = 0;
             DROP TABLE held",
        );
        count
    }
}

/// A pull request every second day from January to May, each deployed on the next day.
fn long() -> Examples {
    let mut examples = Examples::new();
    examples.commit("m0", &[], 0, "01-01 00:00");
    for number in 1..=75 {
        let onto = format!("m{}", number - 1);
        let (committed, merged) = (day(2 * number - 2), day(2 * number - 1));
        examples.merge(
            number,
            &onto,
            &committed,
            &merged,
            &format!("Change {number}"),
        );
        examples.ship(number, &format!("m{number}"), &day(2 * number));
    }
    examples.compute();
    examples
}

#[test]
fn news_are_computed_from_the_end_of_a_history() {
    let mut examples = long();
    assert_eq!(examples.again(), 0, "there are no news");
    examples.merge(76, "m75", "06-01 10:00", "06-02 10:00", "Change 76");
    examples.ship(76, "m76", "06-02 12:00");
    examples.incident(
        "in June",
        "06-02 13:00",
        Some("06-02 14:00"),
        json!({"service": REPOSITORY}),
    );
    assert_eq!(examples.again(), 0);
    let columns = "number, deployment_id, lead_time";
    assert_eq!(
        examples
            .changes(REPOSITORY, columns)
            .last()
            .map(String::as_str),
        Some("76|76|1 day 02:00:00")
    );
    assert_eq!(
        examples.incidents("incident_id, deployment_id, restore_time"),
        ["in June|76|01:00:00"]
    );
    // Another deployment of what is live, and back to the one before.
    examples.ship(77, "m76", "06-03 12:00");
    examples.ship(78, "m75", "06-04 12:00");
    assert_eq!(examples.again(), 0);
    let columns = "deployment_id, redeploy, rollback, failed, failure_reasons";
    assert_eq!(
        examples.deployments(REPOSITORY, columns)[75..],
        ["76|f|f|t|{incident,rollback}", "77|t|f|f|-", "78|f|t|f|-"]
    );
    examples.assert_rebuild_changes_nothing("from the end");
}

#[test]
fn what_waited_for_weeks_is_computed_from_further_back_on() {
    let mut examples = long();
    for number in 76..=78 {
        let onto = format!("m{}", number - 1);
        let (committed, merged) = (day(2 * number - 2), day(2 * number - 1));
        examples.merge(number, &onto, &committed, &merged, "waits");
    }
    assert_eq!(examples.again(), 0);
    // Three weeks later.
    examples.ship(76, "m78", "06-27 12:00");
    assert_eq!(examples.again(), 0);
    assert_eq!(
        examples.changes(REPOSITORY, "number, deployment_id")[75..],
        ["76|76", "77|76", "78|76"]
    );
    examples.assert_rebuild_changes_nothing("a late deployment");
}

#[test]
fn what_reaches_back_is_computed_whole() {
    let mut examples = long();
    let all = 15;
    let of_february = |examples: &mut Examples, resolved| {
        let service = json!({"service": REPOSITORY});
        examples.incident("of February", "02-10 13:00", resolved, service);
    };
    of_february(&mut examples, None);
    assert_eq!(examples.again(), 0, "an old incident, younger than that");
    // Far back, to what was live in January.
    examples.ship(76, "m5", "06-01 12:00");
    assert_eq!(examples.again(), all, "a rollback");
    examples.assert_rebuild_changes_nothing("a rollback");
    examples.merge(
        77,
        "m75",
        "06-02 10:00",
        "06-02 12:00",
        "Revert \"Change 3\"",
    );
    examples.ship(77, "m77", "06-02 13:00");
    assert_eq!(examples.again(), all, "a revert");
    let failed = "SELECT failure_reasons FROM diogen_gold.deployments WHERE deployment_id = '3'";
    assert_eq!(examples.db.value(failed), "{revert}");
    examples.assert_rebuild_changes_nothing("a revert");
    // A branch that began in January.
    examples.merge(78, "m4", "01-12 10:00", "06-03 12:00", "Change 78");
    examples.ship(78, "m78", "06-03 13:00");
    assert_eq!(examples.again(), all, "an old branch");
    examples.assert_rebuild_changes_nothing("an old branch");
    of_february(&mut examples, Some("06-04 12:00"));
    assert_eq!(examples.again(), all, "the end of an old incident");
    assert_eq!(
        examples.incidents("incident_id, restore_time"),
        ["of February|113 days 23:00:00"]
    );
    examples.assert_rebuild_changes_nothing("the end of an old incident");
    let named = json!({"service": REPOSITORY, "deployment": "7"});
    examples.incident("named", "06-04 13:00", None, named);
    assert_eq!(examples.again(), all, "an old deployment is named");
    examples.assert_rebuild_changes_nothing("an old deployment is named");
    examples
        .db
        .run(&client::bury("stream = 'deployments' AND key LIKE '%#60'"));
    assert_eq!(examples.again(), all, "a deployment is gone");
    examples.assert_rebuild_changes_nothing("a deployment is gone");
}

#[test]
fn what_news_say_of_older_commits_is_computed_whole() {
    let mut examples = long();
    let all = 15;
    // A squash on another branch, of which only the pull request tells, and its way to the default one.
    let mut squash = PullRequest::new(REPOSITORY, 76, "04-18 10:00")
        .commit(&sha("own76"), "04-18 10:00")
        .merged(&sha("d76"), "04-20 10:00");
    squash.0["baseRefName"] = json!("develop");
    examples.pull_request(squash);
    examples.compute();
    let mut promotion = PullRequest::new(REPOSITORY, 77, "06-20 10:00")
        .commit(&sha("d76"), "04-20 10:00")
        .merged(&sha("m77"), "06-20 11:00");
    promotion.0["title"] = json!("To production");
    examples.commit("m77", &["m75"], 77, "06-20 11:00");
    examples.pull_request(promotion);
    examples.ship(77, "m77", "06-20 12:00");
    assert_eq!(examples.again(), all, "a promotion");
    assert_eq!(
        examples.changes(REPOSITORY, "number, deployment_id, via, reason")[75..],
        ["76|77|pr_commits|-", "77|-|-|promotion"]
    );
    examples.assert_rebuild_changes_nothing("a promotion");
    // What was pushed by itself is claimed by a pull request a month later.
    let direct = json!({
        "repository": {"nameWithOwner": REPOSITORY}, "oid": sha("direct"), "message": "direct",
        "committedDate": at("05-20 10:00"), "authoredDate": at("05-20 10:00"),
        "parents": {"nodes": [{"oid": sha("m70")}]}, "associatedPullRequests": {"nodes": []},
    });
    examples.ingest("commits", &direct);
    examples.compute();
    let count = "SELECT count(*) FROM diogen_gold.changes WHERE number IS NULL AND merged_at > '2026-05-01'";
    assert_eq!(examples.db.number(count), 1);
    let claims = PullRequest::new(REPOSITORY, 78, "06-21 10:00")
        .commit(&sha("direct"), "05-20 10:00")
        .merged(&sha("m78"), "06-21 11:00");
    examples.commit("m78", &["m77"], 78, "06-21 11:00");
    examples.pull_request(claims);
    examples.compute();
    assert_eq!(examples.db.number(count), 0);
    examples.assert_rebuild_changes_nothing("a commit is claimed");
}
