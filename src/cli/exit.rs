//! Exit codes.

use crate::report::DiagnosticReport;
use thiserror::Error;

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked holds.
    Holds,
    /// An expectation failed, or lint found something at the failing level.
    Failed,
    /// The input or the command line is unusable.
    Unusable,
    /// Something asserted came out unknown.
    Undecided,
    /// An internal error.
    Internal,
}

impl Exit {
    /// Every code, for the documents.
    pub const ALL: [Self; 5] = [Self::Holds, Self::Failed, Self::Unusable, Self::Undecided, Self::Internal];

    /// The number the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Failed => 1,
            Self::Unusable => 2,
            Self::Undecided => 3,
            Self::Internal => 70,
        }
    }

    /// What it means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Holds => "everything asked holds",
            Self::Failed => "an expectation failed, or lint found something at the failing level",
            Self::Unusable => "the input or the command line is unusable",
            Self::Undecided => "undecided: something asserted came out `unknown`",
            Self::Internal => "internal error",
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// The command line is unusable; in words, without a line break.
    #[error("{}\n", told(.0))]
    Input(String),
    /// The input is unusable: the diagnostics as text, and for a report in place of the result.
    #[error("{0}")]
    Problems(String, Vec<DiagnosticReport>),
    /// The output could not be written.
    #[error("error: cannot write {0}: {1}\n = help: {help}\n", help = elsewhere(.1))]
    Output(String, std::io::Error),
    /// The program contradicts itself.
    #[error("internal error: {0}; please report it\n")]
    Internal(String),
}

/// What to do about output that cannot be written.
fn elsewhere(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "make its directory first, or name another file with `--output`",
        std::io::ErrorKind::IsADirectory => "name a file in it",
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "check who may write there, or name another file with `--output`"
        }
        std::io::ErrorKind::StorageFull => "make room, or name another file with `--output`",
        _ => "name another file with `--output`",
    }
}

fn told(mistake: &str) -> String {
    crate::report::wrapped(&format!("error: {mistake}"), 0, 7, 80)
}

impl Failure {
    /// The exit code of a failure.
    #[must_use]
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Input(_) | Self::Problems(..) => Exit::Unusable,
            // A reader that closed the pipe has seen what it wanted.
            Self::Output(_, error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Holds,
            // Where to write was said on the command line.
            Self::Output(..) => Exit::Unusable,
            Self::Internal(_) => Exit::Internal,
        }
    }
}
