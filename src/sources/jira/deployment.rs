//! Jira Cloud and Jira Data Center differ in versions, in paging and in where changelogs are.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::sources::{OptionError, Options};

/// Where a Jira runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// At Atlassian.
    Cloud,
    /// On one's own machines: Data Center, or the older Server.
    DataCenter,
}

impl Deployment {
    /// What the options say; `None`: the server has to be asked.
    pub fn of(option: Option<&str>, common: &Options) -> Result<Option<Self>, OptionError> {
        match option {
            Some("cloud") => Ok(Some(Self::Cloud)),
            Some("datacenter") => Ok(Some(Self::DataCenter)),
            Some(value) => Err(OptionError::Value {
                name: "deployment",
                value: value.to_owned(),
                expected: "give cloud or datacenter, or leave it out to have it found out"
                    .to_owned(),
            }),
            None => {
                let host = common.base_url.host_str().unwrap_or_default();
                Ok(host.ends_with(".atlassian.net").then_some(Self::Cloud))
            }
        }
    }

    /// What the answer to `serverInfo` says. Servers that do not tell are older than the Cloud.
    pub fn greeted(body: &[u8]) -> Result<Value, serde_json::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ServerInfo {
            deployment_type: Option<String>,
        }
        let info: ServerInfo = serde_json::from_slice(body)?;
        let is_cloud = info.deployment_type.as_deref() == Some("Cloud");
        Ok(json!({"deployment": if is_cloud { "cloud" } else { "datacenter" }}))
    }

    /// What is kept of that answer.
    pub fn in_greeting(greeting: &[Value]) -> Option<Self> {
        let mut told = greeting
            .iter()
            .filter_map(|told| told["deployment"].as_str());
        match told.next()? {
            "cloud" => Some(Self::Cloud),
            _ => Some(Self::DataCenter),
        }
    }

    /// The version of the REST API.
    pub fn version(self) -> &'static str {
        match self {
            Self::Cloud => "3",
            Self::DataCenter => "2",
        }
    }
}
