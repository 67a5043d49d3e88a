//! What a document of a stream of somebody's own is called: one that no kind of source knows, and
//! that a normalizer of somebody's own reads.

use super::{Identity, SourceError, WHOLE};
use crate::jsonb::{Json, Object};

const KEY_EXAMPLE: &str = r#"{"key": "OPS-17"}"#;

/// Its key is said by the context, or is its `key` or `id`; its scope by the context, or is the
/// repository or project that it names.
pub fn identify(
    stream: &str,
    document: Object<'_>,
    context: Object<'_>,
) -> Result<Identity, SourceError> {
    let key = context.get("key").or_else(|| document.any(&["key", "id"]));
    let key = key
        .and_then(Json::identifier)
        .ok_or_else(|| SourceError::NoKey {
            stream: stream.to_owned(),
            missing: "key",
            example: KEY_EXAMPLE,
        })?;
    let scopes = ["scope", "repository", "project"];
    let scope = context.any(&scopes).or_else(|| document.any(&scopes[1..]));
    Ok(Identity {
        key,
        scope: scope
            .and_then(Json::text)
            .map_or_else(|| WHOLE.to_owned(), str::to_owned),
        updated_at: document
            .any(&["updated_at", "updatedAt", "updated"])
            .and_then(Json::time),
        requires: Vec::new(),
        is_deleted: false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jsonb::encode;

    fn named(document: &Value, context: &Value) -> Option<(String, String)> {
        let (document, context) = (encode(document), encode(context));
        let object = |bytes| Json::root(bytes).and_then(Json::object).expect("an object");
        let found = identify("tickets", object(&document), object(&context));
        found.ok().map(|found| (found.key, found.scope))
    }

    #[test]
    fn the_context_comes_first() {
        let both = |key: &str, scope: &str| Some((key.to_owned(), scope.to_owned()));
        assert_eq!(named(&json!({"id": 17}), &json!({})), both("17", "*"));
        let document = json!({"key": "OPS-1", "id": 17, "project": "OPS"});
        assert_eq!(named(&document, &json!({})), both("OPS-1", "OPS"));
        let context = json!({"key": "x", "scope": "acme/api"});
        assert_eq!(named(&document, &context), both("x", "acme/api"));
        assert_eq!(named(&json!({"name": "a"}), &json!({})), None);
    }
}
