//! GitHub Apps: a key instead of a token, and tokens that end.

use client::{Fixture, Session, stand_in, wait_until};
use stand_in::{Action, App, Fault};
use std::thread::JoinHandle;
use std::time::Duration;

const KEY: &str = include_str!("../../stand-in/tests/data/app.private.pem");
const OTHER_KEY: &str = include_str!("../../stand-in/tests/data/other.private.pem");
const PUBLIC_KEY: &str = include_str!("../../stand-in/tests/data/app.public.pem");
const LOGIN: &str = "POST /app/installations/{installation_id}/access_tokens";
const SLOW: Duration = Duration::from_secs(30);
/// So long before their end tokens are replaced.
const BEFORE_EXPIRY: Duration = Duration::from_secs(600);

/// A cluster and a stand-in with an app whose tokens are good for so long; no source yet.
fn with_app(token_lifetime: Duration) -> Fixture {
    let mut app = App::new(PUBLIC_KEY);
    app.token_lifetime = token_lifetime;
    Fixture::new(stand_in(|config| config.app = Some(app)), &[])
}

/// Adds a source for everything with an app's id, installation and key.
fn add(fixture: &mut Fixture, name: &str, id: &str, installation: &str, key: &str) {
    let options = format!(r#", "app_id": "{id}", "installation_id": "{installation}""#);
    fixture.add_source_with(name, "acme/*", &options, key);
}

fn logins(fixture: &Fixture) -> u64 {
    let counts = fixture.stand_in.counts();
    counts.get(LOGIN).copied().unwrap_or_default()
}

fn in_background(mut session: Session, sql: &'static str) -> JoinHandle<Session> {
    std::thread::spawn(move || {
        session.run(sql);
        session
    })
}

fn assert_complete(fixture: &mut Fixture, source: &str) {
    let findings = "SELECT f::text FROM diogen_bronze.findings f";
    assert_eq!(fixture.db.lines(findings), [""; 0]);
    assert_eq!(fixture.differences_to_truth(source), [""; 0]);
    let counted = fixture.db.value("SELECT sum(requests) FROM diogen.runs");
    assert_eq!(
        counted,
        fixture.stand_in.requests().to_string(),
        "logins are counted too"
    );
}

#[test]
fn a_backend_logs_in_once_while_its_token_lasts() {
    let mut fixture = with_app(Duration::from_secs(3600));
    add(&mut fixture, "acme", "123456", "7654321", KEY);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(logins(&fixture), 1);
    assert_complete(&mut fixture, "acme");
    let again = "CALL diogen.sync('acme', '{repositories, commits}')";
    fixture.db.run(again);
    assert_eq!(logins(&fixture), 1);
    // The token is the backend's own and ends with it; nothing is stored.
    fixture.db = fixture.cluster.connect();
    fixture.db.run(again);
    assert_eq!(logins(&fixture), 2);
    // A client id is as good as the number, and whoever uses the same key shares the limits.
    add(&mut fixture, "client_id", "Iv23liStandIn", "7654321", KEY);
    fixture.db.run("CALL diogen.sync('client_id')");
    assert_complete(&mut fixture, "client_id");
    let credentials = "SELECT count(DISTINCT credential) FROM diogen_bronze.budgets";
    assert_eq!(fixture.db.number(credentials), 1);
}

#[test]
fn a_token_is_replaced_before_it_ends() {
    let rest = Duration::from_secs(2);
    let mut fixture = with_app(BEFORE_EXPIRY + rest);
    add(&mut fixture, "acme", "123456", "7654321", KEY);
    fixture.db.run("CALL diogen.sync('acme', '{repositories}')");
    std::thread::sleep(rest);
    let before = logins(&fixture);
    fixture.db.run("CALL diogen.sync('acme', '{repositories}')");
    assert_eq!(logins(&fixture) - before, 1);
    fixture.db.run("CALL diogen.sync()");
    assert_complete(&mut fixture, "acme");
}

#[test]
fn tokens_that_live_shortly_are_good_for_their_request() {
    let mut fixture = with_app(Duration::from_secs(60));
    add(&mut fixture, "acme", "123456", "7654321", KEY);
    fixture.db.run("CALL diogen.sync()");
    assert_complete(&mut fixture, "acme");
}

#[test]
fn a_token_that_ends_within_a_run_is_replaced() {
    let mut fixture = with_app(Duration::from_secs(3600));
    let options = r#", "app_id": "123456", "installation_id": "7654321", "concurrency": 1"#;
    fixture.add_source_with("acme", "acme/*", options, KEY);
    // Late enough to end the token between two pages.
    let late = Fault::every("PullRequests", Action::DelayMs(1500)).times(1);
    fixture.stand_in.script(vec![late.after(2)]);
    let other = fixture.cluster.connect();
    let run = in_background(other, "CALL diogen.sync()");
    wait_until("the late page", SLOW, || {
        let counts = fixture.stand_in.counts();
        counts.get("POST /graphql PullRequests") >= Some(&3)
    });
    assert_eq!(fixture.stand_in.expire_tokens(), 1);
    let mut other = run.join().expect("a thread");
    assert_eq!(logins(&fixture), 2);
    assert_complete(&mut fixture, "acme");
    // Neither did the run stop.
    let notices = other.notices();
    assert!(
        notices.iter().all(|notice| notice.starts_with("NOTICE")),
        "{notices:?}"
    );
    assert_eq!(
        fixture.db.lines("SELECT state, errors FROM diogen.runs"),
        ["complete|0"]
    );
}

#[test]
fn a_key_that_is_refused_stops_the_source_without_a_word_of_it() {
    const CANARY: &str = "ghp_canary0123456789";
    let mut fixture = with_app(Duration::from_secs(3600));
    let broken = KEY.replace('A', "B");
    let public = PUBLIC_KEY;
    for (name, id, installation, key, requests, expected) in [
        (
            "wrong_key",
            "123456",
            "7654321",
            OTHER_KEY,
            1,
            "127.0.0.1 refused the credentials (HTTP 401): A JSON web token could not be decoded",
        ),
        (
            "wrong_app",
            "999",
            "7654321",
            KEY,
            1,
            "127.0.0.1 refused the credentials (HTTP 401): ",
        ),
        (
            "wrong_installation",
            "123456",
            "1",
            KEY,
            1,
            "127.0.0.1 refused the credentials (HTTP 404): Not Found",
        ),
        (
            "token",
            "123456",
            "7654321",
            CANARY,
            0,
            "the secret must be the app's private key: a PEM text that begins with -----BEGIN RSA PRIVATE KEY-----",
        ),
        (
            "broken_key",
            "123456",
            "7654321",
            &broken,
            0,
            "the secret must be the app's private key",
        ),
        (
            "public_key",
            "123456",
            "7654321",
            public,
            0,
            "the secret must be the app's private key",
        ),
    ] {
        add(&mut fixture, name, id, installation, key);
        let before = fixture.stand_in.requests();
        fixture.db.notices();
        fixture.db.run(&format!("CALL diogen.sync('{name}')"));
        assert_eq!(fixture.stand_in.requests() - before, requests, "{name}");
        let warnings = fixture.db.notices();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains(expected), "{warnings:?}");
        let state = format!("SELECT state, errors FROM diogen.runs WHERE source = '{name}'");
        assert_eq!(fixture.db.lines(&state), ["stop|1"]);
        let finding =
            format!("SELECT sqlstate FROM diogen_bronze.findings WHERE source = '{name}'");
        assert_eq!(fixture.db.lines(&finding), ["28000"]);
    }
    fixture
        .db
        .run("SELECT diogen.set_secret('wrong_key', NULL)");
    fixture.db.notices();
    fixture.db.run("CALL diogen.sync('wrong_key')");
    let warnings = fixture.db.notices();
    assert!(
        warnings[0].contains(r#"source "wrong_key" has no secret"#),
        "{warnings:?}"
    );

    let mut told = fixture
        .db
        .lines("SELECT f::text FROM diogen_bronze.findings f");
    told.extend(fixture.db.lines("SELECT r::text FROM diogen.runs r"));
    told.extend(fixture.db.lines("SELECT s::text FROM diogen.status s"));
    told.extend(fixture.db.lines("SELECT s::text FROM diogen.sources s"));
    told.extend(fixture.cluster.log().lines().map(str::to_owned));
    for key in [KEY, OTHER_KEY, PUBLIC_KEY, &broken, CANARY] {
        let part = key.lines().nth(3).unwrap_or(key);
        let found = told.iter().find(|text| text.contains(part));
        assert_eq!(found, None);
    }
    // Put right, one of them reads all.
    fixture
        .db
        .run(&format!("SELECT diogen.set_secret('wrong_key', '{KEY}')"));
    fixture.db.run("CALL diogen.sync('wrong_key')");
    assert_eq!(fixture.differences_to_truth("wrong_key"), [""; 0]);
}

#[test]
fn a_key_may_come_from_a_file() {
    use std::os::unix::fs::PermissionsExt;
    let mut fixture = with_app(Duration::from_secs(3600));
    // The server's own user must be able to read it.
    let file = fixture.cluster.dir().join("data").join("app.pem");
    std::fs::write(&file, KEY).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("permissions");
    let url = fixture.stand_in.url();
    fixture.db.run(&format!(
        r#"SELECT diogen.add_source('acme', 'github', '{{"base_url": "{url}", "repositories": "acme/*",
            "since": "2000-01-01", "app_id": "123456", "installation_id": "7654321", "secret_file": "{}"}}')"#,
        file.display()
    ));
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(logins(&fixture), 1);
    assert_complete(&mut fixture, "acme");
}

#[test]
fn pages_that_are_refused_together_log_in_once() {
    let mut fixture = with_app(Duration::from_secs(3600));
    add(&mut fixture, "acme", "123456", "7654321", KEY);
    let late = Fault::every("graphql", Action::DelayMs(1500)).after(12);
    fixture.stand_in.script(vec![late.times(4)]);
    let other = fixture.cluster.connect();
    let run = in_background(other, "CALL diogen.sync()");
    wait_until("the late pages", SLOW, || {
        let counts = fixture.stand_in.counts();
        let queries = counts.iter().filter(|(name, _)| name.contains("graphql"));
        queries.map(|(_, count)| count).sum::<u64>() >= 16
    });
    assert_eq!(fixture.stand_in.expire_tokens(), 1);
    run.join().expect("a thread");
    assert_eq!(logins(&fixture), 2);
    assert_complete(&mut fixture, "acme");
}

#[test]
fn installations_of_one_app_have_tokens_and_limits_of_their_own() {
    let mut fixture = with_app(Duration::from_secs(3600));
    add(&mut fixture, "one", "123456", "7654321", KEY);
    add(&mut fixture, "two", "123456", "1", KEY);
    let db = &mut fixture.db;
    db.run("CALL diogen.sync()");
    // The stand-in knows one of them only; with the token of that one, the other would read what
    // is not its own.
    assert_eq!(
        db.lines("SELECT source, state FROM diogen.runs ORDER BY run"),
        ["one|complete", "two|stop"]
    );
    assert_eq!(
        db.lines("SELECT source, sqlstate FROM diogen_bronze.findings"),
        ["two|28000"]
    );
    let same = "SELECT diogen.credential_of('one') = diogen.credential_of('two')";
    assert_eq!(db.value(same), "f");
    assert_eq!(logins(&fixture), 2);
}
