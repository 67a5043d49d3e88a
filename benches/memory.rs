//! How much memory a process takes while it does something.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The most that a process had, in megabytes.
#[derive(Clone, Copy, Default)]
pub struct Peak {
    /// Of memory of its own.
    pub own: u64,
    /// With the pages that it shares with others, such as the server's buffers: `VmHWM`.
    pub all: u64,
}

/// Watches a process until asked.
pub struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Peak>,
}

impl Watch {
    /// Begins to watch.
    pub fn start(pid: i64) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut peak = Peak::default();
            loop {
                let is_last = over.load(Ordering::Relaxed);
                peak.own = peak.own.max(status(pid, "RssAnon:"));
                peak.all = peak.all.max(status(pid, "VmHWM:"));
                if is_last {
                    return peak;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Watch { is_over, thread }
    }

    /// What the process had at most since the beginning.
    pub fn stop(self) -> Peak {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("a thread that ends")
    }
}

fn status(pid: i64, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.map_or(0, |kilobytes| kilobytes / 1024)
}
