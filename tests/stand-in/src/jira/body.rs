//! Errors as Jira words them, and request bodies.

use crate::http::Answer;
use serde::de::DeserializeOwned;
use serde_json::json;

/// An answer with error messages.
pub fn error(status: u16, messages: &[String]) -> Answer {
    Answer::json(status, &json!({"errorMessages": messages, "errors": {}}))
}

/// An answer with one error message.
pub fn refuse(status: u16, message: &str) -> Answer {
    error(status, &[message.to_owned()])
}

/// Reads a body; what Jira does not know in it is an error, as it is there.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|_| {
        refuse(
            400,
            "There was an error parsing JSON. Check that your request body is valid.",
        )
    })?;
    serde_json::from_value(value).map_err(|_| {
        refuse(
            400,
            "Invalid request payload. Refer to the REST API documentation and try again.",
        )
    })
}
