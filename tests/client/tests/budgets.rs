//! Rate limits: told by every answer, shared by all who use a credential, kept, and waited for.

use client::{Fixture, Session, stand_in, wait_until};
use postgres::NoTls;
use stand_in::{Action, Fault, Server, Status, TOKEN};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Generous for what must be at once.
const SOON: Duration = Duration::from_secs(5);
const SLOW: Duration = Duration::from_secs(30);
const COMMITS: &str = "POST /graphql Commits";
const FINDINGS: &str = "SELECT stream, sqlstate FROM diogen_bronze.findings";

/// Asks a stand-in for something that no client of GitHub's does; the body of the answer.
fn ask(server: &Server, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nuser-agent: test\r\nauthorization: token {TOKEN}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    body.to_owned()
}

/// What a stand-in itself says is left, for GraphQL or REST.
fn left(server: &Server, resource: &str) -> i64 {
    let limits: serde_json::Value =
        serde_json::from_str(&ask(server, "GET", "/rate_limit")).expect("JSON");
    let left = &limits["resources"][resource]["remaining"];
    left.as_i64().expect("a number")
}

fn status(code: u16, headers: &[(&str, String)], body: &str) -> Action {
    let header = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
    Action::Status(Status {
        code,
        body: body.to_owned(),
        headers: headers.iter().map(header).collect::<BTreeMap<_, _>>(),
    })
}

fn state_of_last_run(db: &mut Session, source: &str) -> String {
    db.value(&format!(
        "SELECT state FROM diogen.runs WHERE source = '{source}' ORDER BY run DESC LIMIT 1"
    ))
}

/// A run that asks nothing because a limit is closed, and says until when.
fn assert_nothing_is_asked(fixture: &mut Fixture, source: &str) {
    // What was under way when the limit struck may still arrive.
    std::thread::sleep(Duration::from_millis(200));
    let requests = fixture.stand_in.requests();
    fixture.db.notices();
    fixture.db.run(&format!("CALL diogen.sync('{source}')"));
    assert_eq!(fixture.stand_in.requests(), requests);
    let notices = fixture.db.notices();
    let until = fixture.db.value(
        "SELECT greatest(max(closed_until), max(resets_at) FILTER (WHERE remaining <= most / 2))
         FROM diogen_bronze.budgets",
    );
    assert_eq!(
        notices,
        [format!(
            "NOTICE {source} · rate limit until {until}; nothing to do before"
        )]
    );
}

#[test]
fn every_answer_tells_its_budget() {
    let mut fixture = Fixture::acme(|_| ());
    let held = "SELECT remaining FROM diogen_bronze.budgets WHERE resource = 'graphql'";
    for _ in 0..2 {
        let fetch = "CALL diogen.sync('acme', '{repositories}')";
        fixture.db.run(fetch);
        let left = left(&fixture.stand_in, "graphql");
        assert_eq!(fixture.db.number(held), left);
    }
    fixture.db.run("CALL diogen.sync()");
    let [core, graphql] = ["core", "graphql"].map(|resource| left(&fixture.stand_in, resource));
    let db = &mut fixture.db;
    assert_eq!(
        db.lines(
            "SELECT resource, most, remaining, resets_at > clock_timestamp(), closed_until
             FROM diogen_bronze.budgets ORDER BY resource"
        ),
        [
            format!("core|1000000|{core}|t|-"),
            format!("graphql|1000000|{graphql}|t|-")
        ]
    );
    // All streams are held up by the tighter one.
    assert_eq!(
        db.lines(
            "SELECT DISTINCT s.budget_remaining, s.budget_resets_at = b.resets_at
             FROM diogen.status s JOIN diogen_bronze.budgets b ON b.resource = 'graphql'"
        ),
        [format!("{}|t", core.min(graphql))]
    );

    // Answers overtake one another: within a period the least is the youngest, and a period that
    // is over tells nothing.
    let told = |remaining: i64, later: &str| {
        format!(
            "SELECT diogen.note_budget('acme', NULL, jsonb_build_object('resource', 'graphql', 'limit', 1000000,
                 'remaining', {remaining}, 'resets_at', resets_at + interval '{later}'))
             FROM diogen_bronze.budgets WHERE resource = 'graphql'"
        )
    };
    for (remaining, later, expected) in [
        (graphql + 5, "0", graphql),
        (7, "-1 hour", graphql),
        (graphql - 5, "0", graphql - 5),
        (999_999, "1 hour", 999_999),
    ] {
        db.run(&told(remaining, later));
        assert_eq!(db.number(held), expected, "{remaining} {later}");
    }
}

#[test]
fn no_more_than_a_share_is_used() {
    let mut fixture = Fixture::new(stand_in(|config| config.rate_limit = 40), &[]);
    let half = r#", "max_share": 0.5, "concurrency": 1"#;
    fixture.add_source_with("acme", "acme/*", half, TOKEN);
    fixture.add_source_with("beside", "acme/web", half, TOKEN);
    fixture.add_source_with("generous", "acme/web", "", TOKEN);
    fixture.db.run("CALL diogen.sync('acme')");
    assert_eq!(state_of_last_run(&mut fixture.db, "acme"), "stop");
    // The page that reaches the half costs some points, and so does the one asked for ahead.
    let used = 40 - left(&fixture.stand_in, "graphql").min(left(&fixture.stand_in, "core"));
    assert!((20..=25).contains(&used), "{used}");
    let db = &mut fixture.db;
    let until = db.value("SELECT max(resets_at) FROM diogen_bronze.budgets WHERE remaining <= 20");
    let note =
        db.value("SELECT note FROM diogen.runs WHERE source = 'acme' ORDER BY run DESC LIMIT 1");
    assert_eq!(
        note,
        format!("rate limit until {until}; the next run after that goes on from here")
    );
    let notices = db.notices();
    assert!(
        notices.contains(&format!("NOTICE acme · {note}")),
        "{notices:?}"
    );

    // The other source with this token stops too, one that leaves nothing to others does not,
    // and another token has another budget.
    assert_nothing_is_asked(&mut fixture, "acme");
    assert_nothing_is_asked(&mut fixture, "beside");
    let db = &mut fixture.db;
    assert_eq!(
        db.number("SELECT count(DISTINCT credential) FROM diogen_bronze.budgets"),
        1
    );
    db.run("CALL diogen.sync('generous', '{repositories, releases}')");
    assert_eq!(state_of_last_run(db, "generous"), "complete");
    let other = stand_in(|config| config.token = "another-token".to_owned());
    db.run(&format!(
        r#"SELECT diogen.add_source('other', 'github',
            '{{"base_url": "{}", "repositories": "acme/web", "since": "2000-01-01", "max_share": 0.5}}',
            secret => 'another-token')"#,
        other.url()
    ));
    db.run("CALL diogen.sync('other')");
    assert_eq!(state_of_last_run(db, "other"), "complete");

    // Hour by hour it goes on to the end.
    let mut hours = 0;
    while state_of_last_run(&mut fixture.db, "acme") != "complete" {
        hours += 1;
        assert!(hours < 20, "it does not end");
        ask(&fixture.stand_in, "POST", "/_stand_in/reset");
        fixture
            .db
            .run("UPDATE diogen_bronze.budgets SET resets_at = clock_timestamp() - interval '1 s'");
        fixture.db.run("CALL diogen.sync('acme')");
        let used = 40 - left(&fixture.stand_in, "graphql").min(left(&fixture.stand_in, "core"));
        assert!(used <= 25, "{used}");
    }
    assert!(hours > 1, "it takes more than one more hour");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    assert_eq!(fixture.db.lines(FINDINGS), [""; 0]);
}

#[test]
fn refusals_for_the_rate_stop_the_source_until_their_time() {
    let mut fixture = Fixture::new(stand_in(|_| ()), &[]);
    fixture.add_source_with("acme", "acme/*", r#", "concurrency": 3"#, TOKEN);
    fixture.db.run("CALL diogen.sync()");
    let in_minutes = |db: &mut Session, format: &str, minutes: u32| {
        db.value(&format!(
            "SELECT to_char(clock_timestamp() + interval '{minutes} min', '{format}')"
        ))
    };
    let seconds = fixture
        .db
        .value("SELECT extract(epoch FROM clock_timestamp() + interval '5 min')::bigint");
    let date = in_minutes(&mut fixture.db, r#"Dy, DD Mon YYYY HH24:MI:SS "GMT""#, 2);
    let plain = r#"{"message": "no"}"#;
    let words = r#"{"message": "You have exceeded a secondary rate limit. Please wait."}"#;
    let graphql = r#"{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}"#;
    let exhausted = [
        ("x-ratelimit-limit", "5000".to_owned()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", seconds),
    ];
    let after = |value: &str| vec![("retry-after", value.to_owned())];
    for (stream, action, expected) in [
        ("commits", status(403, &after("60"), plain), 60),
        ("workflow_runs", status(403, &after("60"), plain), 60),
        ("commits", status(403, &exhausted, plain), 300),
        ("workflow_runs", status(429, &exhausted, plain), 300),
        ("commits", status(200, &exhausted, graphql), 300),
        ("commits", status(429, &after(&date), plain), 120),
        // Where it does not say how long, GitHub asks for a minute.
        ("commits", status(403, &[], words), 60),
        ("commits", status(429, &[], plain), 60),
        // Nobody waits longer than GitHub's hour.
        ("commits", status(429, &after("86400"), plain), 65 * 60),
    ] {
        let about = format!("{stream} {action:?}");
        let endpoint = match stream {
            "commits" => COMMITS,
            _ => "GET /repos/{owner}/{repo}/actions/runs",
        };
        let before = fixture.stand_in.counts()[endpoint];
        fixture
            .stand_in
            .script(vec![Fault::every(endpoint, action)]);
        let sync = format!("CALL diogen.sync('acme', '{{{stream}}}')");
        fixture.db.run(&sync);
        assert_eq!(
            fixture.db.lines(FINDINGS),
            [format!("{stream}|53400")],
            "{about}"
        );
        // As many as were under way, and none again.
        std::thread::sleep(Duration::from_millis(100));
        let asked = fixture.stand_in.counts()[endpoint] - before;
        assert!((1..=3).contains(&asked), "{about}: {asked}");
        let db = &mut fixture.db;
        assert_eq!(state_of_last_run(db, "acme"), "stop");
        let note = db
            .value("SELECT note FROM diogen.runs WHERE source = 'acme' ORDER BY run DESC LIMIT 1");
        assert!(note.contains("limits the rate"), "{note}");
        let until = db.value("SELECT max(closed_until) FROM diogen_bronze.budgets");
        let goes_on = format!("; the next run after {until} goes on from here");
        assert!(note.ends_with(&goes_on), "{note}");
        let wait = db.number(
            "SELECT extract(epoch FROM max(closed_until) - clock_timestamp())::bigint FROM diogen_bronze.budgets",
        );
        assert!(
            (expected - 20..=expected).contains(&wait),
            "{about}: {wait}"
        );
        let same = "SELECT DISTINCT budget_resets_at = (SELECT max(closed_until) FROM diogen_bronze.budgets)
                    FROM diogen.status WHERE source = 'acme'";
        assert_eq!(db.value(same), "t", "{about}");
        assert_nothing_is_asked(&mut fixture, "acme");
        fixture
            .db
            .run("TRUNCATE diogen_bronze.budgets, diogen_bronze.findings");
    }
    fixture.stand_in.script(Vec::new());
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(state_of_last_run(&mut fixture.db, "acme"), "complete");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn a_short_limit_is_waited_for() {
    let mut fixture = Fixture::acme(|_| ());
    let plain = r#"{"message": "slow down"}"#;
    let after = |seconds: &str| [("retry-after", seconds.to_owned())];
    fixture.stand_in.script(vec![
        Fault::every(COMMITS, status(429, &after("1"), plain)).times(1),
        Fault::every("Issues", status(403, &after("2"), plain)).times(1),
    ]);
    let asked = Instant::now();
    fixture.db.run("CALL diogen.sync()");
    assert!(asked.elapsed() >= Duration::from_secs(2), "it waits");
    assert_eq!(fixture.db.lines(FINDINGS), [""; 0]);
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    assert_eq!(state_of_last_run(&mut fixture.db, "acme"), "complete");
    assert_eq!(
        fixture.db.value("SELECT sum(requests) FROM diogen.runs"),
        fixture.stand_in.requests().to_string()
    );

    let before = fixture.stand_in.counts()[COMMITS];
    fixture.stand_in.script(vec![Fault::every(
        COMMITS,
        status(429, &after("19"), plain),
    )]);
    let other = fixture.cluster.connect();
    let token = other.cancel_token();
    let run = other.in_background("CALL diogen.sync('acme', '{commits}')");
    wait_until("a limit to wait for", SLOW, || {
        fixture.stand_in.counts()[COMMITS] > before
    });
    std::thread::sleep(Duration::from_millis(200));
    let asked = Instant::now();
    token.cancel_query(NoTls).expect("a cancel request");
    let error = run.join().expect("a thread").expect("an error");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert!(error.starts_with("57014"), "{error}");
    assert_eq!(fixture.db.lines(FINDINGS), [""; 0]);
}

/// What becomes of a header on its way; none drops it.
type Change = fn(&str) -> Option<String>;

/// Passes everything on to a stand-in, and its answers with other headers back.
fn relay(target: SocketAddr, change: Change) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(target).expect("a connection");
            let mut to_server = server.try_clone().expect("a socket");
            let mut from_client = client.try_clone().expect("a socket");
            std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            std::thread::spawn(move || answers(server, client, change));
        }
    });
    address
}

/// Each answer begins with a piece of its own, as nothing is asked before the last one is there.
fn answers(mut server: TcpStream, mut client: TcpStream, change: Change) {
    let mut pending = Vec::new();
    let mut piece = vec![0; 1 << 16];
    while let Ok(length @ 1..) = server.read(&mut piece) {
        pending.extend_from_slice(&piece[..length]);
        if pending.starts_with(b"HTTP/1.1 ") {
            let end = b"\r\n\r\n";
            let Some(at) = pending.windows(end.len()).position(|bytes| bytes == end) else {
                continue;
            };
            let head = String::from_utf8_lossy(&pending[..at]).into_owned();
            let head: Vec<_> = head.split("\r\n").filter_map(change).collect();
            pending.splice(..at, head.join("\r\n").into_bytes());
        }
        if client.write_all(&pending).is_err() {
            return;
        }
        pending.clear();
    }
}

#[test]
fn an_enterprise_server_without_limits_has_no_budget() {
    let zeros: Change = |line| match line.split_once(": ") {
        Some((name @ ("x-ratelimit-limit" | "x-ratelimit-remaining"), _)) => {
            Some(format!("{name}: 0"))
        }
        _ => Some(line.to_owned()),
    };
    let none: Change = |line| (!line.starts_with("x-ratelimit-")).then(|| line.to_owned());
    let mut fixture = Fixture::new(stand_in(|_| ()), &[]);
    for (name, change) in [("zeros", zeros), ("none", none)] {
        let address = relay(fixture.stand_in.address(), change);
        fixture.db.run(&format!(
            r#"SELECT diogen.add_source('{name}', 'github',
                '{{"base_url": "http://{address}/api/v3", "repositories": "acme/*", "since": "2000-01-01", "max_share": 0.5}}',
                secret => '{TOKEN}')"#
        ));
        fixture.db.run(&format!("CALL diogen.sync('{name}')"));
        assert_eq!(state_of_last_run(&mut fixture.db, name), "complete");
        assert_eq!(fixture.db.lines(FINDINGS), [""; 0]);
        assert_eq!(fixture.differences_to_truth(name), [""; 0]);
        let db = &mut fixture.db;
        assert_eq!(db.number("SELECT count(*) FROM diogen_bronze.budgets"), 0);
        let told = format!(
            "SELECT DISTINCT budget_remaining, budget_resets_at FROM diogen.status WHERE source = '{name}'"
        );
        assert_eq!(db.lines(&told), ["-|-"]);
    }
    // GraphQL lies beside the REST API there.
    let asked = fixture.stand_in.asked();
    assert!(asked.iter().all(|asked| asked.path.starts_with("/api/")));
}

#[test]
fn a_refusal_without_a_limit_concerns_its_repository_alone() {
    let mut fixture = Fixture::acme(|_| ());
    let commits = "CALL diogen.sync('acme', '{commits}')";
    fixture.db.run("CALL diogen.sync()");
    let count = |fixture: &Fixture| fixture.stand_in.counts()[COMMITS];
    let before = count(&fixture);
    fixture.db.run(commits);
    let undisturbed = count(&fixture) - before;
    let plain = r#"{"message": "Resource not accessible by personal access token"}"#;
    let refused = Fault::every(COMMITS, status(403, &[], plain)).of("acme/web");
    fixture.stand_in.script(vec![refused]);
    fixture.db.run(commits);
    assert_eq!(count(&fixture) - before, 2 * undisturbed, "none again");
    let db = &mut fixture.db;
    assert_eq!(
        db.lines("SELECT stream, scope, sqlstate FROM diogen_bronze.findings"),
        ["commits|acme/web|HV00R"]
    );
    assert_eq!(state_of_last_run(db, "acme"), "failed");
    let failed = "SELECT scope FROM diogen_bronze.cursors WHERE state = 'failed'";
    assert_eq!(db.lines(failed), ["acme/web"]);
    let closed = "SELECT count(*) FROM diogen_bronze.budgets WHERE closed_until IS NOT NULL";
    assert_eq!(db.number(closed), 0);
}

#[test]
fn a_token_that_is_revoked_stops_its_source_and_no_other() {
    let mut fixture = Fixture::new(stand_in(|_| ()), &[]);
    fixture.add_source_with("acme", "acme/*", r#", "concurrency": 4"#, TOKEN);
    let beta = stand_in(|_| ());
    let url = beta.url();
    fixture.db.run(&format!(
        r#"SELECT diogen.add_source('beta', 'github',
            '{{"base_url": "{url}", "repositories": "acme/*", "since": "2000-01-01"}}', secret => '{TOKEN}')"#
    ));
    let revoked = status(401, &[], r#"{"message": "Bad credentials"}"#);
    fixture
        .stand_in
        .script(vec![Fault::every("", revoked).after(12)]);
    fixture.db.run("CALL diogen.sync()");
    let requests = fixture.stand_in.requests();
    // Those under way, and what pages that had come before the refusal asked for next.
    assert!(requests <= 12 + 8, "{requests}");
    let db = &mut fixture.db;
    assert_eq!(
        db.lines("SELECT source, sqlstate FROM diogen_bronze.findings"),
        ["acme|28000"]
    );
    let runs = db.lines("SELECT source, state, errors, note FROM diogen.runs ORDER BY run");
    assert_eq!(
        runs,
        [
            "acme|stop|1|127.0.0.1 refused the credentials (HTTP 401): Bad credentials",
            "beta|complete|0|-"
        ]
    );
    let kept = "SELECT count(*) FROM diogen_bronze.documents WHERE source = 'acme' AND stream <> 'repositories'";
    assert_ne!(db.number(kept), 0);
    // Both stand-ins show the same.
    assert_eq!(fixture.differences_to_truth("beta"), [""; 0]);
    assert_ne!(fixture.differences_to_truth("acme"), [""; 0]);
    fixture.stand_in.script(Vec::new());
    fixture.set_secret(TOKEN);
    fixture.db.run("CALL diogen.sync('acme')");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn no_more_requests_are_under_way_than_the_option_allows() {
    let mut fixture = Fixture::new(stand_in(|_| ()), &[]);
    for concurrency in [1, 3, 16] {
        let name = format!("c{concurrency}");
        let option = format!(r#", "concurrency": {concurrency}"#);
        fixture.add_source_with(&name, "acme/*", &option, TOKEN);
        // The first ones are stored, and what follows them is asked for ahead.
        let answered = 20;
        let before = fixture.stand_in.requests();
        fixture
            .stand_in
            .script(vec![Fault::every("", Action::Hang).after(answered)]);
        let other = fixture.cluster.connect();
        let token = other.cancel_token();
        let run = other.in_background(format!("CALL diogen.sync('{name}')"));
        let under_way = |fixture: &Fixture| {
            let asked = fixture.stand_in.requests() - before;
            asked.saturating_sub(answered)
        };
        wait_until("as many as are allowed", SLOW, || {
            under_way(&fixture) >= concurrency
        });
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(under_way(&fixture), concurrency);
        token.cancel_query(NoTls).expect("a cancel request");
        run.join().expect("a thread").expect("an error");
    }
    for wrong in ["0", "17", "-1", r#""four""#] {
        let error = fixture.db.error(&format!(
            r#"SELECT diogen.add_source('wrong', 'github', '{{"repositories": "a/b", "concurrency": {wrong}}}')"#
        ));
        assert!(
            error.starts_with("HV024 option concurrency cannot be"),
            "{error}"
        );
        assert!(error.contains("between 1 and 16"), "{error}");
    }
}
