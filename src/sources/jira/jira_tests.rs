use reqwest::header::{HeaderName, HeaderValue};
use serde_json::json;

use super::*;
use crate::jsonb::{Json, encode};
use crate::sources::{Kind as _, options};

/// The option `since` of these tests.
pub const HORIZON: &str = "2026-01-01T00:00:00Z";

const BASIS: &[(&str, &str)] = &[("kind", "jira"), ("since", "2026-01-01")];

fn configured(pairs: &[(&'static str, &'static str)]) -> Result<Jira, OptionError> {
    let (_, common, own) = options::read(BASIS.iter().chain(pairs).copied())?;
    Jira::new(common, &own)
}

/// A Jira at Atlassian that reads all projects but one since the horizon.
pub fn cloud() -> Jira {
    let pairs = [
        ("base_url", "https://acme.atlassian.net"),
        ("projects", "*, !OLD"),
    ];
    configured(&pairs).expect("a source")
}

/// The same at home.
pub fn data_center() -> Jira {
    let pairs = [
        ("base_url", "https://jira.example/jira"),
        ("projects", "*, !OLD"),
        ("deployment", "datacenter"),
    ];
    configured(&pairs).expect("a source")
}

/// A place at the present of these tests.
pub fn place<'a>(stream: &'a str, scope: &'a str, cursor: &'a Value) -> Place<'a> {
    Place {
        stream,
        scope,
        cursor,
        now: crate::jsonb::time("2026-06-30T12:00:00Z").expect("a time"),
        greeting: &[],
    }
}

/// An answer with headers.
pub fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
    let header = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_str(value).expect("a value");
        (HeaderName::from_static(name), value)
    };
    Response {
        status,
        headers: headers.iter().map(header).collect(),
        body: body.as_bytes().to_vec(),
    }
}

/// An answer with a document.
pub fn ok(body: &Value) -> Response {
    answer(200, &[], &body.to_string())
}

fn refusal(pairs: &[(&'static str, &'static str)]) -> String {
    match configured(pairs) {
        Ok(_) => panic!("no refusal of {pairs:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn options_are_refused_by_name() {
    let base = ("base_url", "https://acme.atlassian.net");
    assert!(refusal(&[("projects", "PAY")]).contains("base_url"));
    assert!(refusal(&[base]).contains("projects"));
    assert!(refusal(&[base, ("projects", "PAY"), ("deployment", "server")]).contains("datacenter"));
    assert!(refusal(&[base, ("projects", "PAY"), ("token", "x")]).contains("everyone can read"));
    assert!(refusal(&[base, ("projects", "PAY"), ("boards", "1")]).contains("email"));
    let jira = cloud();
    assert_eq!(jira.entries(), ["*"]);
    assert!(jira.selects("PAY") && jira.selects("12") && !jira.selects("OLD"));
    assert!(Kind.entry_selects("PAY*", "PAYOUT").expect("an entry"));
}

#[test]
fn a_secret_is_sent_alone_or_with_its_email_and_never_shown() {
    let header = |jira: &Jira| jira.headers("canary").expect("headers")[AUTHORIZATION].clone();
    assert_eq!(header(&cloud()), "Bearer canary");
    let with_email = configured(&[
        ("base_url", "https://acme.atlassian.net"),
        ("projects", "PAY"),
        ("email", "me@acme.example"),
    ])
    .expect("a source");
    assert_eq!(
        header(&with_email),
        "Basic bWVAYWNtZS5leGFtcGxlOmNhbmFyeQ=="
    );
    assert!(header(&with_email).is_sensitive());
    let refused = cloud().headers("canary\n").expect_err("a refusal");
    assert!(!refused.to_string().contains("canary"));
}

/// The paths that are asked, and what is kept of these answers to them.
fn greet(jira: &Jira, answers: &[Value]) -> (Vec<String>, Vec<Value>) {
    let (mut paths, mut kept) = (Vec::new(), Vec::new());
    while let Some(call) = jira.greeting(&kept).expect("a greeting") {
        let told = ok(&answers[paths.len()]);
        paths.push(call.url.path().to_owned());
        kept.push(jira.greeted(&told).expect("something to keep"));
    }
    (paths, kept)
}

#[test]
fn a_jira_is_asked_what_it_is_unless_that_is_known() {
    let sprint = json!([{
        "id": "customfield_7", "name": "Sprint",
        "schema": {"type": "array", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
    }]);
    let (paths, kept) = greet(&cloud(), std::slice::from_ref(&sprint));
    assert_eq!(paths, ["/rest/api/3/field"]);
    let found = json!([{"id": "customfield_7", "name": "Sprint"}]);
    assert_eq!(kept[0]["fields"]["sprint"], found);
    let (paths, _) = greet(&data_center(), std::slice::from_ref(&sprint));
    assert_eq!(paths, ["/jira/rest/api/2/field"]);

    let unknown = configured(&[("base_url", "https://jira.example"), ("projects", "PAY")]);
    let unknown = unknown.expect("a source");
    for (kind, version) in [
        (json!("Cloud"), "3"),
        (json!("Server"), "2"),
        (json!(null), "2"),
    ] {
        let info = json!({"deploymentType": kind, "version": "9.12.0"});
        let (paths, kept) = greet(&unknown, &[info, sprint.clone()]);
        let field = format!("/rest/api/{version}/field");
        assert_eq!(paths, ["/rest/api/2/serverInfo", &field]);
        let cursor = json!({});
        let place = Place {
            greeting: &kept,
            ..place("issues", "PAY", &cursor)
        };
        let call = unknown.call(&place).expect("a call");
        assert!(
            call.url
                .path()
                .starts_with(&format!("/rest/api/{version}/search"))
        );
        assert!(call.body.expect("a body").contains("customfield_7"));
    }
}

#[test]
fn a_jira_that_lacks_what_its_deployment_has_is_told_how_to_be_asked() {
    let nowhere = answer(404, &[], r#"{"message": "null for uri: /rest"}"#);
    let refused = |jira: &Jira| match jira.greeted(&nowhere) {
        Ok(told) => panic!("{told} from nowhere"),
        Err(error) => error.to_string(),
    };
    let told = refused(&cloud());
    for part in ["rest/api/3/field", "deployment to datacenter", "null for"] {
        assert!(told.contains(part), "{told}");
    }
    let told = refused(&data_center());
    for part in ["rest/api/2/field", "base_url", "null for"] {
        assert!(told.contains(part), "{told}");
    }
}

fn identity(stream: &str, document: &Value, context: &Value) -> Result<Identity, SourceError> {
    let (document, context) = (encode(document), encode(context));
    let object = |bytes| Json::root(bytes).and_then(Json::object).expect("an object");
    Kind.identify(stream, object(&document), object(&context))
}

#[test]
fn documents_have_one_key_in_every_shape() {
    let time = "2026-01-31T08:05:00+00:00";
    let milliseconds = 1_769_846_700_000_i64;
    for (stream, document, context, key, scope, updated) in [
        (
            "projects",
            json!({"id": "7", "key": "PAY"}),
            json!({}),
            "PAY",
            "PAY",
            None,
        ),
        (
            "fields",
            json!({"id": "customfield_1"}),
            json!({}),
            "customfield_1",
            "*",
            None,
        ),
        ("statuses", json!({"id": "3"}), json!({}), "3", "*", None),
        (
            "boards",
            json!({"id": 5}),
            json!({"project": "PAY"}),
            "5",
            "PAY",
            None,
        ),
        (
            "boards",
            json!({"id": 5, "location": {"projectKey": "OPS"}}),
            json!({}),
            "5",
            "OPS",
            None,
        ),
        (
            "sprints",
            json!({"id": 9, "originBoardId": 5}),
            json!({}),
            "9",
            "5",
            None,
        ),
        (
            "sprints",
            json!({"id": 9}),
            json!({"board": "5"}),
            "9",
            "5",
            None,
        ),
        (
            "issues",
            json!({
                "id": "10001", "key": "PAY-1",
                "fields": {"updated": "2026-01-31T10:05:00.000+0200", "project": {"key": "PAY"}},
            }),
            json!({}),
            "10001",
            "PAY",
            Some(time),
        ),
        // An export with few fields.
        (
            "issues",
            json!({"id": "1", "key": "MY-APP-1"}),
            json!({}),
            "1",
            "MY-APP",
            None,
        ),
        (
            "changelogs",
            json!({"id": "77", "created": milliseconds, "items": []}),
            json!({"issue_id": "10001", "project": "PAY"}),
            "10001:77",
            "PAY",
            Some(time),
        ),
        (
            "changelogs",
            json!({"id": "77", "created": "2026-01-31T10:05:00.000+0200", "items": []}),
            json!({"issue_id": 10001}),
            "10001:77",
            "*",
            Some(time),
        ),
    ] {
        let found = identity(stream, &document, &context).expect("an identity");
        assert_eq!(
            (found.key.as_str(), found.scope.as_str()),
            (key, scope),
            "{stream}"
        );
        assert_eq!(
            found.updated_at.map(|at| at.to_rfc3339()).as_deref(),
            updated
        );
    }
    let lacking = identity("changelogs", &json!({"id": "77"}), &json!({})).expect_err("no key");
    assert!(lacking.to_string().contains("issue_id"), "{lacking}");
    assert!(identity("issues", &json!({"id": "1"}), &json!({})).is_err());
    assert!(identity("sprints", &json!({"id": 1}), &json!({})).is_err());
}

#[test]
fn boards_and_sprints_are_asked_for_by_the_clock() {
    let mark = |stream: &str, parent: &Value, hours: i64| {
        let bytes = encode(parent);
        let parent = Json::root(&bytes)
            .and_then(Json::object)
            .expect("an object");
        let at = DateTime::from_timestamp(1_800_000_000 + hours * 3600, 0).expect("a time");
        cloud().mark(stream, parent, at)
    };
    let project = json!({"id": "10007", "key": "PAY"});
    assert_eq!(mark("boards", &project, 0), mark("boards", &project, 1));
    assert_ne!(mark("boards", &project, 0), mark("boards", &project, 6));
    let board = json!({"id": 5});
    assert_ne!(mark("sprints", &board, 0), mark("sprints", &board, 1));
    assert_eq!(mark("issues", &project, 0), None);
    let kanban = json!({"id": 12, "type": "kanban"});
    assert_eq!(mark("sprints", &kanban, 0), mark("sprints", &kanban, 1));
    assert_ne!(mark("sprints", &kanban, 0), mark("sprints", &board, 0));
}
