//! Every normalizer, on what Cloud and Data Center send.

use serde_json::{Value, json};

use super::*;
use crate::jsonb::encode;
use crate::rows::{Cell, Rows, Type};

/// The rows that a normalizer makes of a document: each the texts of some columns, NULL as `-`.
fn try_rows(
    function: &str,
    columns: &[&str],
    doc: &Value,
    context: &Value,
) -> Result<Vec<String>, String> {
    let normalizer = Normalizer::named(function).expect("a normalizer");
    let (doc, context) = (encode(doc), encode(context));
    let mut rows = Rows::new(normalizer.columns);
    let added = normalizer.add(root(&doc), root(&context), &mut rows);
    added.map_err(|error| error.to_string())?;
    let places: Vec<_> = columns.iter().map(|name| place(&rows, name)).collect();
    let line = |row| {
        let texts = places.iter().map(|place| text(&rows, row, *place));
        texts.collect::<Vec<_>>().join("|")
    };
    Ok((0..rows.len()).map(line).collect())
}

fn root(bytes: &[u8]) -> Option<Object<'_>> {
    Json::root(bytes).and_then(Json::object)
}

fn rows(function: &str, columns: &[&str], doc: &Value, context: &Value) -> Vec<String> {
    try_rows(function, columns, doc, context).expect("rows")
}

fn place(rows: &Rows, name: &str) -> usize {
    let found = rows
        .columns()
        .iter()
        .position(|(column, _)| *column == name);
    found.unwrap_or_else(|| panic!("no column {name}"))
}

fn text(rows: &Rows, row: usize, place: usize) -> String {
    let (_, kind) = rows.columns()[place];
    match (rows.cells(row)[place], kind) {
        (Cell::Null, _) => "-".to_owned(),
        (Cell::Word(word), Type::Boolean) => (word == 1).to_string(),
        (Cell::Word(word), Type::Time) => {
            // 2000-01-01, where PostgreSQL's count begins.
            let at = chrono::DateTime::from_timestamp_micros(word + 946_684_800_000_000);
            at.expect("a time").format("%Y-%m-%dT%H:%M:%S").to_string()
        }
        (Cell::Word(word), _) => word.to_string(),
        (Cell::Packed(start, length), kind) => {
            let bytes: Vec<u8> = rows.packed()[start as usize..][..length as usize]
                .iter()
                .flat_map(|word| word.to_ne_bytes())
                .collect();
            match kind {
                Type::Text => varlena(&bytes).to_owned(),
                Type::Numeric => Json::Number(&bytes[..4 + body(&bytes).len()])
                    .float()
                    .map_or_else(String::new, |it| it.to_string()),
                _ => texts(&bytes).join("+"),
            }
        }
    }
}

fn body(bytes: &[u8]) -> &[u8] {
    let header = u32::from_ne_bytes(bytes[..4].try_into().expect("a header"));
    &bytes[4..(header >> 2) as usize]
}

fn varlena(bytes: &[u8]) -> &str {
    std::str::from_utf8(body(bytes)).expect("UTF-8")
}

/// The texts of an array: after its header of 24 bytes.
fn texts(array: &[u8]) -> Vec<&str> {
    let mut rest = body(array).get(20..).unwrap_or_default();
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let text = varlena(rest);
        texts.push(text);
        rest = rest
            .get((4 + text.len()).next_multiple_of(4)..)
            .unwrap_or_default();
    }
    texts
}

fn fields_known() -> Value {
    json!({"custom_fields": {
        "points": ["customfield_1", "customfield_2"],
        "sprint": [{"id": "customfield_20", "name": "Iteration"}],
        "flagged": ["customfield_30"],
        "epic": ["customfield_40"],
    }})
}

fn cloud_issue() -> Value {
    json!({
        "id": "10001", "key": "PAY-17", "self": "https://acme.atlassian.net/rest/api/3/issue/10001",
        "fields": {
            "summary": "Refunds", "project": {"id": "10000", "key": "PAY"},
            "issuetype": {"id": "10001", "name": "Story", "subtask": false},
            "status": {"id": "3", "name": "In Progress", "statusCategory": {"id": 4, "key": "indeterminate"}},
            "priority": {"id": "3", "name": "Medium"}, "resolution": null, "resolutiondate": null,
            "assignee": {"accountId": "5b10:x", "displayName": "Mia", "accountType": "atlassian"},
            "reporter": null,
            "created": "2026-06-01T10:00:00.000+0200", "updated": "2026-06-02T10:00:00.000+0200",
            "labels": ["a", "b"], "fixVersions": [{"name": "1.0"}, {"name": "1.1"}],
            "parent": {"id": "9000", "key": "PAY-1"},
            "customfield_1": null, "customfield_2": 5,
            "customfield_20": [{"id": 34, "name": "S, one", "state": "closed"}, {"id": 35, "state": "active"}],
            "customfield_30": [{"id": "1", "value": "Impediment"}],
        },
    })
}

const ISSUE: [&str; 12] = [
    "project",
    "key",
    "issue_id",
    "type",
    "status_id",
    "status_category",
    "points",
    "points_field",
    "assignee",
    "created_at",
    "parent",
    "url",
];

#[test]
fn an_issue_of_cloud() {
    assert_eq!(
        rows("jira_issues", &ISSUE, &cloud_issue(), &fields_known()),
        [
            "PAY|PAY-17|10001|Story|3|in_progress|5|customfield_2|5b10:x|2026-06-01T08:00:00|PAY-1|\
          https://acme.atlassian.net/browse/PAY-17"
        ]
    );
    let more = [
        "title",
        "is_subtask",
        "status",
        "resolution",
        "priority",
        "assignee_name",
        "reporter",
        "resolved_at",
        "labels",
        "fix_versions",
        "sprint_ids",
        "is_flagged",
        "change_count",
    ];
    assert_eq!(
        rows("jira_issues", &more, &cloud_issue(), &fields_known()),
        ["Refunds|false|In Progress|-|Medium|Mia|-|-|a+b|1.0+1.1|34+35|true|-"]
    );
}

#[test]
fn an_issue_of_data_center() {
    let sprint = |id: u32, goal: &str| {
        format!(
            "com.atlassian.greenhopper.service.sprint.Sprint@1f[activatedDate=<null>,autoStartStop=false,\
             goal={goal},id={id},incompleteIssuesDestinationId=<null>,name=S, id=9,rapidViewId=1,state=ACTIVE]"
        )
    };
    let issue = json!({
        "id": 10001, "key": "PAY-17", "self": "https://home.example/jira/rest/api/2/issue/10001",
        "fields": {
            "issuetype": {"name": "Sub-task", "subtask": true},
            "status": {"id": "6", "name": "Closed", "statusCategory": {"key": "done"}},
            "assignee": {"name": "mia", "key": "JIRAUSER10100", "displayName": "Mia"},
            "reporter": {"name": "old"},
            "resolutiondate": "2026-06-05T10:00:00.000+0000",
            "customfield_1": 3, "customfield_2": 5, "customfield_20": [sprint(12, "a goal,id=x,"), sprint(13, "")],
            "customfield_40": "PAY-3",
        },
        "changelog": {"startAt": 0, "maxResults": 1, "total": 55, "histories": []},
    });
    let columns = [
        "project",
        "issue_id",
        "is_subtask",
        "status_category",
        "points",
        "points_field",
        "assignee",
        "reporter",
        "resolved_at",
        "sprint_ids",
        "parent",
        "url",
        "change_count",
        "labels",
        "created_at",
        "is_flagged",
    ];
    assert_eq!(
        rows("jira_issues", &columns, &issue, &fields_known()),
        [
            "PAY|10001|true|done|3|customfield_1|JIRAUSER10100|old|2026-06-05T10:00:00|12+13|PAY-3|\
          https://home.example/jira/browse/PAY-17|55||-|false"
        ]
    );
    let mut doubtful = issue.clone();
    doubtful["fields"]["customfield_20"] = json!([sprint(12, "see,id=99,name=x")]);
    let error = try_rows("jira_issues", &columns, &doubtful, &fields_known());
    assert!(
        error
            .as_ref()
            .is_err_and(|it| it.contains("customfield_20")),
        "{error:?}"
    );
}

#[test]
fn without_being_told_which_fields_are_which() {
    let columns = ["points", "points_field", "sprint_ids", "is_flagged"];
    assert_eq!(
        rows("jira_issues", &columns, &cloud_issue(), &json!({})),
        ["-|-|-|-"]
    );
    let mut named = cloud_issue();
    named["names"] = json!({
        "summary": "Summary", "customfield_2": "Story Points", "customfield_20": "Sprint", "customfield_30": "Flagged",
    });
    assert_eq!(
        rows("jira_issues", &columns, &named, &json!({})),
        ["5|customfield_2|34+35|true"]
    );
    // What is told counts, and nothing was told of sprints.
    let told = json!({"custom_fields": {"points": ["customfield_1"]}});
    assert_eq!(rows("jira_issues", &columns, &named, &told), ["-|-|-|-"]);
    // The API of boards has fields of its own.
    let mut of_board = cloud_issue();
    of_board["fields"]["sprint"] = json!({"id": 8});
    of_board["fields"]["closedSprints"] = json!([{"id": 7}]);
    assert_eq!(
        rows("jira_issues", &["sprint_ids"], &of_board, &json!({})),
        ["7+8"]
    );
}

#[test]
fn the_first_field_that_holds_points_counts() {
    let issue = |one: Value, two: Value| {
        let mut issue = cloud_issue();
        issue["fields"]["customfield_1"] = one;
        issue["fields"]["customfield_2"] = two;
        rows(
            "jira_issues",
            &["points", "points_field"],
            &issue,
            &fields_known(),
        )
        .remove(0)
    };
    assert_eq!(issue(json!(0), json!(5)), "0|customfield_1");
    assert_eq!(issue(json!(null), json!(8)), "8|customfield_2");
    assert_eq!(issue(json!(null), json!(null)), "-|-");
}

#[test]
fn what_cannot_be_read_says_why() {
    let wrong = |change: fn(&mut Value), context: Value| {
        let mut issue = cloud_issue();
        change(&mut issue);
        try_rows("jira_issues", &ISSUE, &issue, &context).expect_err("an error")
    };
    let error = wrong(
        |it| it["fields"]["customfield_2"] = json!("many"),
        fields_known(),
    );
    assert_eq!(error, r#""customfield_2" is the text "many", not a number"#);
    let error = wrong(|it| it["fields"]["created"] = json!("yesterday"), json!({}));
    assert!(
        error.contains(r#""created" is the text "yesterday""#),
        "{error}"
    );
    let error = wrong(
        |it| it["fields"]["status"]["statusCategory"]["key"] = json!("odd"),
        json!({}),
    );
    assert!(
        error.contains(r#""statusCategory.key" is the text "odd""#),
        "{error}"
    );
    let error = wrong(|it| it["fields"] = json!(null), json!({}));
    assert_eq!(error, "it does not say its fields");
    let error = wrong(
        |_| (),
        json!({"custom_fields": {"points": "customfield_1"}}),
    );
    assert!(error.contains(r#""points" is the text"#), "{error}");
    let error = try_rows(
        "jira_issue_changes",
        &["field"],
        &json!({"id": "1", "created": 5}),
        &json!({"issue_id": 1}),
    );
    assert_eq!(
        error,
        Err("it does not say its items of a change".to_owned())
    );
}

const CHANGE: [&str; 10] = [
    "issue_id",
    "change_id",
    "field",
    "position",
    "changed_at",
    "field_id",
    "from_id",
    "from_value",
    "to_id",
    "to_value",
];

/// E9, E9b: milliseconds and ISO without a colon are the same instant.
#[test]
fn a_change_in_both_shapes() {
    let item = json!({"field": "status", "fieldtype": "jira", "fieldId": "status",
        "from": "1", "fromString": "Open", "to": "3", "toString": "In Progress"});
    let bulk = json!({"id": "70", "created": 1_751_328_000_000_i64, "items": [item], "author": {"accountId": "a"}});
    let context = json!({"issue_id": "10001", "project": "PAY", "custom_fields": {}});
    let expected = ["10001|70|status|1|2025-07-01T00:00:00|status|1|Open|3|In Progress"];
    assert_eq!(
        rows("jira_issue_changes", &CHANGE, &bulk, &context),
        expected
    );
    let mut expanded = bulk;
    expanded["created"] = json!("2025-07-01T00:00:00.000+0000");
    assert_eq!(
        rows("jira_issue_changes", &CHANGE, &expanded, &context),
        expected
    );
    let nested = json!({"id": "10001", "key": "PAY-17", "fields": {}, "changelog": {"total": 1, "histories": [expanded]}});
    assert_eq!(
        rows("jira_issue_changes", &CHANGE, &nested, &json!({})),
        expected
    );
    let who = ["project", "author", "author_name", "author_is_bot"];
    assert_eq!(
        rows("jira_issue_changes", &who, &nested, &json!({})),
        ["PAY|a|-|false"]
    );
}

#[test]
fn fields_have_the_same_name_wherever_they_are_from() {
    let change =
        |items: Value| json!({"id": 7, "created": "2025-07-01T00:00:00.000+0000", "items": items});
    let cloud = change(json!([
        {"field": "Iteration", "fieldtype": "custom", "fieldId": "customfield_20", "from": "10", "to": "10, 11",
         "fromString": "A, B", "toString": "A, B, C"},
        {"field": "SP", "fieldtype": "custom", "fieldId": "customfield_2", "from": null, "fromString": "3", "to": null, "toString": "5"},
        {"field": "Sprint", "fieldtype": "custom", "fieldId": "customfield_99", "from": "", "to": "1"},
        {"field": "IssueParentAssociation", "fieldtype": "jira", "to": "9000", "toString": "PAY-1"},
        {"field": "Fix Version", "fieldtype": "jira", "fieldId": "fixVersions", "to": "1", "toString": "1.0"},
        {"field": "Fix Version", "fieldtype": "jira", "fieldId": "fixVersions", "from": "2", "fromString": "0.9"},
        {"field": "Key", "fieldtype": "jira", "fromString": "ABC-1", "toString": "XYZ-9"},
    ]));
    let short = [
        "field", "position", "field_id", "from_id", "to_id", "to_value",
    ];
    let context = |mut told: Value| {
        told["issue_id"] = json!("1");
        told
    };
    assert_eq!(
        rows(
            "jira_issue_changes",
            &short,
            &cloud,
            &context(fields_known())
        ),
        [
            "sprint|1|customfield_20|10|10, 11|A, B, C",
            "points|1|customfield_2|-|-|5",
            "Sprint|1|customfield_99|-|1|-",
            "parent|1|-|-|9000|PAY-1",
            "fix_version|1|fixVersions|-|1|1.0",
            "fix_version|2|fixVersions|2|-|-",
            "key|1|-|-|-|XYZ-9",
        ]
    );
    let data_center = change(json!([
        {"field": "Iteration", "fieldtype": "custom", "from": "10", "to": ""},
        {"field": "Epic Link", "fieldtype": "custom", "to": "9000", "toString": "PAY-1"},
        {"field": "Parent", "fieldtype": "jira", "to": "9000", "toString": "PAY-1"},
        {"field": "Story Points", "fieldtype": "custom", "toString": "5"},
        {"field": "Story Points", "fieldtype": "jira", "toString": "5"},
    ]));
    assert_eq!(
        rows(
            "jira_issue_changes",
            &short,
            &data_center,
            &context(fields_known())
        ),
        [
            "sprint|1|customfield_20|10|-|-",
            "Epic Link|1|-|-|9000|PAY-1",
            "parent|1|-|-|9000|PAY-1",
            "Story Points|1|-|-|-|5",
            "Story Points|2|-|-|-|5",
        ]
    );
    // Without being told, by the names that Jira gives them in English.
    assert_eq!(
        rows(
            "jira_issue_changes",
            &short,
            &data_center,
            &context(json!({}))
        )[1..4],
        [
            "parent|1|-|-|9000|PAY-1",
            "parent|2|-|-|9000|PAY-1",
            "points|1|-|-|-|5"
        ]
    );
}

#[test]
fn who_is_gone_is_a_ghost() {
    let change =
        |author: Value| json!({"id": 7, "created": 0, "author": author, "items": [{"field": "x"}]});
    let who = |author: Value| {
        let columns = ["author", "author_name", "author_is_bot"];
        rows(
            "jira_issue_changes",
            &columns,
            &change(author),
            &json!({"issue_id": 1}),
        )
        .remove(0)
    };
    assert_eq!(who(Value::Null), "ghost|-|false");
    assert_eq!(
        who(json!({"accountId": "", "displayName": "Runjuu"})),
        "ghost|Runjuu|false"
    );
    assert_eq!(
        who(json!({"accountId": "b", "accountType": "app"})),
        "b|-|true"
    );
    assert_eq!(
        who(json!({"name": "mia", "key": "JIRAUSER1"})),
        "JIRAUSER1|-|false"
    );
}

#[test]
fn the_lists() {
    let status = json!({"id": "10001", "name": "Done", "statusCategory": {"key": "done"},
        "scope": {"type": "PROJECT", "project": {"id": "10002"}}});
    let columns = ["status_id", "name", "category", "project_id"];
    assert_eq!(
        rows("jira_statuses", &columns, &status, &json!({})),
        ["10001|Done|done|10002"]
    );
    let none = json!({"id": 4, "name": "Odd", "statusCategory": {"key": "undefined"}});
    assert_eq!(
        rows("jira_statuses", &columns, &none, &json!({})),
        ["4|Odd|-|-"]
    );
    let project = json!({"id": "10000", "key": "PAY", "name": "Payments", "projectTypeKey": "software",
        "self": "https://api.atlassian.com/ex/jira/1/rest/api/3/project/10000"});
    let columns = [
        "project",
        "project_id",
        "name",
        "type",
        "is_archived",
        "url",
    ];
    assert_eq!(
        rows("jira_projects", &columns, &project, &json!({})),
        ["PAY|10000|Payments|software|false|-"]
    );
    let field = json!({"id": "customfield_20", "name": "Iteration", "custom": true,
        "schema": {"type": "array", "custom": "com.pyxis.greenhopper.jira:gh-sprint"}});
    let columns = ["field_id", "type", "is_custom", "used_for"];
    assert_eq!(
        rows("jira_fields", &columns, &field, &json!({})),
        ["customfield_20|array|true|sprint"]
    );
    let columns = ["board_id", "name", "type", "project"];
    let board = json!({"id": 1, "name": "B", "type": "scrum"});
    assert_eq!(
        rows("jira_boards", &columns, &board, &json!({"project": "PAY"})),
        ["1|B|scrum|PAY"]
    );
    let sprint = json!({"id": 34, "name": "S", "state": "closed", "originBoardId": 1, "goal": "",
        "startDate": "2026-06-01T10:00:00.000Z", "activatedDate": "2026-06-01T12:10:00.000+02:00",
        "endDate": "2026-06-15T10:00:00.000Z", "completeDate": "2026-06-15T11:00:00.000Z"});
    let columns = [
        "board_id",
        "sprint_id",
        "state",
        "goal",
        "starts_at",
        "activated_at",
        "completed_at",
    ];
    assert_eq!(
        rows("jira_sprints", &columns, &sprint, &json!({})),
        ["1|34|closed|-|2026-06-01T10:00:00|2026-06-01T10:10:00|2026-06-15T11:00:00"]
    );
}
