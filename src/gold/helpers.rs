//! Other processes that take part in a computation.
//!
//! A helper is a background worker with a connection of its own. It works on the same list as the
//! session that started it, batch by batch, and commits by itself; none does what another one is at.
//! So nothing is lost with a helper: what it leaves on the list, its session does. A helper is ended
//! with a session that fails or is stopped.
#![allow(
    unsafe_code,
    reason = "background workers, their signals and shared memory are PostgreSQL's own"
)]

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI64, Ordering};

use pgrx::PgMemoryContexts;
use pgrx::bgworkers::{
    BackgroundWorker, BackgroundWorkerBuilder, BackgroundWorkerStatus, DynamicBackgroundWorker,
};
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReportable;
use pgrx::prelude::*;

use crate::error::Error;
use crate::interrupts;

unsafe extern "C-unwind" {
    /// PostgreSQL's own handler, as a handler has to be: without a guard around it.
    fn die(signal: c_int);
}

/// What helpers have done, in memory that they share with their session.
#[derive(Default)]
#[repr(C)]
struct Tally {
    repositories: AtomicI64,
    written: AtomicI64,
}

/// The helpers of this session.
struct Helpers {
    /// The memory that they share, in which a tally lies.
    segment: *mut pg_sys::dsm_segment,
    workers: Vec<DynamicBackgroundWorker>,
}

thread_local! {
    static HELPERS: RefCell<Option<Helpers>> = const { RefCell::new(None) };
    static IS_WATCHING: Cell<bool> = const { Cell::new(false) };
}

impl Helpers {
    /// What they have done so far.
    fn tally(&self) -> &Tally {
        // SAFETY: the segment is attached as long as this lives, and holds a tally.
        unsafe { tally_of(self.segment) }
    }

    /// Ends those that have not.
    fn end(self) {
        for worker in self.workers {
            worker.terminate();
        }
        // SAFETY: the segment was attached by this process, and is forgotten with this.
        unsafe { pg_sys::dsm_detach(self.segment) };
    }
}

/// What a segment of shared memory holds.
///
/// # Safety
///
/// The segment must hold a tally, and stay attached.
unsafe fn tally_of<'a>(segment: *mut pg_sys::dsm_segment) -> &'a Tally {
    // SAFETY: as promised; it is aligned to pages, and consists of atomics.
    unsafe { &*pg_sys::dsm_segment_address(segment).cast::<Tally>() }
}

/// Ends the helpers of a transaction that failed.
#[pg_guard]
extern "C-unwind" fn end_with_transaction(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    if event == pg_sys::XactEvent::XACT_EVENT_ABORT {
        // It is never borrowed while PostgreSQL may raise an error.
        let helpers = HELPERS.with(|it| it.try_borrow_mut().ok().and_then(|mut it| it.take()));
        helpers.into_iter().for_each(Helpers::end);
    }
}

/// Starts so many helpers of `diogen.compute`, whose batches have `most` rows each, but no more than
/// there are other processors; returns how many there are, which are fewer where PostgreSQL has no
/// more workers to give.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn start_helpers(count: i64, most: i64) -> i64 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let count = count.min(processors as i64 - 1);
    if count <= 0 {
        return 0;
    }
    if !IS_WATCHING.replace(true) {
        // SAFETY: the function stays where it is as long as the process lives.
        unsafe { pg_sys::RegisterXactCallback(Some(end_with_transaction), std::ptr::null_mut()) };
    }
    // SAFETY: PostgreSQL gives a mapping that is large enough, or null. It is kept beyond the
    // transaction, which `diogen.compute` commits in between.
    let (segment, handle) = unsafe {
        let flags = pg_sys::DSM_CREATE_NULL_IF_MAXSEGMENTS as i32;
        let segment = pg_sys::dsm_create(size_of::<Tally>(), flags);
        if segment.is_null() {
            return 0;
        }
        pg_sys::dsm_pin_mapping(segment);
        let tally = pg_sys::dsm_segment_address(segment).cast::<Tally>();
        tally.write(Tally::default());
        (segment, pg_sys::dsm_segment_handle(segment))
    };
    // From here on an error ends those that there are.
    let helpers = Helpers {
        segment,
        workers: Vec::new(),
    };
    if let Some(earlier) = HELPERS.replace(Some(helpers)) {
        earlier.end();
    }
    // SAFETY: these only tell who and where we are.
    let (database, login, role, pid) = unsafe {
        (
            pg_sys::MyDatabaseId,
            pg_sys::GetSessionUserId(),
            pg_sys::GetUserId(),
            pg_sys::MyProcPid,
        )
    };
    let extra = format!(
        "{} {} {} {most}",
        database.to_u32(),
        login.to_u32(),
        role.to_u32()
    );
    for _ in 0..count {
        let builder = BackgroundWorkerBuilder::new("diogen compute helper")
            .set_library("diogen")
            .set_function("diogen_compute_helper")
            .set_argument(i64::from(handle).into_datum())
            .set_extra(&extra)
            .set_notify_pid(pid)
            .enable_spi_access();
        // SAFETY: the handle lies in memory that outlives the transaction.
        let worker =
            unsafe { PgMemoryContexts::TopMemoryContext.switch_to(|_| builder.load_dynamic()) };
        let Ok(worker) = worker else {
            break;
        };
        HELPERS.with_borrow_mut(|it| it.as_mut().map(|it| it.workers.push(worker)));
    }
    let started = HELPERS.with_borrow(|it| it.as_ref().map_or(0, |it| it.workers.len()));
    if started == 0 {
        HELPERS.take().into_iter().for_each(Helpers::end);
    }
    started as i64
}

/// Waits until the helpers have ended; returns how many repositories they computed, and how many
/// rows of facts changed.
#[pg_extern(volatile, parallel_unsafe)]
fn wait_for_helpers() -> TableIterator<'static, (name!(repositories, i64), name!(written, i64))> {
    let has_ended = |it: &DynamicBackgroundWorker| {
        matches!(
            it.pid(),
            Err(BackgroundWorkerStatus::Stopped | BackgroundWorkerStatus::PostmasterDied)
        )
    };
    let have_ended = || {
        HELPERS.with_borrow(|it| {
            it.as_ref()
                .is_none_or(|it| it.workers.iter().all(has_ended))
        })
    };
    while !have_ended() {
        // SAFETY: waits for this process's own latch, which is set when a worker has ended.
        unsafe {
            let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
            let (latch, timeout) = (pg_sys::MyLatch, 1000);
            pg_sys::WaitLatch(latch, events as i32, timeout, pg_sys::PG_WAIT_EXTENSION);
            pg_sys::ResetLatch(latch);
        }
        interrupts::check();
    }
    let done = HELPERS.take().map_or((0, 0), |helpers| {
        let tally = helpers.tally();
        let done = (
            tally.repositories.load(Ordering::Acquire),
            tally.written.load(Ordering::Acquire),
        );
        helpers.end();
        done
    });
    TableIterator::once(done)
}

/// What a helper does; PostgreSQL calls it in the new process.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn diogen_compute_helper(handle: pg_sys::Datum) {
    // SAFETY: the handler only sets flags, and is the one that backends have: it stops a helper
    // wherever it looks at them.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(pg_sys::SIGTERM as i32, Some(die));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(pg_sys::SIGTERM as i32, Some(die));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
    let extra: Vec<u32> = BackgroundWorker::get_extra()
        .split(' ')
        .filter_map(|it| it.parse().ok())
        .collect();
    let &[database, login, role, most] = extra.as_slice() else {
        return;
    };
    let (database, login) = (pg_sys::Oid::from(database), pg_sys::Oid::from(login));
    BackgroundWorker::connect_worker_to_spi_by_oid(Some(database), Some(login));
    // SAFETY: a string that ends, and a mapping that is kept beyond the transaction, or null where
    // the session has ended before.
    let segment = BackgroundWorker::transaction(|| unsafe {
        let state = pg_sys::BackendState::STATE_RUNNING;
        pg_sys::pgstat_report_activity(state, c"CALL diogen.compute() (helper)".as_ptr());
        let segment = pg_sys::dsm_attach(handle.value() as pg_sys::dsm_handle);
        if !segment.is_null() {
            pg_sys::dsm_pin_mapping(segment);
        }
        segment
    });
    if segment.is_null() {
        return;
    }
    // SAFETY: whose handle was passed on holds a tally, and it stays attached.
    let tally = unsafe { tally_of(segment) };
    BackgroundWorker::transaction(|| take_role(role).unwrap_or_report());
    let mut after = (String::new(), String::new());
    loop {
        let from = after.clone();
        let batch =
            BackgroundWorker::transaction(move || compute_batch(from, most).unwrap_or_report());
        tally
            .repositories
            .fetch_add(batch.repositories, Ordering::Release);
        tally.written.fetch_add(batch.written, Ordering::Release);
        match batch.last {
            Some(last) => after = last,
            None => return,
        }
    }
}

/// What one call of `diogen.compute_batch` has done.
struct Batch {
    /// Source and name of its last repository; `None`: there was none left.
    last: Option<(String, String)>,
    repositories: i64,
    written: i64,
}

/// Takes the role of the call, and the isolation that taking from a list needs.
fn take_role(role: u32) -> Result<(), Error> {
    let role = pg_sys::Oid::from(role);
    let settings = "SELECT pg_catalog.set_config('role', r.rolname, false),
                           pg_catalog.set_config('default_transaction_isolation', 'read committed', false)
                    FROM pg_catalog.pg_roles r WHERE r.oid = $1";
    Spi::connect_mut(
        |client| match client.update(settings, Some(1), &[role.into()])?.is_empty() {
            true => Err(Error::NoRole(role.to_u32())),
            false => Ok(()),
        },
    )
}

fn compute_batch((source, repository): (String, String), most: u32) -> Result<Batch, Error> {
    Spi::connect_mut(|client| {
        let batch = "SELECT last_source, last_repository, repositories, written FROM diogen.compute_batch($1, $2, $3)";
        let arguments = [source.into(), repository.into(), i64::from(most).into()];
        let row = client.update(batch, Some(1), &arguments)?.first();
        let last: Option<String> = row.get(1)?;
        Ok(Batch {
            last: last.zip(row.get(2)?),
            repositories: row.get(3)?.unwrap_or_default(),
            written: row.get(4)?.unwrap_or_default(),
        })
    })
}
