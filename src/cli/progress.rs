//! What is being done, for whoever watches.

use super::args::Global;
use std::{
    io::{IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

/// Does something, and says what it is if it takes more than a second and somebody watches.
pub(super) fn telling<T>(global: &Global, what: &str, work: impl FnOnce() -> T) -> T {
    counting(global, what, |_| work())
}

/// The same for work that says how many of how many parts are done.
pub(super) fn counting<T>(global: &Global, what: &str, work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> T) -> T {
    if global.quiet || !std::io::stderr().is_terminal() {
        return work(&|_, _| {});
    }
    let what = what.to_owned();
    let parts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let seen = Arc::clone(&parts);
    let (done, wait) = mpsc::channel::<()>();
    let teller = std::thread::spawn(move || {
        let mut seconds = 0;
        while wait.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
            seconds += 1;
            let [done, all] = seen.as_ref().each_ref().map(|n| n.load(Ordering::Relaxed));
            let part = if all == 0 { String::new() } else { format!(" {done} of {all},") };
            let _ = write!(std::io::stderr(), "\r{what} …{part} {seconds} s");
        }
        if seconds > 0 {
            // The line is taken away again, so that it stays out of what follows.
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    });
    let result = work(&|done, all| {
        let [known, total] = parts.as_ref();
        known.fetch_max(done, Ordering::Relaxed);
        total.store(all, Ordering::Relaxed);
    });
    drop(done);
    let _ = teller.join();
    result
}
