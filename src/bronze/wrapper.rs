//! The validator of the foreign-data wrapper `diogen`: options are checked when they are written.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::sources::{self, OptionError, Where};

/// Checks the options of `CREATE SERVER` and `CREATE USER MAPPING`; PostgreSQL calls it.
///
/// Errors: an unknown kind or option, a secret among the server's options, a URL that is not
/// https, an option that only a superuser may set.
#[pg_extern(stable, strict, parallel_restricted)]
fn validate_options(options: Vec<String>, catalog: pg_sys::Oid) -> Result<(), ErrorReport> {
    let pairs: Vec<(&str, &str)> = options
        .iter()
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .collect();
    let place = match catalog {
        pg_sys::ForeignServerRelationId => Where::Server,
        pg_sys::UserMappingRelationId => Where::UserMapping,
        // The wrapper itself, and tables, have no options.
        _ => match pairs.first() {
            None => return Ok(()),
            Some((name, _)) => {
                return Err(Error::from(OptionError::Unknown {
                    name: (*name).to_owned(),
                    allowed: "none".to_owned(),
                })
                .into());
            }
        },
    };
    let is_superuser = is_superuser();
    sources::validate(place, pairs.into_iter(), is_superuser).map_err(Error::from)?;
    Ok(())
}

#[allow(unsafe_code, reason = "a catalog lookup without arguments")]
fn is_superuser() -> bool {
    // SAFETY: called inside a transaction, as every function is.
    unsafe { pg_sys::superuser() }
}
