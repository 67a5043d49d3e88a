//! Which addresses a source may be reached at.
//!
//! The host comes from the source's `base_url` alone, but whoever may create a source could point
//! it (or its DNS name) at the machine's own network. The resolver therefore hands only permitted
//! addresses to the connector, so that the address checked is the address connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Public addresses only: the default.
    Public,
    /// The base URL names this machine itself, so only loopback addresses are reached.
    Loopback,
    /// Everything, private networks included: the source's option `allow_private`.
    Any,
}

impl AddressPolicy {
    /// The policy for a base URL: loopback when its host is `localhost` or a loopback address.
    pub fn for_url(url: &Url, allow_private: bool) -> Self {
        if names_loopback(url) {
            Self::Loopback
        } else if allow_private {
            Self::Any
        } else {
            Self::Public
        }
    }

    /// Whether a URL's host may be asked for: a name may, as its addresses are checked when they
    /// are known; a literal address must be allowed itself.
    pub fn allows_host(self, host: &str) -> bool {
        literal_address(host).is_none_or(|address| self.allows(address))
    }

    /// Whether an address may be connected to under this policy.
    pub fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Any => true,
            Self::Loopback => address.is_loopback(),
            Self::Public => match address {
                IpAddr::V4(address) => is_public_v4(address),
                IpAddr::V6(address) => is_public_v6(address),
            },
        }
    }
}

/// Whether the URL's host is this machine by name or by address.
fn names_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => literal_address(host).is_some_and(|a| a.to_canonical().is_loopback()),
        None => false,
    }
}

/// The address when a URL's host is one literally; a resolver is never asked for these.
fn literal_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared_by_carriers = a == 100 && (64..128).contains(&b);
    let protocol_assignments = a == 192 && b == 0 && c == 0;
    let benchmarking = a == 198 && (b == 18 || b == 19);
    let reserved = a == 0 || a >= 240;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared_by_carriers
        || protocol_assignments
        || benchmarking
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast is 2000::/3; of it, documentation and the two transition ranges that embed
    // an IPv4 address (6to4, Teredo) could lead back into a private network.
    let global_unicast = segments[0] & 0xe000 == 0x2000;
    let documentation = segments[0] == 0x2001 && segments[1] == 0x0db8;
    let teredo = segments[0] == 0x2001 && segments[1] == 0;
    let six_to_four = segments[0] == 0x2002;
    global_unicast && !documentation && !teredo && !six_to_four
}

/// A resolver in asynchronous Rust. The system's resolver would block a helper thread that takes
/// PostgreSQL's signals and cannot be cancelled.
pub struct CheckedResolver {
    policy: AddressPolicy,
    resolver: Arc<OnceLock<TokioResolver>>,
}

impl CheckedResolver {
    /// A resolver that hands out only what the policy allows.
    pub fn new(policy: AddressPolicy) -> Self {
        Self {
            policy,
            resolver: Arc::default(),
        }
    }
}

/// Why a name led nowhere.
#[derive(Debug, thiserror::Error)]
enum ResolveError {
    #[error(
        "host {host} resolves to {address}, which is not a public address; set the source's option allow_private to reach private networks"
    )]
    Refused { host: String, address: IpAddr },
    #[error("host {0} has no address")]
    NoAddress(String),
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        let cell = Arc::clone(&self.resolver);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<IpAddr> = if host == "localhost" {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            } else {
                lookup(&cell, &host).await?
            };
            let allowed: Vec<SocketAddr> = found
                .iter()
                .filter(|address| policy.allows(**address))
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            match (allowed.is_empty(), found.first()) {
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
                (true, Some(&address)) => Err(ResolveError::Refused { host, address }.into()),
                (true, None) => Err(ResolveError::NoAddress(host).into()),
            }
        })
    }
}

async fn lookup(cell: &OnceLock<TokioResolver>, host: &str) -> Result<Vec<IpAddr>, NetError> {
    let resolver = match cell.get() {
        Some(resolver) => resolver,
        None => {
            let built = TokioResolver::builder_tokio()?.build()?;
            cell.get_or_init(|| built)
        }
    };
    Ok(resolver.lookup_ip(host).await?.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: AddressPolicy, address: &str) -> bool {
        policy.allows(address.parse().expect("an address"))
    }

    #[test]
    fn public_policy_refuses_what_leads_inside() {
        for address in [
            "127.0.0.1",
            "10.0.0.8",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.170",
            "198.18.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:10.0.0.8",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "2002:0a00:0008::1",
            "2001:0:0a00:1::1",
            "64:ff9b::a00:1",
        ] {
            assert!(!allows(AddressPolicy::Public, address), "{address}");
        }
        for address in ["140.82.121.6", "2606:50c0:8000::153"] {
            assert!(allows(AddressPolicy::Public, address), "{address}");
        }
    }

    #[test]
    fn policy_follows_the_base_url() {
        let policy =
            |url: &str, private| AddressPolicy::for_url(&Url::parse(url).expect("a URL"), private);
        assert_eq!(
            policy("http://127.0.0.1:80", false),
            AddressPolicy::Loopback
        );
        assert_eq!(policy("http://[::1]:80", true), AddressPolicy::Loopback);
        assert_eq!(
            policy("http://localhost:80", false),
            AddressPolicy::Loopback
        );
        assert_eq!(
            policy("https://api.github.com", false),
            AddressPolicy::Public
        );
        assert_eq!(policy("https://ghe.corp.example", true), AddressPolicy::Any);
        assert!(!allows(AddressPolicy::Loopback, "10.0.0.1"));
    }
}
