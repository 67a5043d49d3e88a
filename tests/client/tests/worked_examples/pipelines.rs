//! B: deployments that runs of pipelines and their jobs tell of.

use crate::history::{Examples, at};
use serde_json::{Value, json};

const COUNTS: &str = "deployments, attempted_deployments, failed_deployments";

/// Of everything of a service.
fn counts(examples: &mut Examples, service: &str) -> Vec<String> {
    let service = format!(", service => '{service}'");
    examples.dora(COUNTS, "01-01 00:00", "2027-01-01 00:00", &service)
}

/// Deployments of a service in the order in which they finished.
fn told(examples: &mut Examples, service: &str, columns: &str) -> Vec<String> {
    examples.db.lines(&format!(
        "SELECT {columns} FROM diogen_gold.deployments WHERE service = '{service}' ORDER BY finished_at, deployment_id"
    ))
}

/// When something began and ended on June 1, and how; nothing where it has not.
type End<'a> = (&'a str, &'a str);

fn with(mut document: Value, more: Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        document[key] = value.clone();
    }
    document
}

impl Examples {
    /// A run for main that was made at 10:00, as REST tells of it. Without a conclusion it goes on.
    pub fn run(&mut self, repository: &str, id: i64, name: &str, sha: &str, end: End<'_>) {
        self.run_of(repository, id, name, sha, end, json!({}));
    }

    /// The same with other fields.
    pub fn run_of(
        &mut self,
        repository: &str,
        id: i64,
        name: &str,
        sha: &str,
        (conclusion, updated): End<'_>,
        more: Value,
    ) {
        let run = json!({
            "id": id, "name": name, "display_title": "A change", "head_branch": "main", "head_sha": sha, "event": "push",
            "run_attempt": 1, "created_at": at("06-01 10:00"), "run_started_at": at("06-01 10:00"),
            "updated_at": at(&format!("06-01 {updated}")),
            "url": format!("https://api.github.com/repos/{repository}/actions/runs/{id}"),
        });
        self.ingest("workflow_runs", &with(with(run, ending(conclusion)), more));
    }

    /// A job of the first attempt of a run.
    pub fn job(&mut self, repository: &str, run: i64, id: i64, name: &str, end: End<'_>) {
        self.job_of(repository, run, id, name, end, json!({}));
    }

    /// The same with other fields.
    pub fn job_of(
        &mut self,
        repository: &str,
        run: i64,
        id: i64,
        name: &str,
        (conclusion, ended): End<'_>,
        more: Value,
    ) {
        let ended = Some(at(&format!("06-01 {ended}"))).filter(|_| !conclusion.is_empty());
        let job = json!({
            "id": id, "run_id": run, "run_attempt": 1, "name": name, "created_at": at("06-01 09:00"),
            "started_at": at("06-01 09:00"), "completed_at": ended,
            "url": format!("https://api.github.com/repos/{repository}/actions/jobs/{id}"),
        });
        self.ingest("workflow_jobs", &with(with(job, ending(conclusion)), more));
    }

    /// A service of a repository with one rule: how it tells of deployments.
    fn service_by(&mut self, service: &str, repository: &str, columns: &str, values: &str) {
        self.db.run(&format!(
            "INSERT INTO diogen.services (service, repository) VALUES ('{service}', '{repository}');
             INSERT INTO diogen.deployment_rules (service, position, {columns}) VALUES ('{service}', 1, {values})"
        ));
    }
}

fn ending(conclusion: &str) -> Value {
    match conclusion {
        "" => json!({"status": "in_progress", "conclusion": null}),
        _ => json!({"status": "completed", "conclusion": conclusion}),
    }
}

#[test]
fn b1_a_run_that_skipped_deploying_deployed_nothing() {
    let mut examples = Examples::new();
    for (repository, workflow, deploy, conclusion) in [
        ("acme/job", "CI", "deploy-prod", "skipped"),
        ("acme/run", "Deploy", "deploy", "skipped"),
        ("acme/job-done", "CI", "deploy-prod", "success"),
        ("acme/run-done", "Deploy", "deploy", "success"),
    ] {
        examples.run(repository, 7, workflow, "m1", ("success", "10:10"));
        examples.job(repository, 7, 1, "build", ("success", "10:05"));
        examples.job(repository, 7, 2, deploy, (conclusion, "10:10"));
    }
    examples.compute();
    for (service, expected) in [
        ("acme/job", "0|0|0"),
        ("acme/run", "0|0|0"),
        ("acme/job-done", "1|1|0"),
        ("acme/run-done", "1|1|0"),
    ] {
        assert_eq!(counts(&mut examples, service), [expected], "{service}");
    }
}

#[test]
fn b2_a_cancelled_run_is_neither_success_nor_failure() {
    let mut examples = Examples::new();
    for repository in ["acme/jobs", "acme/runs"] {
        examples.run(repository, 7, "Deploy", "m1", ("cancelled", "10:10"));
    }
    examples.job("acme/jobs", 7, 1, "deploy-prod", ("cancelled", "10:10"));
    examples.compute();
    for (service, origin) in [("acme/jobs", "pipeline_job"), ("acme/runs", "pipeline_run")] {
        assert_eq!(
            told(&mut examples, service, "origin, status, failed"),
            [format!("{origin}|cancelled|-")]
        );
        assert_eq!(counts(&mut examples, service), ["0|0|0"]);
    }
}

#[test]
fn b3_a_repeated_run_is_one_deployment() {
    let mut examples = Examples::new();
    let (runs, jobs) = ("acme/runs", "acme/jobs");
    examples.run(runs, 100, "Deploy", "m1", ("failure", "10:10"));
    examples.run(jobs, 100, "CI", "m1", ("failure", "10:10"));
    examples.job(jobs, 100, 1, "deploy-prod", ("failure", "10:10"));
    examples.compute();
    let shown = "status, finished_at, attempts, first_attempt_succeeded";
    for service in [runs, jobs] {
        assert_eq!(
            told(&mut examples, service, shown),
            ["failure|2026-06-01 10:10:00+00|1|f"]
        );
        assert_eq!(counts(&mut examples, service), ["0|1|0"]);
    }
    // The second attempt has the number and the making of the first.
    let again = json!({"run_attempt": 2, "run_started_at": at("06-01 11:00")});
    examples.run_of(
        runs,
        100,
        "Deploy",
        "m1",
        ("success", "11:10"),
        again.clone(),
    );
    examples.run_of(jobs, 100, "CI", "m1", ("success", "11:10"), again);
    let again = json!({"run_attempt": 2});
    examples.job_of(jobs, 100, 2, "deploy-prod", ("success", "11:10"), again);
    examples.compute();
    for service in [runs, jobs] {
        assert_eq!(
            told(&mut examples, service, shown),
            ["success|2026-06-01 11:10:00+00|2|f"]
        );
        assert_eq!(counts(&mut examples, service), ["1|1|0"]);
    }
}

#[test]
fn b4_a_run_under_way_is_a_deployment_once_it_ends() {
    let mut examples = Examples::new();
    let (runs, jobs) = ("acme/runs", "acme/jobs");
    examples.run(runs, 7, "Deploy", "m1", ("", "10:05"));
    examples.run(jobs, 7, "CI", "m1", ("", "10:05"));
    examples.job(jobs, 7, 1, "deploy-prod", ("", "10:05"));
    examples.compute();
    for service in [runs, jobs] {
        assert_eq!(
            told(&mut examples, service, "status, finished_at"),
            ["in_progress|-"]
        );
        assert_eq!(counts(&mut examples, service), ["0|0|0"]);
    }
    examples.run(runs, 7, "Deploy", "m1", ("success", "10:20"));
    examples.run(jobs, 7, "CI", "m1", ("success", "10:20"));
    examples.job(jobs, 7, 1, "deploy-prod", ("success", "10:20"));
    examples.compute();
    for service in [runs, jobs] {
        assert_eq!(
            told(&mut examples, service, "status, finished_at"),
            ["success|2026-06-01 10:20:00+00"]
        );
        assert_eq!(counts(&mut examples, service), ["1|1|0"]);
    }
}

#[test]
fn b6_jobs_of_a_matrix_are_one_deployment_or_several() {
    let mut examples = Examples::new();
    for (repository, us) in [
        ("acme/once", "success"),
        ("acme/each", "success"),
        ("acme/half", "failure"),
        ("acme/half-each", "failure"),
    ] {
        examples.run(repository, 7, "CI", "m1", (us, "10:10"));
        examples.job(repository, 7, 1, "deploy (eu)", ("success", "10:05"));
        examples.job(repository, 7, 2, "deploy (us)", (us, "10:10"));
        let per_job = repository.ends_with("each");
        examples.service_by(
            repository,
            repository,
            "origin, name_pattern, environment, per_job",
            &format!(r"'pipeline_job', '^deploy \(', 'production', {per_job}"),
        );
    }
    examples.compute();
    assert_eq!(counts(&mut examples, "acme/once"), ["1|1|0"]);
    assert_eq!(counts(&mut examples, "acme/each"), ["2|2|0"]);
    // Where one part fails, the whole has.
    assert_eq!(counts(&mut examples, "acme/half"), ["0|1|0"]);
    assert_eq!(counts(&mut examples, "acme/half-each"), ["1|2|0"]);
    let shown = "deployment_id, status, environment, finished_at";
    assert_eq!(
        told(&mut examples, "acme/once", shown),
        ["7/production|success|production|2026-06-01 10:10:00+00"]
    );
    assert_eq!(
        told(&mut examples, "acme/each", shown),
        [
            "1|success|production|2026-06-01 10:05:00+00",
            "2|success|production|2026-06-01 10:10:00+00"
        ]
    );
}

#[test]
fn what_a_repeated_run_does_not_repeat_stays_as_it_was() {
    let mut examples = Examples::new();
    let rule = r"'pipeline_job', '^deploy \(', 'production'";
    for repository in ["acme/mended", "acme/left"] {
        examples.run(repository, 7, "CI", "m1", ("failure", "10:10"));
        let eu = if repository == "acme/left" {
            "failure"
        } else {
            "success"
        };
        examples.job(repository, 7, 1, "deploy (eu)", (eu, "10:05"));
        examples.job(repository, 7, 2, "deploy (us)", ("failure", "10:10"));
        let again = json!({"run_attempt": 2});
        examples.run_of(repository, 7, "CI", "m1", (eu, "11:10"), again.clone());
        examples.job_of(repository, 7, 3, "deploy (us)", ("success", "11:10"), again);
        examples.service_by(
            repository,
            repository,
            "origin, name_pattern, environment",
            rule,
        );
    }
    examples.compute();
    let shown = "status, finished_at, attempts, first_attempt_succeeded";
    for (service, status) in [("acme/mended", "success"), ("acme/left", "failure")] {
        assert_eq!(
            told(&mut examples, service, shown),
            [format!("{status}|2026-06-01 11:10:00+00|2|f")]
        );
    }
}

#[test]
fn the_environment_of_a_job_is_what_its_rule_finds() {
    let mut examples = Examples::new();
    for (service, pattern, expected) in [
        // Groups that do not capture find nothing.
        ("none", "^deploy (?:to )?live$", "production"),
        ("ahead", "^(?!(un|re)deploy).*deploy", "production"),
        ("group", "^deploy to (live)$", "live"),
        ("capital", "^DEPLOY TO (LIVE)$", "live"),
    ] {
        let repository = format!("acme/{service}");
        examples.run(&repository, 7, "CI", "m1", ("success", "10:10"));
        examples.job(&repository, 7, 1, "Deploy to Live", ("success", "10:10"));
        let rule = format!("'pipeline_job', '{pattern}'");
        examples.service_by(service, &repository, "origin, name_pattern", &rule);
        examples.compute();
        assert_eq!(
            told(&mut examples, service, "environment"),
            [expected],
            "{service}"
        );
    }
}

#[test]
fn b7_a_run_may_deploy_to_several_environments() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.run(repository, 7, "CI", "m1", ("success", "11:00"));
    examples.job(repository, 7, 1, "deploy-staging", ("success", "10:00"));
    examples.job(repository, 7, 2, "deploy-prod", ("success", "11:00"));
    let columns = "origin, name_pattern";
    let rule = "'pipeline_job', '^deploy-(staging|prod)$'";
    examples.service_by("production", repository, columns, rule);
    examples.service_by("staging", repository, columns, rule);
    examples.db.run(
        "UPDATE diogen.services SET production_environments = '^staging$' WHERE service = 'staging'",
    );
    examples.compute();
    let shown = "deployment_id, environment, finished_at";
    assert_eq!(
        told(&mut examples, "staging", shown),
        ["7/staging|staging|2026-06-01 10:00:00+00"]
    );
    assert_eq!(
        told(&mut examples, "production", shown),
        ["7/prod|prod|2026-06-01 11:00:00+00"]
    );
    for service in ["staging", "production"] {
        assert_eq!(counts(&mut examples, service), ["1|1|0"]);
    }
}
