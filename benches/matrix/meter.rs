//! Wall time, processor time and memory of a piece of work. Memory is read from `/proc` where it exists.

use std::{fs, hint::black_box, time::Instant};

/// What a run cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of all threads.
    pub(crate) cpu: Option<f64>,
    /// Bytes that were in use at once beyond what was in use before.
    pub(crate) memory: Option<u64>,
}

impl Cost {
    /// Processor time, or wall time where the former is not available.
    pub(crate) fn work(&self) -> f64 {
        self.cpu.unwrap_or(self.wall)
    }

    /// The cost of so many times the work.
    pub(crate) fn times(&self, factor: f64) -> Self {
        Self { wall: self.wall * factor, cpu: self.cpu.map(|c| c * factor), memory: self.memory }
    }
}

/// The best of several runs: others use the machine, and nothing makes a run faster than it is.
pub(crate) fn best_of<T>(runs: usize, mut work: impl FnMut() -> T) -> Cost {
    let mut best: Option<Cost> = None;
    for _ in 0..runs.max(1) {
        let cost = once(&mut work).1;
        best = Some(match best {
            None => cost,
            Some(b) => Cost {
                wall: b.wall.min(cost.wall),
                cpu: b.cpu.zip(cost.cpu).map(|(a, b)| a.min(b)),
                memory: b.memory.zip(cost.memory).map(|(a, b)| a.min(b)),
            },
        });
    }
    best.unwrap_or(Cost { wall: 0.0, cpu: None, memory: None })
}

/// One run with its result.
pub(crate) fn once<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    // The kernel then counts the peak from here on.
    let reset = fs::write("/proc/self/clear_refs", "5").is_ok();
    let (before, cpu, start) = (status("VmRSS"), cpu_seconds(), Instant::now());
    let result = black_box(work());
    let wall = start.elapsed().as_secs_f64();
    let cpu = cpu_seconds().zip(cpu).map(|(after, before)| after - before);
    let peak = status("VmHWM").zip(before).filter(|_| reset).map(|(peak, before)| peak.saturating_sub(before));
    (result, Cost { wall, cpu, memory: peak })
}

/// Processor time of all threads of the process so far, in seconds.
#[cfg(unix)]
fn cpu_seconds() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}

/// A size in `/proc/self/status`, in bytes.
fn status(key: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// A time for people.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        v if v < 1e-3 => format!("{:.1} us", v * 1e6),
        v if v < 1.0 => format!("{:.1} ms", v * 1e3),
        v if v < 7200.0 => format!("{v:.2} s"),
        v => format!("{:.1} h", v / 3600.0),
    }
}

/// A size for people.
pub(crate) fn bytes(value: Option<u64>) -> String {
    match value {
        None => "not available".to_owned(),
        Some(b) if b < 10 << 20 => format!("{} KiB", b >> 10),
        Some(b) => format!("{} MiB", b >> 20),
    }
}
