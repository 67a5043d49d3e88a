//! From typed errors to PostgreSQL's: every error carries a SQLSTATE.

use std::time::Duration;

use chrono::{DateTime, Utc};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgSqlErrorCode, spi};

use crate::bronze::CredentialsError;
use crate::frame::FrameError;
use crate::gold::MonthError;
use crate::gold::statistics::StatisticsError;
use crate::http::HttpError;
use crate::rows::Columns;
use crate::silver::Unreadable;
use crate::sources::{OptionError, Remedy, SourceError};

/// Everything that can go wrong in a function of the extension.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer came.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer, or a document, cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A source's options are wrong.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// A source cannot be used by this user.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The engine for batches failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A figure cannot be computed.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// The role that called is gone.
    #[error("there is no role with the oid {0} any more")]
    NoRole(u32),
    /// A function that belongs to an aggregate was called by itself.
    #[error("the function was not called by an aggregate")]
    OutsideAggregate,
    /// A query of our own failed.
    #[error("a query of the extension failed: {0}")]
    Spi(#[from] spi::Error),
    /// A document does not hold what its rows need.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The compact facts of a month cannot be read.
    #[error(transparent)]
    Month(#[from] MonthError),
    /// A glob that is none.
    #[error("\"{glob}\" is no glob: {reason}; such as checkout/**")]
    Glob {
        /// What was given.
        glob: String,
        /// What is wrong with it.
        reason: glob::PatternError,
    },
    /// Rows of a batch were asked for that has no such normalizer.
    #[error("no batch was begun for the normalizer {0}")]
    NoBatch(String),
    /// A function was declared that no normalizer stands behind.
    #[error("the library has no normalizer for a function {0}")]
    NoNormalizer(String),
    /// A set-returning function was called where a set cannot be returned.
    #[error("a set of rows is returned, which only FROM takes")]
    NoSetExpected,
    /// The caller or the declaration names other columns.
    #[error("the rows have other columns than asked for; they have {0:?}")]
    OtherColumns(Columns),
    /// An argument that is a JSON document of the wrong type.
    #[error("{argument} must be a JSON object, such as {example}")]
    NotAnObject {
        /// The argument.
        argument: &'static str,
        /// What would be right.
        example: &'static str,
    },
}

impl Error {
    /// What may help after a request failed.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Http(HttpError::Timeout { .. }) => Remedy::Narrower,
            Self::Http(HttpError::Connection { .. }) => Remedy::Again,
            Self::Source(error) => error.remedy(),
            _ => Remedy::None,
        }
    }

    /// How long a rate limit lasts, where the API said so.
    pub fn limited_for(&self, now: DateTime<Utc>) -> Option<Duration> {
        match self {
            Self::Source(SourceError::RateLimited {
                resets_at: Some(at),
                ..
            }) => Some((*at - now).to_std().unwrap_or_default()),
            _ => None,
        }
    }

    /// The SQLSTATE, after the SQL/MED class where one fits.
    fn sqlstate(&self) -> PgSqlErrorCode {
        use PgSqlErrorCode as Code;
        match self {
            Self::Http(HttpError::Interrupted) => Code::ERRCODE_QUERY_CANCELED,
            Self::Http(HttpError::Timeout { .. }) => Code::ERRCODE_CONNECTION_EXCEPTION,
            Self::Http(HttpError::Connection { .. }) => Code::ERRCODE_CONNECTION_FAILURE,
            Self::Http(HttpError::TooLarge { .. }) => Code::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::Http(HttpError::AddressRefused { .. }) => Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Self::Http(HttpError::Setup(_)) => Code::ERRCODE_FDW_ERROR,
            Self::Source(SourceError::UnknownStream { .. }) => {
                Code::ERRCODE_INVALID_PARAMETER_VALUE
            }
            Self::Source(SourceError::Unauthorized { .. }) => {
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION
            }
            Self::Source(SourceError::NotFound { .. }) => Code::ERRCODE_FDW_TABLE_NOT_FOUND,
            Self::Source(SourceError::RateLimited { .. }) => {
                Code::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED
            }
            Self::Source(
                SourceError::Status { .. }
                | SourceError::Unreadable { .. }
                | SourceError::Gone { .. },
            ) => Code::ERRCODE_FDW_REPLY_HANDLE,
            Self::Source(SourceError::TooHeavy { .. }) => Code::ERRCODE_STATEMENT_TOO_COMPLEX,
            Self::Source(SourceError::CursorLost { .. }) => Code::ERRCODE_FDW_REPLY_HANDLE,
            Self::Source(SourceError::ForeignLink { .. }) => Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Self::Source(SourceError::NoKey { .. } | SourceError::NoRecordKey { .. }) => {
                Code::ERRCODE_NOT_NULL_VIOLATION
            }
            Self::Source(SourceError::OtherStream { .. } | SourceError::NoDocument { .. }) => {
                Code::ERRCODE_INVALID_PARAMETER_VALUE
            }
            Self::Option(OptionError::SuperuserOnly(_)) => Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Self::Option(OptionError::Unknown { .. } | OptionError::SecretInServer(_)) => {
                Code::ERRCODE_FDW_INVALID_OPTION_NAME
            }
            Self::Option(OptionError::Missing(..)) => Code::ERRCODE_FDW_OPTION_NAME_NOT_FOUND,
            Self::Option(OptionError::Kind { .. } | OptionError::Value { .. }) => {
                Code::ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE
            }
            Self::Credentials(error) => error.sqlstate(),
            Self::Statistics(error) => statistics_sqlstate(error),
            Self::Frame(_) | Self::Spi(_) | Self::OutsideAggregate => Code::ERRCODE_INTERNAL_ERROR,
            Self::NoRole(_) => Code::ERRCODE_UNDEFINED_OBJECT,
            Self::Unreadable(_) => Code::ERRCODE_DATA_EXCEPTION,
            Self::Glob { .. } => Code::ERRCODE_INVALID_PARAMETER_VALUE,
            Self::Month(_) => Code::ERRCODE_DATA_CORRUPTED,
            Self::NoBatch(_) => Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            Self::NoNormalizer(_) => Code::ERRCODE_UNDEFINED_FUNCTION,
            Self::NoSetExpected => Code::ERRCODE_FEATURE_NOT_SUPPORTED,
            Self::OtherColumns(_) => Code::ERRCODE_DATATYPE_MISMATCH,
            Self::NotAnObject { .. } => Code::ERRCODE_INVALID_PARAMETER_VALUE,
        }
    }
}

fn statistics_sqlstate(error: &StatisticsError) -> PgSqlErrorCode {
    use PgSqlErrorCode as Code;
    match error {
        StatisticsError::Fraction(_) => Code::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        StatisticsError::OtherFraction(..)
        | StatisticsError::OtherRange
        | StatisticsError::InfiniteRange => Code::ERRCODE_INVALID_PARAMETER_VALUE,
        StatisticsError::TooLong => Code::ERRCODE_DATETIME_FIELD_OVERFLOW,
        StatisticsError::OutOfMemory(_) => Code::ERRCODE_OUT_OF_MEMORY,
        StatisticsError::Malformed(_) | StatisticsError::UnknownVersion(_) => {
            Code::ERRCODE_INVALID_BINARY_REPRESENTATION
        }
        StatisticsError::OtherState => Code::ERRCODE_INTERNAL_ERROR,
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        let report = Self::new(error.sqlstate(), error.to_string(), "diogen");
        match error {
            // `sync` reads when to go on from here.
            Error::Source(SourceError::RateLimited {
                resets_at: Some(at),
                ..
            }) => report.set_detail(format!("The limit ends at {}", at.to_rfc3339())),
            _ => report,
        }
    }
}
