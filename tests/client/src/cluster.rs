//! A private PostgreSQL cluster with the extension's package, and pg_cron where it is installed.

use crate::Session;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Where pg_cron runs and the tests work.
const DATABASE: &str = "diogen";

/// A running cluster; dropping it stops and removes it.
pub struct Cluster {
    dir: TempDir,
    /// The superuser's address of the database.
    url: String,
}

fn script(name: &str) -> Command {
    let scripts = std::env::var_os("DIOGEN_SCRIPTS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts")),
        PathBuf::from,
    );
    Command::new(scripts.join(name))
}

fn output(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("a program that starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    assert!(status.success(), "{command:?} failed: {}", text(stderr));
    text(stdout)
}

impl Cluster {
    /// Starts one; `options` are those of `scripts/cluster start`.
    pub fn start(options: &[&str]) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("diogen-test-")
            .tempdir()
            .expect("a folder");
        let mut cluster = Cluster {
            dir,
            url: String::new(),
        };
        let mut start = cluster.script("start");
        start.args(["--no-fsync", "--cron-database", DATABASE]);
        start.args(options);
        output(start);
        let mut url = cluster.script("url");
        url.arg(DATABASE);
        output(url).trim().clone_into(&mut cluster.url);
        cluster
    }

    fn script(&self, action: &str) -> Command {
        let mut command = script("cluster");
        command.arg(action).arg(self.dir.path());
        command
    }

    /// A session as the superuser.
    pub fn connect(&self) -> Session {
        self.connect_as("postgres")
    }

    /// A session of a role.
    pub fn connect_as(&self, role: &str) -> Session {
        Session::open(&self.url(role)).expect("a connection")
    }

    /// A session as the superuser in another database.
    pub fn connect_to(&self, database: &str) -> Session {
        let url = self.url.replacen(DATABASE, database, 1);
        Session::open(&url).expect("a connection")
    }

    /// Whether the cluster takes connections; it does not while it recovers from a crash.
    pub fn is_up(&self) -> bool {
        Session::open(&self.url).is_ok()
    }

    /// The address of the database for a role.
    pub fn url(&self, role: &str) -> String {
        self.url.replace("user=postgres", &format!("user={role}"))
    }

    /// Stops the server, cutting off whatever runs, and starts it again.
    pub fn restart(&self) {
        output(self.script("restart"));
    }

    /// Runs one of PostgreSQL's client programs and returns what it printed.
    pub fn program(&self, name: &str, arguments: &[&str]) -> String {
        let bin = output({
            let mut path = script("private-server");
            path.arg("path");
            path
        });
        let mut command = Command::new(PathBuf::from(bin.trim()).join(name));
        command.args(arguments);
        output(command)
    }

    /// The folder the cluster lives in.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The server's log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("server.log")).expect("a log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.script("stop").output();
    }
}
