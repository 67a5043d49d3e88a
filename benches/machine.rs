//! What the machine has, and what a process takes of it.

/// In megabytes: what holds the tables of a bench, if there is that much.
pub fn shared_buffers() -> u64 {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = available.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.map_or(1024, |kilobytes| (kilobytes / 4096).min(4096))
}
