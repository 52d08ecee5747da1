//! The `privreach` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(privreach::cli::run().code())
}
