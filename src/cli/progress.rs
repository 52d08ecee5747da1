//! What is being done, for whoever watches.

use super::args::Global;
use std::{
    io::{IsTerminal, Write},
    sync::mpsc,
    time::Duration,
};

/// Does something, and says what it is if it takes more than a second and somebody watches.
pub(super) fn telling<T>(global: &Global, what: &str, work: impl FnOnce() -> T) -> T {
    if global.quiet || !std::io::stderr().is_terminal() {
        return work();
    }
    let what = what.to_owned();
    let (done, wait) = mpsc::channel::<()>();
    let teller = std::thread::spawn(move || {
        let mut seconds = 0;
        while wait.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
            seconds += 1;
            let _ = write!(std::io::stderr(), "\r{what} … {seconds} s");
        }
        if seconds > 0 {
            // The line is taken away again, so that it stays out of what follows.
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    });
    let result = work();
    drop(done);
    let _ = teller.join();
    result
}
