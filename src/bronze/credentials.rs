//! A registered source: a foreign server of the wrapper `diogen`, and the current user's secret.

use std::cell::RefCell;
use std::fs;

use pgrx::spi::{self, OwnedPreparedStatement, SpiHeapTupleData};
use pgrx::{PgBuiltInOids, PgSqlErrorCode, Spi};
use ring::hmac;

use crate::error::Error;
use crate::sources::{Source, configure};

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// No such source.
    #[error(
        "there is no source {0:?}; SELECT diogen.add_source(…) makes one, and the view diogen.status lists them"
    )]
    UnknownSource(String),
    /// The user may not use it.
    #[error(
        "permission denied for source {0:?}; its owner can GRANT USAGE ON FOREIGN SERVER to you"
    )]
    NoUsage(String),
    /// The user has no secret for it.
    #[error(
        "source {0:?} has no secret for user {1:?}; SELECT diogen.set_secret({0:?}, …) stores one, or the option secret_file names a file that holds it"
    )]
    NoSecret(String, String),
    /// The file with the secret cannot be read.
    #[error("source {source_name:?}: the secret file {path:?} cannot be read: {reason}")]
    File {
        /// The source.
        source_name: String,
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
}

impl CredentialsError {
    /// The SQLSTATE.
    pub fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::UnknownSource(_) => PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            Self::NoUsage(_) => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Self::NoSecret(..) => PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            Self::File { .. } => PgSqlErrorCode::ERRCODE_IO_ERROR,
        }
    }
}

/// A source that the current user may use.
pub struct Registered {
    /// Its name.
    pub name: String,
    /// The source with its options.
    pub source: Box<dyn Source>,
}

/// One row per option, each with whether the user may use the server.
const OPTIONS: &str = "
    SELECT o.option_name::text, o.option_value::text,
           pg_catalog.has_server_privilege(s.oid, 'USAGE')
    FROM pg_catalog.pg_foreign_server s
    JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'diogen'
    CROSS JOIN LATERAL pg_catalog.pg_options_to_table(s.srvoptions) o
    WHERE s.srvname = $1";

/// The view shows options only to who may use them; a mapping of one's own goes before PUBLIC's.
const SECRET: &str = "
    SELECT (SELECT o.option_value::text
            FROM pg_catalog.pg_user_mappings m
            CROSS JOIN LATERAL pg_catalog.pg_options_to_table(m.umoptions) o
            WHERE m.srvname = $1 AND o.option_name = 'secret'
              AND (m.usename = current_user OR m.umuser = 0)
            ORDER BY m.umuser = 0
            LIMIT 1),
           current_user::text";

thread_local! {
    /// Plans of the queries above, as each page asks several times. They live as long as the
    /// backend: at its end there would be no server left to free them with.
    static PLANS: RefCell<Vec<(&'static str, &'static OwnedPreparedStatement)>> =
        const { RefCell::new(Vec::new()) };
}

/// The rows of one of the queries above for a source.
fn rows<T>(
    query: &'static str,
    source: &str,
    read: fn(SpiHeapTupleData<'_>) -> Result<T, spi::Error>,
) -> Result<Vec<T>, spi::Error> {
    Spi::connect(|client| {
        let known = |plans: &Vec<(&str, &'static OwnedPreparedStatement)>| {
            plans
                .iter()
                .find(|(of, _)| *of == query)
                .map(|(_, plan)| *plan)
        };
        let plan = match PLANS.with_borrow(known) {
            Some(plan) => plan,
            None => {
                let plan = client.prepare(query, &[PgBuiltInOids::TEXTOID.oid()])?;
                let plan: &_ = Box::leak(Box::new(plan.keep()));
                PLANS.with_borrow_mut(|plans| plans.push((query, plan)));
                plan
            }
        };
        client
            .select(plan, None, &[source.into()])?
            .map(read)
            .collect()
    })
}

/// Looks up a source and checks that the current user may use it.
pub fn registered(name: &str) -> Result<Registered, Error> {
    let options = rows(OPTIONS, name, |row| {
        let option: Option<String> = row.get(1)?;
        let value: Option<String> = row.get(2)?;
        let may_use: Option<bool> = row.get(3)?;
        Ok((
            option.unwrap_or_default(),
            value.unwrap_or_default(),
            may_use,
        ))
    })?;
    let Some((.., may_use)) = options.first() else {
        return Err(CredentialsError::UnknownSource(name.to_owned()).into());
    };
    if *may_use != Some(true) {
        return Err(CredentialsError::NoUsage(name.to_owned()).into());
    }
    let pairs = options
        .iter()
        .map(|(option, value, _)| (option.as_str(), value.as_str()));
    Ok(Registered {
        name: name.to_owned(),
        source: configure(pairs)?,
    })
}

impl Registered {
    /// The secret: from the file the options name, else from the user mapping. There is no other
    /// place it could come from, so that nobody's secret travels to somebody else's server.
    pub fn secret(&self) -> Result<String, Error> {
        if let Some(path) = &self.source.options().secret_file {
            let content = fs::read_to_string(path).map_err(|error| CredentialsError::File {
                source_name: self.name.clone(),
                path: path.clone(),
                reason: error.to_string(),
            })?;
            return Ok(content.trim().to_owned());
        }
        let found = rows(SECRET, &self.name, |row| {
            Ok((row.get::<String>(1)?, row.get::<String>(2)?))
        })?;
        let (secret, user) = found.into_iter().next().unwrap_or_default();
        secret.ok_or_else(|| {
            CredentialsError::NoSecret(self.name.clone(), user.unwrap_or_default()).into()
        })
    }

    /// What stands for the credential where its use is counted: the same for all sources that use
    /// it, and of no use to whoever reads it. `salt` keeps it from being compared with guesses.
    pub fn fingerprint(&self, salt: &str) -> Result<String, Error> {
        let secret = self.secret()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(self.source.host().as_bytes());
        context.update(&[0]);
        context.update(secret.as_bytes());
        if let Some(account) = self.source.account() {
            context.update(&[0]);
            context.update(account.as_bytes());
        }
        let tag = context.sign();
        let hex = tag
            .as_ref()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"));
        Ok(hex.collect())
    }
}
