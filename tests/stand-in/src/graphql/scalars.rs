//! GitHub's scalars.

use crate::model::Time;
use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::SecondsFormat;

/// A moment in UTC.
#[derive(Debug, Clone, Copy)]
pub struct DateTime(pub Time);

/// The text of a moment, as GitHub writes it.
pub fn text(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn parse(value: Value, name: &str) -> Result<Time, String> {
    match value {
        Value::String(text) => text
            .parse::<Time>()
            .or_else(|_| format!("{text}T00:00:00Z").parse())
            .map_err(|_| format!("Could not coerce value \"{text}\" to {name}")),
        other => Err(format!("Could not coerce value {other} to {name}")),
    }
}

/// An ISO-8601 encoded UTC date string.
#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse(value, "DateTime")
            .map(DateTime)
            .map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(text(self.0))
    }
}

/// A moment as Git knows it.
#[derive(Debug, Clone, Copy)]
pub struct GitTimestamp(pub Time);

/// An ISO-8601 encoded date string; unlike DateTime not converted to UTC.
#[Scalar(name = "GitTimestamp")]
impl ScalarType for GitTimestamp {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse(value, "GitTimestamp")
            .map(GitTimestamp)
            .map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(text(self.0))
    }
}

macro_rules! text_scalar {
    ($rust:ident, $name:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub struct $rust(pub String);

        #[doc = $doc]
        #[Scalar(name = $name)]
        impl ScalarType for $rust {
            fn parse(value: Value) -> InputValueResult<Self> {
                match value {
                    Value::String(text) => Ok($rust(text)),
                    other => Err(InputValueError::expected_type(other)),
                }
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    };
}

text_scalar!(Uri, "URI", "An address.");
text_scalar!(BigInt, "BigInt", "A whole number of any size, as text.");
text_scalar!(GitObjectId, "GitObjectID", "A Git object id.");
