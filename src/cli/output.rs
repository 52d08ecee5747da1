//! Where results go.

use super::{
    args::{Colour, Global},
    exit::Failure,
};
use crate::report::Style;
use std::{io::Write, path::Path};

/// Writes a result to the chosen place. A file appears whole or not at all; a device or a pipe is written into.
pub(super) fn write(global: &Global, text: &str) -> Result<(), Failure> {
    match &global.output {
        Some(path) => write_file(path, text).map_err(|error| Failure::Output(path.display().to_string(), error)),
        None => {
            let fail = |error| Failure::Output("standard output".to_owned(), error);
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(fail)
        }
    }
}

fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    // A rename replaces whatever has the name: `/dev/null` for root, or the link instead of what it leads to. What the
    // system gives out under these, `/dev/stdout`, may be a file that others write to as well.
    let given = ["/dev/fd", "/dev/stdout", "/dev/stderr", "/proc"].iter().any(|place| path.starts_with(place));
    let linked = path.canonicalize().or_else(|_| path.read_link().map(|to| path.with_file_name("").join(to)));
    let target = linked.as_deref().unwrap_or(path);
    match std::fs::metadata(target) {
        Ok(there) if there.is_dir() => Err(std::io::ErrorKind::IsADirectory.into()),
        Ok(there) if given || !there.is_file() => {
            let mut open = std::fs::OpenOptions::new();
            open.append(true).open(path)?.write_all(text.as_bytes())
        }
        there => {
            let mut name = target.file_name().unwrap_or_default().to_owned();
            name.push(".partial");
            let partial = target.with_file_name(name);
            std::fs::write(&partial, text)?;
            if let Ok(there) = there {
                std::fs::set_permissions(&partial, there.permissions())?;
            }
            std::fs::rename(&partial, target)
        }
    }
}

/// Whether the result would be written over a file that another argument names, with `#VARIANT` or without.
pub(super) fn is_input(output: &Path, arguments: &[String]) -> bool {
    let Ok(output) = output.canonicalize() else { return false };
    let same = |name: &str| Path::new(name).canonicalize().is_ok_and(|p| p == output);
    let mut after_option = false;
    arguments.iter().any(|argument| {
        let value_of_output = std::mem::replace(&mut after_option, matches!(argument.as_str(), "-o" | "--output"));
        let file = argument.rsplit_once('#').map_or(argument.as_str(), |(file, _)| file);
        !value_of_output && (same(argument) || same(file))
    })
}

/// How text is written: colours where the user, the terminal and `NO_COLOR` agree.
pub(super) fn style(global: &Global) -> Style {
    let choice = anstream::AutoStream::choice(&std::io::stdout());
    let colour = match global.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => global.output.is_none() && choice != anstream::ColorChoice::Never,
    };
    let verbosity = i8::from(global.verbose) - i8::from(global.quiet);
    let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).filter(|c| *c >= 40).unwrap_or(80);
    Style { colour, verbosity, width }
}

/// Whether diagnostics on standard error are coloured.
pub(super) fn error_colour(global: &Global) -> bool {
    match global.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
    }
}
