use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use chrono::Utc;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::*;
use crate::http::{self, Limits, Request};
use crate::sources::github::listings::tests::github;
use crate::sources::options;

fn linked(target: &str) -> Response {
    let link = format!(r#"<{target}>; rel="next", <https://api.github.com/x?page=9>; rel="last""#);
    Response {
        status: 200,
        headers: HeaderMap::from_iter([(LINK, link.parse().expect("a header value"))]),
        body: Vec::new(),
    }
}

#[test]
fn the_next_page_is_followed_at_home_only() {
    let github = github("acme/api");
    let follow = |target| next(&github.common, &linked(target));
    let path = follow("https://api.github.com/repositories/1/tags?page=2").expect("a page");
    let path = path.expect("one more");
    assert_eq!(path, "/repositories/1/tags?page=2");
    assert_eq!(
        at(&github.common, &path).as_str(),
        "https://api.github.com/repositories/1/tags?page=2"
    );
    for elsewhere in [
        "https://api.github.com.evil.example/x",
        "http://api.github.com/x",
        "https://api.github.com:8443/x",
        "http://169.254.169.254/latest/meta-data",
        "https://me@api.github.com/x",
    ] {
        let refused = follow(elsewhere).expect_err(elsewhere);
        assert!(
            matches!(refused, SourceError::ForeignLink { .. }),
            "{refused}"
        );
    }
}

/// One recorded answer.
struct Recorded {
    status: u16,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    chain: Option<String>,
}

/// Real answers of GitHub; `None`, said aloud, where they are absent.
fn recorded(file: &str) -> Option<Vec<Recorded>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/github_http_hub4j");
    let Ok(text) = fs::read_to_string(folder.join(file)) else {
        eprintln!("skipped: {} is not there", folder.join(file).display());
        return None;
    };
    let answers = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let headers = line["headers"].as_object().expect("headers");
        Recorded {
            status: line["status"].as_u64().expect("a status") as u16,
            url: text(&line["url"]),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), moment(&text(value))))
                .collect(),
            body: text(&line["body"]),
            chain: line["chain"].as_u64().map(|chain| chain.to_string()),
        }
    });
    Some(answers.collect())
}

/// The recordings name some times by how far they are from the present, in seconds.
fn moment(value: &str) -> String {
    if !value.starts_with("{{") {
        return value.to_owned();
    }
    let offset = value.split("offset='").nth(1).unwrap_or_default();
    let seconds = offset
        .split(' ')
        .next()
        .and_then(|seconds| seconds.parse().ok());
    let at = Utc::now() + chrono::TimeDelta::seconds(seconds.unwrap_or_default());
    match value.contains("unix") {
        true => at.timestamp().to_string(),
        false => at.to_rfc2822().replace("+0000", "GMT"),
    }
}

/// Serves recorded answers by their address, and says where; links lead back to itself.
fn replay(answers: &[Recorded]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let home = format!("http://{}", listener.local_addr().expect("an address"));
    let bodies: HashMap<String, Vec<u8>> = answers
        .iter()
        .map(|answer| {
            let mut head = format!("HTTP/1.1 {} x\r\n", answer.status);
            for (name, value) in &answer.headers {
                let framing = [
                    "transfer-encoding",
                    "content-length",
                    "content-encoding",
                    "connection",
                ];
                if !framing.contains(&name.to_ascii_lowercase().as_str()) {
                    let value = value.replace("https://api.github.com", &home);
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
            }
            let body = if answer.status == 304 {
                ""
            } else {
                &answer.body
            };
            head.push_str(&format!(
                "connection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
            (answer.url.clone(), head.into_bytes())
        })
        .collect();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = serve(&mut stream.expect("a connection"), &bodies);
        }
    });
    Url::parse(&home).expect("a URL")
}

fn serve(stream: &mut TcpStream, bodies: &HashMap<String, Vec<u8>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let absent = b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n".to_vec();
    stream.write_all(bodies.get(path).unwrap_or(&absent))
}

fn get(url: Url) -> Response {
    let request = Request {
        method: Method::GET,
        url,
        headers: HeaderMap::from_iter([(
            HeaderName::from_static("accept"),
            HeaderValue::from_static("application/vnd.github+json"),
        )]),
        body: None,
    };
    let answer = http::send(request, Limits::default(), http::AddressPolicy::Loopback);
    let answer = http::wait(answer, || false).expect("no interruption");
    answer.expect("an answer")
}

fn options_at(home: &Url) -> Options {
    let pairs = [
        ("kind", "github"),
        ("repositories", "a/b"),
        ("base_url", home.as_str()),
    ];
    options::read(pairs).expect("options").1
}

#[test]
fn recorded_chains_of_pages_are_followed_to_their_end() {
    let Some(answers) = recorded("pagination_chains.ndjson") else {
        return;
    };
    let home = replay(&answers);
    let options = options_at(&home);
    let (compared, tags): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.chain.is_some());
    for (chain, elements) in [(compared, "commits"), (tags, "")] {
        let mut reached = Vec::new();
        let first = chain
            .iter()
            .find(|answer| !answer.url.starts_with("/repositories/"));
        let mut path = first.map(|answer| answer.url.clone());
        let mut found = 0;
        while let Some(at_page) = path {
            let answer = get(at(&options, &at_page));
            assert_eq!(answer.status, 200, "{at_page}");
            let body: Value = read("api.example", "x", &answer).expect("a body");
            let list = if elements.is_empty() {
                &body
            } else {
                &body[elements]
            };
            found += list.as_array().expect("a list").len();
            reached.push(at_page);
            path = next(&options, &answer).expect("a link at home");
        }
        assert!(found > 0);
        for answer in chain {
            assert!(
                reached.contains(&answer.url),
                "{} was not reached",
                answer.url
            );
        }
    }
}

#[test]
fn recorded_refusals_are_told_apart() {
    let Some(answers) = recorded("non_200_get.ndjson") else {
        return;
    };
    let mut seen: HashMap<(u16, &str), usize> = HashMap::new();
    for recorded in &answers {
        let home = replay(std::slice::from_ref(recorded));
        let answer = get(at(&options_at(&home), &recorded.url));
        assert_eq!(answer.status, recorded.status);
        let kind = match refusal("api.example", "x", &answer) {
            SourceError::Unauthorized { .. } => "unauthorized",
            SourceError::NotFound { .. } => "not found",
            SourceError::RateLimited { resets_at, .. } => match resets_at {
                Some(at) => {
                    // The recordings' waits are seconds from now, or lie in the past.
                    assert!((at - Utc::now()).num_seconds() < 120, "{at}");
                    "limited until"
                }
                None => "limited",
            },
            SourceError::Status { .. } => "status",
            other => panic!("{other}"),
        };
        *seen.entry((recorded.status, kind)).or_default() += 1;
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            ((304, "status"), 13),
            ((401, "unauthorized"), 4),
            // In words only.
            ((403, "limited"), 2),
            ((403, "limited until"), 11),
            ((403, "not found"), 1),
            ((404, "not found"), 36),
            ((422, "status"), 1),
            ((429, "limited"), 1),
            // One says it in seconds, two by a date.
            ((429, "limited until"), 3),
        ]
    );
}
