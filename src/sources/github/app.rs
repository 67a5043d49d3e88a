//! GitHub Apps: a signed claim is exchanged for a token that lasts an hour.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use crate::sources::{OptionError, SourceError, Token};

/// Which app, installed where.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Its number or client id.
    pub id: String,
    /// The installation's number.
    pub installation: u64,
}

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

impl App {
    /// The app that the options name, if they do.
    pub fn of(id: Option<&str>, installation: Option<&str>) -> Result<Option<Self>, OptionError> {
        match (id, installation) {
            (None, None) => Ok(None),
            (Some(id), Some(number)) => {
                let installation = number.parse().map_err(|_| OptionError::Value {
                    name: "installation_id",
                    value: number.to_owned(),
                    expected: "give the number at the end of the installation's address".to_owned(),
                })?;
                Ok(Some(Self {
                    id: id.to_owned(),
                    installation,
                }))
            }
            (None, Some(_)) => Err(OptionError::Missing(
                "app_id",
                "the number or client id of the GitHub App that installation_id belongs to",
            )),
            (Some(_), None) => Err(OptionError::Missing(
                "installation_id",
                "the number of the GitHub App's installation, at the end of its address",
            )),
        }
    }

    /// The claim to be this app, signed with its private key.
    pub fn claim(&self, key: &str, host: &str, now: DateTime<Utc>) -> Result<String, SourceError> {
        // Neither the key nor what is wrong in it belongs into a message.
        let refused = || {
            SourceError::Unauthorized {
            host: host.to_owned(),
            status: 0,
            message: "with the option app_id, the secret must be the app's private key: a PEM text that begins with -----BEGIN RSA PRIVATE KEY-----".to_owned(),
        }
        };
        let key = EncodingKey::from_rsa_pem(key.as_bytes()).map_err(|_| refused())?;
        let claims = Claims {
            // A minute back, should GitHub's clock be behind; it takes ten minutes at most.
            iat: (now - TimeDelta::minutes(1)).timestamp(),
            exp: (now + TimeDelta::minutes(8)).timestamp(),
            iss: &self.id,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).map_err(|_| refused())
    }
}

/// The token in the answer to a login.
pub fn token(host: &str, body: &[u8]) -> Result<Token, SourceError> {
    #[derive(Deserialize)]
    struct Given {
        token: String,
        expires_at: DateTime<Utc>,
    }
    let given: Given = serde_json::from_slice(body).map_err(|error| SourceError::Unreadable {
        host: host.to_owned(),
        // Not the error's text, which may quote the token.
        reason: format!(
            "no token and time of expiry in the answer to the login (line {}, column {})",
            error.line(),
            error.column()
        ),
    })?;
    Ok(Token {
        token: given.token,
        expires_at: given.expires_at,
    })
}
