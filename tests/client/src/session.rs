//! A session that speaks the simple protocol, as psql does: a statement stands alone, so that
//! `CALL` may commit, and values come as text.

use postgres::error::DbError;
use postgres::{CancelToken, Client, Config, NoTls, SimpleQueryMessage};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// An open session.
pub struct Session {
    client: Client,
    notices: Arc<Mutex<Vec<DbError>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Connects.
    pub fn open(url: &str) -> Result<Self, postgres::Error> {
        let notices = Arc::<Mutex<Vec<DbError>>>::default();
        let heard = Arc::clone(&notices);
        let mut config: Config = url.parse()?;
        config.notice_callback(move |notice| lock(&heard).push(notice));
        Ok(Session {
            client: config.connect(NoTls)?,
            notices,
        })
    }

    /// Runs statements; the rows of all of them.
    pub fn try_rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, postgres::Error> {
        let messages = self.client.simple_query(sql)?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|i| row.get(i).map(str::to_owned))
                    .collect(),
            ),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Runs statements that must succeed; the rows of all of them.
    pub fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.try_rows(sql)
            .unwrap_or_else(|error| panic!("{sql}\n{}", describe(&error)))
    }

    /// Rows, each as one text with `|` between its values and `-` for NULL.
    pub fn lines(&mut self, sql: &str) -> Vec<String> {
        let rows = self.rows(sql);
        let line = |row: Vec<Option<String>>| {
            let values: Vec<_> = row.into_iter().map(|v| v.unwrap_or("-".into())).collect();
            values.join("|")
        };
        rows.into_iter().map(line).collect()
    }

    /// Runs statements that must succeed.
    pub fn run(&mut self, sql: &str) {
        self.rows(sql);
    }

    /// Fetches the rows of a query in binary form, as drivers do; returns how many there are.
    pub fn fetch(&mut self, sql: &str) -> usize {
        let rows = self.client.query(sql, &[]);
        rows.unwrap_or_else(|error| panic!("{sql}\n{}", describe(&error)))
            .len()
    }

    /// The one value of a statement; `-` for NULL.
    pub fn value(&mut self, sql: &str) -> String {
        let lines = self.lines(sql);
        assert_eq!(lines.len(), 1, "{sql}: {lines:?}");
        lines.into_iter().next().unwrap_or_default()
    }

    /// The one number of a statement.
    pub fn number(&mut self, sql: &str) -> i64 {
        let value = self.value(sql);
        value.parse().unwrap_or_else(|_| panic!("{sql}: {value}"))
    }

    /// The error of statements that must fail, as `SQLSTATE message`.
    pub fn error(&mut self, sql: &str) -> String {
        match self.try_rows(sql) {
            Ok(rows) => panic!("{sql} did not fail but returned {rows:?}"),
            Err(error) => describe(&error),
        }
    }

    /// Runs statements while the caller goes on; their error, if any, comes with the thread's end,
    /// as `SQLSTATE message`.
    pub fn in_background(mut self, sql: impl Into<String>) -> JoinHandle<Option<String>> {
        let sql = sql.into();
        std::thread::spawn(move || self.try_rows(&sql).err().map(|error| describe(&error)))
    }

    /// The notices and warnings since the last call, as `SEVERITY message`.
    pub fn notices(&mut self) -> Vec<String> {
        let notices = std::mem::take(&mut *lock(&self.notices));
        let text = |notice: &DbError| format!("{} {}", notice.severity(), notice.message());
        notices.iter().map(text).collect()
    }

    /// The process that serves it.
    pub fn pid(&mut self) -> i64 {
        self.number("SELECT pg_backend_pid()")
    }

    /// What cancels its statement from elsewhere.
    pub fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }
}

/// SQLSTATE, message, detail, hint and context: all that the server said.
fn describe(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => [
            Some(error.code().code()),
            Some(error.message()),
            error.detail(),
            error.hint(),
            error.where_(),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" "),
        None => error.to_string(),
    }
}
