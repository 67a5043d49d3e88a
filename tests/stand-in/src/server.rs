//! A stand-in that runs in a thread of its own, so that anyone can use it.

use crate::changes::Deleted;
use crate::config::Config;
use crate::faults::Fault;
use crate::jira::Jira;
use crate::model::{Time, World};
use crate::state::{Asked, State};
use crate::{generate, keys, recorded, service};
use chrono::{Timelike, Utc};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A running stand-in; dropping it stops it.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a stand-in; when this returns it listens.
    pub fn start(config: Config) -> io::Result<Server> {
        if !config.listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} is not a loopback address", config.listen.ip()),
            ));
        }
        let (world, until) = build(&config)?;
        let listener = TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(config, world, until));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let served = state.clone();
        let thread = std::thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    tokio::select! {
                        () = accept(listener, served) => {}
                        _ = stopped => {}
                    }
                });
                // Whoever still hangs is dropped with its connection.
                runtime.shutdown_background();
            })?;
        Ok(Server {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The base address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is served.
    pub fn world(&self) -> Arc<World> {
        self.state.world()
    }

    /// The moment that is shown.
    pub fn now(&self) -> Time {
        self.state.now()
    }

    /// Moves the clock on, at most to the end of the history.
    pub fn advance(&self, hours: f64) {
        self.state.advance(hours);
    }

    /// Replaces the script of faults.
    pub fn script(&self, faults: Vec<Fault>) {
        self.state.script(faults);
    }

    /// Requests answered so far.
    pub fn requests(&self) -> u64 {
        self.state.counts().values().sum()
    }

    /// Requests by endpoint.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.state.counts()
    }

    /// What was asked, once each.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked()
    }

    /// How many documents of each kind are visible now, by repository: what a client should find.
    pub fn truth(&self) -> serde_json::Value {
        keys::truth(&self.state.world(), self.state.now())
    }

    /// The natural identifiers (numbers, ids, object ids) of all that is visible now, by
    /// repository and kind.
    pub fn keys(&self) -> serde_json::Value {
        keys::documents(&self.state.world(), self.state.now())
    }

    /// Ends all tokens of the app; how many there were.
    pub fn expire_tokens(&self) -> usize {
        self.state.tokens.expire()
    }

    /// Gives a repository another name; false if there is no such repository.
    pub fn rename(&self, repository: &str, name: &str) -> bool {
        self.state.change(|world| world.renamed(repository, name))
    }

    /// Deletes something of a repository, or all of it; false if it is not there.
    pub fn delete(&self, repository: &str, what: Deleted<'_>) -> bool {
        self.state.change(|world| world.without(repository, what))
    }

    /// Jira, where it is served; its methods want [`Server::now`] as the clock.
    pub fn jira(&self) -> Option<&Jira> {
        self.state.jira.as_ref()
    }

    /// Stops; open connections are closed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Everything that is to be served, and the end of its history.
fn build(config: &Config) -> io::Result<(World, Time)> {
    let until = config.until.unwrap_or_else(|| {
        let now = Utc::now();
        now.with_second(0)
            .and_then(|t| t.with_nanosecond(0))
            .unwrap_or(now)
    });
    let mut world = World::default();
    if let Some(login) = &config.organisation {
        let organisation = generate::generate(login, config.seed, until, config.days);
        world.organisations.push(organisation);
    }
    if let Some(bulk) = &config.bulk {
        let organisation = generate::bulk::organisation(bulk, config.seed, until, config.days);
        world.organisations.push(organisation);
    }
    if let Some(folder) = &config.recorded {
        world.organisations.extend(recorded::load(folder)?);
    }
    Ok((world, until))
}

async fn accept(listener: tokio::net::TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, as a rule: others will end.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| service::handle(state.clone(), request));
            // An error here is a client that left or a fault of the script.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
