//! Why an incident counts, and what it is due to.

use crate::history::Examples;
use crate::outages::{Ticket, closed, issue};
use serde_json::json;

#[test]
fn an_incident_is_explained() {
    let mut examples = Examples::new();
    examples.with_jira();
    examples.service("checkout", "acme/api", "");
    examples.deploy("acme/api", &["06-01 10:00", "06-20 10:00"]);
    examples.ticket(
        &Ticket::new("OPS-7", "06-01 11:00")
            .incident()
            .label("checkout")
            .becomes("9", "06-01 12:00")
            .becomes("1", "06-01 13:00")
            .becomes("9", "06-01 15:00"),
    );
    let record =
        json!({"service": "checkout", "title": "OPS-7 again", "origin": "pager", "sha": "m1"});
    examples.incident("P-1", "06-01 13:00", Some("06-01 14:00"), record);
    examples.incident("P-2", "06-15 13:00", None, json!({"service": "checkout"}));
    examples.incident("P-3", "06-15 13:00", None, json!({"service": "mail"}));
    examples.ingest(
        "issues",
        &issue(
            "acme/api",
            4,
            "06-01 11:00",
            closed("06-01 12:00", "NOT_PLANNED"),
        ),
    );
    examples.compute();
    let mut explain = |id: &str| {
        let sql = format!(
            "SET TIME ZONE 'UTC'; SELECT fact, value, document FROM diogen.explain_incident('{id}')"
        );
        examples.db.lines(&sql)
    };
    assert_eq!(
        explain("OPS-7"),
        [
            "title|Checkout is down|issues 107",
            "counts|yes: rule \"type incident\", type ^(incident|outage|post-?mortem)$|issues 107",
            "service|checkout|issues 107",
            "opened at|2026-06-01 11:00:00+00|issues 107",
            "resolved at|2026-06-01 15:00:00+00|issues 107",
            "holds|P-1 \"OPS-7 again\", source acme|incidents P-1",
            "due to|deployment 1, finished 2026-06-01 10:00:00+00: it, or a part of it, names it or what it shipped|deployments acme/api#1",
            "time to restore|04:00:00|-",
        ]
    );
    assert_eq!(
        explain("P-1")[5..],
        [
            "part of|OPS-7, which its title names|-",
            "names|commit m1|incidents P-1",
            "due to|what the whole is due to|-",
        ]
    );
    assert_eq!(
        explain("P-2")[4..],
        [
            "resolved at|not yet|incidents P-2",
            "due to|none: the latest deployment before it was too long ago, see link_incidents_for in diogen.services|-",
        ]
    );
    let unknown = explain("P-3");
    assert_eq!(
        [&unknown[1], &unknown[2], &unknown[5]],
        [
            "counts|yes: it was sent as an incident, by sent|incidents P-3",
            "service|not known: nothing that it names is one, nor is its repository|incidents P-3",
            "due to|none: the service is not known|-",
        ]
    );
    assert_eq!(
        explain("acme/api#4"),
        [
            "title|Outage 4|issues acme/api#504",
            "counts|no: no rule says so, what it turned out to be speaks against it, or it is not computed yet; origin: issue; labels: incident; resolution: not_planned|issues acme/api#504",
        ]
    );
    assert_eq!(explain("nothing"), [""; 0]);
}
