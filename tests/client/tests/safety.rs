//! Answers that would harm, or lead astray: bounded, refused, named, and nothing else suffers.

use client::{Cluster, Fixture, Session, wait_until};
use postgres::NoTls;
use stand_in::{Action, App, Fault, Status, TOKEN};
use std::time::{Duration, Instant};

/// Generous for what must be at once.
const SOON: Duration = Duration::from_secs(5);
const SLOW: Duration = Duration::from_secs(30);
const RUNS: &str = "/actions/runs";

/// How much memory a process has had at most, in MiB.
fn peak_memory(pid: i64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.expect("a number") / 1024
}

/// Forgets what bronze holds, so that everything is asked again.
fn start_afresh(fixture: &mut Fixture) {
    fixture.db.run(
        "TRUNCATE diogen_bronze.documents, diogen_bronze.cursors, diogen_bronze.queue, diogen_bronze.findings",
    );
    fixture.db.notices();
}

/// Deployments of one repository fail so; everything else arrives, and later they do too.
fn only_deployments_fail(fixture: &mut Fixture, action: Action, sqlstate: &str, message: &str) {
    start_afresh(fixture);
    let fault = Fault::every("Deployments", action).of("acme/checkout");
    fixture.stand_in.script(vec![fault]);
    fixture.db.run("CALL diogen.sync()");
    let db = &mut fixture.db;
    assert_eq!(
        db.lines("SELECT stream, scope, sqlstate FROM diogen_bronze.findings"),
        [format!("deployments|acme/checkout|{sqlstate}")]
    );
    let finding = db.value("SELECT finding FROM diogen_bronze.findings");
    assert!(finding.contains(message), "{finding}");
    let expected = &fixture.stand_in.truth()["acme/checkout"]["deployments"];
    let differences = fixture.differences_to_truth("acme");
    assert_eq!(*expected, differences.len(), "{differences:?}");
    assert!(
        differences
            .iter()
            .all(|line| line.starts_with("- acme/checkout deployments ")),
        "{differences:?}"
    );
    fixture.stand_in.script(Vec::new());
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn answers_are_bounded_compressed_or_not() {
    let mut fixture = Fixture::acme(|_| ());
    let pid = fixture.db.pid();
    // What is compressed and fits is read.
    let gzip = Fault::every("", Action::Gzip(true));
    fixture.stand_in.script(vec![gzip]);
    fixture.db.run("CALL diogen.sync()");
    let findings = "SELECT f::text FROM diogen_bronze.findings f";
    assert_eq!(fixture.db.lines(findings), [""; 0]);
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    // A megabyte that becomes a gigabyte.
    let too_large = "the answer from 127.0.0.1 is larger than 33554432 bytes";
    for action in [Action::GzipBomb(1 << 30), Action::Endless(true)] {
        only_deployments_fail(&mut fixture, action, "54000", too_large);
    }
    let peak = peak_memory(pid);
    assert!(peak < 300, "{peak} MiB");
    // What says to be compressed and is not.
    let lie = Action::Status(Status {
        code: 200,
        body: "{}".to_owned(),
        headers: [("content-encoding".to_owned(), "gzip".to_owned())].into(),
    });
    only_deployments_fail(&mut fixture, lie, "08006", "cannot be decompressed");
}

#[test]
fn an_answer_that_drips_can_be_cancelled() {
    let fixture = Fixture::acme(|_| ());
    let drip = Action::DripMs(500);
    fixture
        .stand_in
        .script(vec![Fault::every("PullRequests", drip)]);
    let other = fixture.cluster.connect();
    let token = other.cancel_token();
    let run = other.in_background("CALL diogen.sync()");
    wait_until("the answer that drips", SLOW, || {
        let asked = fixture.stand_in.counts();
        asked.contains_key("POST /graphql PullRequests")
    });
    std::thread::sleep(Duration::from_millis(200));
    let asked = Instant::now();
    token.cancel_query(NoTls).expect("a cancel request");
    let error = run.join().expect("a thread").expect("an error");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert!(error.starts_with("57014"), "{error}");
}

#[test]
fn redirects_are_not_followed() {
    let mut fixture = Fixture::acme(|_| ());
    let elsewhere = client::stand_in(|_| ());
    let own = format!("{}/user", fixture.stand_in.url());
    // Were the first one followed, the machine's own network would be asked, and the finding
    // would tell of a connection.
    for target in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        elsewhere.url(),
        own,
    ] {
        let action = Action::Redirect(target);
        only_deployments_fail(&mut fixture, action, "HV00K", "answered HTTP 302");
    }
    assert_eq!(elsewhere.requests(), 0);
    assert!(!fixture.stand_in.counts().contains_key("GET /user"));

    // REST is no different.
    start_afresh(&mut fixture);
    let action = Action::Redirect(format!("{}/repos/acme/web/actions/runs", elsewhere.url()));
    let fault = Fault::every(RUNS, action).of("acme/web");
    fixture.stand_in.script(vec![fault]);
    fixture.db.run("CALL diogen.sync()");
    let findings = "SELECT stream, scope, sqlstate FROM diogen_bronze.findings";
    assert_eq!(fixture.db.lines(findings), ["workflow_runs|acme/web|HV00K"]);
    assert_eq!(elsewhere.requests(), 0);
}

#[test]
fn a_next_page_elsewhere_is_refused_and_named() {
    let mut fixture = Fixture::acme(|_| ());
    let elsewhere = client::stand_in(|_| ());
    for origin in [
        elsewhere.url(),
        "http://169.254.169.254".to_owned(),
        fixture.stand_in.url().replace("127.0.0.1", "localhost"),
        // The right host behind a user name is another origin in disguise, or a credential.
        fixture.stand_in.url().replace("127.0.0.1", "me@127.0.0.1"),
    ] {
        start_afresh(&mut fixture);
        let fault = Fault::every(RUNS, Action::ForeignNext(origin.clone())).of("acme/web");
        fixture.stand_in.script(vec![fault]);
        fixture.db.run("CALL diogen.sync()");
        let db = &mut fixture.db;
        let findings = "SELECT stream, scope, sqlstate FROM diogen_bronze.findings";
        assert_eq!(db.lines(findings), ["workflow_runs|acme/web|42501"]);
        let finding = db.value("SELECT finding FROM diogen_bronze.findings");
        assert!(finding.contains(&origin.replace("me@", "")), "{finding}");
        assert!(finding.contains("base_url"), "{finding}");
        let differences = fixture.differences_to_truth("acme");
        assert!(
            differences
                .iter()
                .all(|line| line.starts_with("- acme/web workflow_runs ")),
            "{differences:?}"
        );
    }
    assert_eq!(elsewhere.requests(), 0);
    fixture.stand_in.script(Vec::new());
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn nodes_that_are_null_are_asked_for_in_halves() {
    let mut fixture = Fixture::acme(|_| ());
    let halved = [
        "PullRequests",
        "Commits",
        "Deployments",
        "Issues",
        "Releases",
        "Tags",
    ]
    .map(|what| Fault::every(&format!("graphql {what}"), Action::NullNodes(true)));
    let repositories = Fault::every("graphql Repositories", Action::NullNodes(true)).times(2);
    let mut script = halved
        .map(|fault| fault.of("acme/checkout").times(2))
        .to_vec();
    script.push(repositories);
    fixture.stand_in.script(script);
    fixture.db.run("CALL diogen.sync()");
    let findings = "SELECT f::text FROM diogen_bronze.findings f";
    assert_eq!(fixture.db.lines(findings), [""; 0]);
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    // What stays too much is not stored in part, and the pass is not over.
    let nulls = Action::NullNodes(true);
    only_deployments_fail(
        &mut fixture,
        nulls,
        "54001",
        "Resource limits for this query",
    );
}

/// Which signals a thread blocks.
fn blocked(task: &std::path::Path) -> u64 {
    let status = std::fs::read_to_string(task.join("status")).expect("a thread");
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigBlk:"))
        .expect("a mask");
    u64::from_str_radix(mask.trim(), 16).expect("a mask")
}

#[test]
fn no_other_thread_takes_the_servers_signals() {
    let mut fixture = Fixture::acme(|_| ());
    let mut other = fixture.cluster.connect();
    let pid = other.pid();
    // The engine for batches has its thread by then.
    other.run("CALL diogen.refresh()");
    fixture.db.run("TRUNCATE diogen_bronze.cursors");
    let hang = Fault::every("PullRequests", Action::Hang);
    fixture.stand_in.script(vec![hang]);
    let before = fixture.stand_in.counts()["POST /graphql PullRequests"];
    let token = other.cancel_token();
    let run = other.in_background("CALL diogen.sync()");
    wait_until("a request that hangs", SLOW, || {
        fixture.stand_in.counts()["POST /graphql PullRequests"] > before
    });
    let signals = [2, 15, 14, 10]
        .iter()
        .fold(0, |all, n| all | 1_u64 << (n - 1));
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    let tasks: Vec<_> = tasks.map(|task| task.expect("a thread").path()).collect();
    assert!(tasks.len() > 1, "the engine has a thread: {tasks:?}");
    for task in tasks {
        let is_main = task.ends_with(pid.to_string());
        let expected = if is_main { 0 } else { signals };
        assert_eq!(blocked(&task) & signals, expected, "{}", task.display());
    }
    token.cancel_query(NoTls).expect("a cancel request");
    let error = run.join().expect("a thread").expect("an error");
    assert!(error.starts_with("57014"), "{error}");
}

/// Everything that people without rights on a secret may come to read.
fn all_that_is_told(db: &mut Session, cluster: &Cluster) -> Vec<String> {
    let mut told = db.notices();
    for public in [
        "SELECT s::text FROM diogen.sources s",
        "SELECT s::text FROM diogen.status s",
        "SELECT r::text FROM diogen.runs r",
        "SELECT r::text FROM diogen_bronze.runs r",
        "SELECT b::text FROM diogen_bronze.budgets b",
        "SELECT f::text FROM diogen_bronze.findings f",
        "SELECT c::text FROM diogen_bronze.cursors c",
        "SELECT q::text FROM diogen_bronze.queue q",
        "SELECT d::text FROM diogen_bronze.documents d",
        "SELECT s::text FROM pg_foreign_server s",
        "SELECT s::text FROM pg_settings s",
        "SELECT a::text FROM pg_stat_activity a WHERE pid <> pg_backend_pid()",
    ] {
        told.extend(db.lines(public));
    }
    told.extend(cluster.log().lines().map(str::to_owned));
    told
}

#[test]
fn secrets_appear_nowhere_however_much_is_logged() {
    const KEY: &str = include_str!("../../stand-in/tests/data/app.private.pem");
    const OTHER: &str = include_str!("../../stand-in/tests/data/other.private.pem");
    const CANARY: &str = "ghp_canary0123456789";
    let app = App::new(include_str!("../../stand-in/tests/data/app.public.pem"));
    let stand_in = client::stand_in(|config| config.app = Some(app));
    let mut fixture = Fixture::new(stand_in, &[]);
    // PostgreSQL itself logs the statement that hands over a secret; this is what the manual
    // tells to do about it.
    fixture.db.run("SET log_statement = 'none'");
    let options = r#", "app_id": "123456", "installation_id": "7654321""#;
    fixture.add_source_with("app", "acme/web", options, KEY);
    fixture.add_source_with("other", "acme/*", options, OTHER);
    fixture.add_source_with("pat", "acme/web", "", TOKEN);
    fixture.add_source_with("wrong", "acme/*", "", CANARY);
    fixture.add_source_with("no_key", "acme/*", options, CANARY);
    let db = &mut fixture.db;
    for setting in [
        "log_statement = 'all'",
        "log_min_messages = 'debug5'",
        "log_min_error_statement = 'debug5'",
        "log_error_verbosity = 'verbose'",
        "log_duration = on",
        "log_min_duration_statement = 0",
        "log_parameter_max_length_on_error = -1",
        "debug_print_parse = on",
        "debug_print_plan = on",
        "client_min_messages = 'debug1'",
    ] {
        db.run(&format!("SET {setting}"));
    }
    db.run("CALL diogen.refresh()");
    // A token that is refused in the middle, a page elsewhere, and a connection that breaks.
    fixture.stand_in.expire_tokens();
    fixture.stand_in.script(vec![
        Fault::every("Deployments", Action::Close).of("acme/web"),
        Fault::every(RUNS, Action::ForeignNext("http://127.0.0.1:9".to_owned())),
    ]);
    let db = &mut fixture.db;
    db.run("TRUNCATE diogen_bronze.cursors");
    db.run("CALL diogen.sync()");
    let hang = Fault::every("PullRequests", Action::Hang);
    fixture.stand_in.script(vec![hang]);
    db.run("TRUNCATE diogen_bronze.cursors");
    db.run("SET statement_timeout = '2s'");
    let error = db.error("CALL diogen.sync('app')");
    assert!(error.starts_with("57014"), "{error}");
    db.run("RESET statement_timeout; RESET client_min_messages");

    let told = all_that_is_told(&mut fixture.db, &fixture.cluster);
    assert!(
        told.iter()
            .any(|line| line.contains("refused the credentials")),
        "there was something to tell"
    );
    assert!(told.iter().any(|line| line.contains("DEBUG: ")));
    // A line from the middle of each key, and how claims and tokens begin.
    let line = |pem: &'static str| pem.lines().nth(3).expect("a line");
    for secret in [
        line(KEY),
        line(OTHER),
        CANARY,
        TOKEN,
        "ghs_",
        "eyJ0",
        "Bearer",
    ] {
        let found = told.iter().find(|text| text.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
}
