//! The `privreach` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The panic hook has told what happened; the exit code says whose fault it is.
    let exit = std::panic::catch_unwind(privreach::cli::run).unwrap_or(privreach::cli::Exit::Internal);
    ExitCode::from(exit.code())
}
