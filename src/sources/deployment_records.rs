//! Deployments that are sent in as records, by whatever deploys without GitHub knowing: the same for
//! every kind of source.

use crate::jsonb::{Json, Object};

use super::{Identity, SourceError, Stream, ingested};

/// Their stream.
pub const DEPLOYMENT_RECORDS: Stream = ingested("deployment_records");

const EXAMPLE: &str = r#"{"deployment_id": "release-17", "repository": "acme/api", "sha": "4e1d0c6…", "finished_at": "2026-01-31T12:00:00Z"}"#;

/// What a record is called in bronze: like a deployment of GitHub's, by its repository and its id.
pub fn identify(document: Object<'_>, context: Object<'_>) -> Result<Identity, SourceError> {
    let lacking = |missing| SourceError::NoRecordKey {
        record: "a deployment",
        missing,
        example: EXAMPLE,
    };
    let id = document.get("deployment_id").and_then(Json::identifier);
    let id = id
        .filter(|id| !id.is_empty())
        .ok_or_else(|| lacking("deployment_id"))?;
    let repository = repository(document, context).ok_or_else(|| lacking("repository"))?;
    Ok(Identity {
        key: format!("{repository}#{id}"),
        scope: repository.to_owned(),
        updated_at: document.get("updated_at").and_then(Json::time),
        requires: Vec::new(),
        is_deleted: false,
    })
}

/// The repository that is deployed: said by the context, which has its new name where it was
/// renamed, or by the record.
pub fn repository<'a>(document: Object<'a>, context: Object<'a>) -> Option<&'a str> {
    let named = context.text("repository").or(document.text("repository"));
    named.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jsonb::encode;

    fn named(document: &Value, context: &Value) -> Result<(String, String), String> {
        let (document, context) = (encode(document), encode(context));
        let object = |bytes| Json::root(bytes).and_then(Json::object).expect("an object");
        let found = identify(object(&document), object(&context));
        let found = found.map(|found| (found.key, found.scope));
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn a_record_is_called_like_a_deployment_of_githubs() {
        let named_so = Ok(("acme/api#802".to_owned(), "acme/api".to_owned()));
        let record = json!({"deployment_id": 802, "repository": "acme/api"});
        assert_eq!(named(&record, &json!({})), named_so);
        let context = json!({"repository": "acme/api"});
        assert_eq!(named(&json!({"deployment_id": "802"}), &context), named_so);
        let renamed = json!({"deployment_id": "802", "repository": "acme/old"});
        assert_eq!(named(&renamed, &context), named_so);
    }

    #[test]
    fn one_without_its_key_says_what_it_lacks() {
        for (record, missing) in [
            (json!({"deployment_id": "1"}), "repository"),
            (
                json!({"deployment_id": "1", "repository": ""}),
                "repository",
            ),
            (json!({"repository": "acme/api"}), "deployment_id"),
            (
                json!({"deployment_id": "", "repository": "acme/api"}),
                "deployment_id",
            ),
        ] {
            let refused = named(&record, &json!({})).expect_err("a refusal");
            let expected =
                format!("a deployment carries no {missing}; a record looks like {EXAMPLE}");
            assert_eq!(refused, expected);
        }
    }
}
