//! Requests bounded in time and bytes, and the one place where a backend waits for them.

use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Url, redirect};
use tokio::runtime::Runtime;

use super::address::{AddressPolicy, CheckedResolver};

/// How often the wait looks whether the backend was asked to stop. A cancelled statement must
/// return within 200 ms.
const TICK: Duration = Duration::from_millis(20);

/// A request, complete with its credentials.
#[derive(Debug)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Absolute URL.
    pub url: Url,
    /// Headers; credentials must be marked sensitive.
    pub headers: HeaderMap,
    /// JSON body, if any.
    pub body: Option<String>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The decompressed body.
    pub body: Vec<u8>,
}

/// What a request may cost at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first to the last byte.
    pub total: Duration,
    /// Size of the body, as it arrives and decompressed.
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(60),
            max_bytes: 32 << 20,
        }
    }
}

/// Time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time between two pieces of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The backend was asked to cancel or to end; the caller raises PostgreSQL's own error.
    #[error("interrupted while waiting for an answer")]
    Interrupted,
    /// One of the three timeouts struck.
    #[error("no answer from {host} in time: {reason}")]
    Timeout {
        /// The host waited for.
        host: String,
        /// Which wait it was.
        reason: String,
    },
    /// No connection, or it broke.
    #[error("cannot talk to {host}: {reason}")]
    Connection {
        /// The host.
        host: String,
        /// The innermost cause.
        reason: String,
    },
    /// The body is larger than allowed.
    #[error("the answer from {host} is larger than {max_bytes} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        max_bytes: usize,
    },
    /// The address policy forbids the host.
    #[error(
        "{host} is not a public address; set the source's option allow_private to reach private networks"
    )]
    AddressRefused {
        /// The host.
        host: String,
    },
    /// The client could not be made.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
}

/// What this backend needs for requests, made at the first one: a runtime that existed before the
/// postmaster forked would be unusable.
#[derive(Default)]
struct Backend {
    runtime: Option<Rc<Runtime>>,
    clients: Vec<(AddressPolicy, Client)>,
}

thread_local! {
    static BACKEND: RefCell<Backend> = RefCell::default();
    static SENT: Cell<i64> = const { Cell::new(0) };
}

/// How many requests this backend has sent since it was last asked.
pub fn requests_sent() -> i64 {
    SENT.take()
}

/// Waits for something, but not longer than the backend wants to.
///
/// `interrupted` is asked every 20 ms; when it says yes the wait ends with
/// [`HttpError::Interrupted`], and what was waited for goes on only when it is waited for again.
/// Nothing in the future may call into PostgreSQL.
pub fn wait<T>(
    awaited: impl Future<Output = T>,
    interrupted: fn() -> bool,
) -> Result<T, HttpError> {
    let runtime = BACKEND.with_borrow_mut(Backend::runtime)?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            done = awaited => Ok(done),
            () = until(interrupted) => Err(HttpError::Interrupted),
        }
    })
}

/// Sends a request and waits for the whole answer.
pub async fn send(
    request: Request,
    limits: Limits,
    policy: AddressPolicy,
) -> Result<Response, HttpError> {
    let host = request.url.host_str().unwrap_or_default().to_owned();
    if !policy.allows_host(&host) {
        return Err(HttpError::AddressRefused { host });
    }
    SENT.set(SENT.get() + 1);
    let client = BACKEND.with_borrow_mut(|backend| backend.client(policy))?;
    exchange(client, request, limits, &host).await
}

async fn until(interrupted: fn() -> bool) {
    let mut tick = tokio::time::interval(TICK);
    while !interrupted() {
        tick.tick().await;
    }
}

async fn exchange(
    client: Client,
    request: Request,
    limits: Limits,
    host: &str,
) -> Result<Response, HttpError> {
    let failed = |error: reqwest::Error| describe(error, host);
    let mut builder = client
        .request(request.method, request.url)
        .headers(request.headers)
        .header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
        .timeout(limits.total);
    if let Some(body) = request.body {
        builder = builder.body(body);
    }
    let mut answer = builder.send().await.map_err(failed)?;
    let too_large = || HttpError::TooLarge {
        host: host.to_owned(),
        max_bytes: limits.max_bytes,
    };
    if answer
        .content_length()
        .is_some_and(|length| length > limits.max_bytes as u64)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > limits.max_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    if answer
        .headers()
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding == "gzip")
    {
        body = decompressed(&body, limits.max_bytes, host)?;
    }
    Ok(Response {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body,
    })
}

/// Decompresses here and not in the client, so that what arrives and what it unfolds into are
/// bounded each on its own.
fn decompressed(body: &[u8], max_bytes: usize, host: &str) -> Result<Vec<u8>, HttpError> {
    let mut plain = Vec::new();
    let mut decoder = MultiGzDecoder::new(body).take(max_bytes as u64 + 1);
    decoder
        .read_to_end(&mut plain)
        .map_err(|error| HttpError::Connection {
            host: host.to_owned(),
            reason: format!("its answer cannot be decompressed: {error}"),
        })?;
    if plain.len() > max_bytes {
        return Err(HttpError::TooLarge {
            host: host.to_owned(),
            max_bytes,
        });
    }
    Ok(plain)
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn describe(error: reqwest::Error, host: &str) -> HttpError {
    let error = error.without_url();
    let host = host.to_owned();
    // Nobody there is not the same as somebody slow.
    let timed_out = error.is_timeout() && !error.is_connect();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let reason = cause.to_string();
    if timed_out {
        HttpError::Timeout { host, reason }
    } else {
        HttpError::Connection { host, reason }
    }
}

impl Backend {
    fn runtime(&mut self) -> Result<Rc<Runtime>, HttpError> {
        if let Some(runtime) = &self.runtime {
            return Ok(Rc::clone(runtime));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| HttpError::Setup(error.to_string()))?;
        let runtime = Rc::new(runtime);
        self.runtime = Some(Rc::clone(&runtime));
        Ok(runtime)
    }

    fn client(&mut self, policy: AddressPolicy) -> Result<Client, HttpError> {
        if let Some((_, client)) = self.clients.iter().find(|(known, _)| *known == policy) {
            return Ok(client.clone());
        }
        let client = build_client(policy)?;
        self.clients.push((policy, client.clone()));
        Ok(client)
    }
}

fn build_client(policy: AddressPolicy) -> Result<Client, HttpError> {
    // One provider for the process; an earlier call has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("diogen/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .https_only(policy == AddressPolicy::Public)
        .dns_resolver(Arc::new(CheckedResolver::new(policy)))
        .build()
        .map_err(|error| {
            let cause = error.source().map(ToString::to_string);
            HttpError::Setup(cause.unwrap_or_else(|| error.to_string()))
        })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Instant;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// Answers one connection with the given function, on loopback.
    fn serve(answer: impl FnOnce(TcpStream) + Send + 'static) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).expect("a request");
            answer(stream);
        });
        Url::parse(&format!("http://{address}/")).expect("a URL")
    }

    fn get(url: Url, limits: Limits, interrupted: fn() -> bool) -> Result<Response, HttpError> {
        let request = Request {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
        };
        wait(send(request, limits, AddressPolicy::Loopback), interrupted)?
    }

    #[test]
    fn returns_status_and_body() {
        let url = serve(|mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnope");
        });
        let answer = get(url, Limits::default(), || false).expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (404, &b"nope"[..]));
    }

    #[test]
    fn stops_soon_after_it_is_interrupted() {
        let url = serve(|stream| {
            thread::sleep(Duration::from_secs(3));
            drop(stream);
        });
        let started = Instant::now();
        let answer = get(url, Limits::default(), || true);
        assert!(matches!(answer, Err(HttpError::Interrupted)));
        assert!(started.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn bounds_the_body() {
        let url = serve(|mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            for _ in 0..64 {
                let _ = stream.write_all(&[b'x'; 1024]);
            }
        });
        let limits = Limits {
            max_bytes: 8 << 10,
            ..Limits::default()
        };
        let answer = get(url, limits, || false);
        assert!(
            matches!(answer, Err(HttpError::TooLarge { .. })),
            "{answer:?}"
        );
    }

    /// An answer with this many zeros, compressed to a thousandth.
    fn compressed(zeros: usize) -> impl FnOnce(TcpStream) + Send + 'static {
        move |mut stream| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&vec![b'0'; zeros]).expect("memory");
            let body = encoder.finish().expect("memory");
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&body);
        }
    }

    #[test]
    fn bounds_what_a_body_unfolds_into() {
        let limits = Limits {
            max_bytes: 1 << 20,
            ..Limits::default()
        };
        let fits = get(serve(compressed(1 << 20)), limits, || false).expect("an answer");
        assert_eq!(fits.body.len(), 1 << 20);
        let bomb = get(serve(compressed(200 << 20)), limits, || false);
        assert!(matches!(bomb, Err(HttpError::TooLarge { .. })), "{bomb:?}");
    }

    #[test]
    fn a_silent_server_is_a_timeout() {
        let url = serve(|stream| {
            thread::sleep(Duration::from_secs(3));
            drop(stream);
        });
        let limits = Limits {
            total: Duration::from_millis(100),
            ..Limits::default()
        };
        let answer = get(url, limits, || false);
        assert!(
            matches!(answer, Err(HttpError::Timeout { .. })),
            "{answer:?}"
        );
    }

    #[test]
    fn a_broken_answer_is_a_connection_error() {
        let url = serve(|mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
        });
        let answer = get(url, Limits::default(), || false);
        assert!(
            matches!(answer, Err(HttpError::Connection { .. })),
            "{answer:?}"
        );
    }

    #[test]
    fn a_redirect_is_an_answer_not_a_journey() {
        let url = serve(|mut stream| {
            let _ = stream.write_all(
                b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
            );
        });
        assert_eq!(
            get(url, Limits::default(), || false)
                .expect("an answer")
                .status,
            302
        );
    }
}
