//! `privreach completions` and `privreach man`: what shells and `man` read, generated from the arguments.

use super::{
    args::{Cli, Global},
    exit::{Exit, Failure},
    input, output,
};
use clap::CommandFactory;
use clap_complete::Shell;

pub(super) fn completions(shell: Shell, global: &Global) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "privreach", &mut script);
    output::write(global, &String::from_utf8_lossy(&script))?;
    Ok(Exit::Holds)
}

/// The page of privreach, or of one command under the name by which `man privreach-check` finds it.
pub(super) fn page(command: &[String], global: &Global) -> Result<Exit, Failure> {
    let mut wanted = Cli::command().name("privreach");
    wanted.build();
    for name in command.iter().flat_map(|words| words.split_whitespace()) {
        let known: Vec<_> = wanted.get_subcommands().map(|c| c.get_name().to_owned()).collect();
        wanted = wanted.find_subcommand(name).cloned().ok_or_else(|| {
            let near = crate::diag::nearest(name, known.iter().map(String::as_str));
            let hint = match near {
                Some(near) => format!("; did you mean `{near}`?"),
                None if known.is_empty() => String::new(),
                None => format!("; {}", known.join(", ")),
            };
            input::mistake(&format!("{} has no command `{name}`{hint}", wanted.get_name()))
        })?;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(wanted)
        .render(&mut text)
        .map_err(|error| Failure::Output("the manual page".to_owned(), error))?;
    output::write(global, &String::from_utf8_lossy(&text))?;
    Ok(Exit::Holds)
}
