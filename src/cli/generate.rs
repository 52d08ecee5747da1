//! `privreach generate`.

use super::{
    args::{Estate, Generate, Global, Text},
    exit::{Exit, Failure},
    input, output, progress,
};
use crate::generate::{Format, Options, Shape, text};

pub(super) fn run(args: &Generate, global: &Global) -> Result<Exit, Failure> {
    let json = global.output.as_ref().is_some_and(|p| p.extension().is_some_and(|e| e == "json"));
    let format = match args.format {
        Some(Text::Json) => Format::Json,
        Some(Text::Yaml) => Format::Yaml,
        None if json => Format::Json,
        None => Format::Yaml,
    };
    let options = Options {
        endpoints: args.endpoints,
        services: args.services,
        seed: args.seed,
        shape: match args.shape {
            Estate::Typical => Shape::Typical,
            Estate::Flat => Shape::Flat,
            Estate::Hosts => Shape::Hosts,
            Estate::Worst => Shape::Worst,
        },
        hubs: args.hubs,
        spokes: args.spokes,
        subnets: args.subnets,
        rules: args.rules,
    };
    let made = progress::telling(global, "generating", || text(&options, format));
    let text = made.map_err(|e| input::mistake(&e.to_string()))?;
    output::write(global, &text).map(|()| Exit::Holds)
}
