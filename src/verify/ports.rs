//! Ports that cannot be meant: none, or another than the URL of the target names. Either would be asked in silence.

use crate::{
    diag::{Diagnostic, code},
    net::Transport,
    scenario::Expectation,
};

/// What is wrong with the port of an expectation, or with the URL that names it.
pub(super) fn problem(expectation: &Expectation) -> Option<Diagnostic> {
    let fields = &expectation.fields;
    let port = fields.port.value;
    let at = fields.port.span.unwrap_or(expectation.span);
    if fields.protocol.value == Transport::Icmp && fields.port.span.is_some() {
        let error = Diagnostic::error(code::VALUE, at, "icmp has no ports");
        return Some(error.help("leave `port` away, or ask by tcp or udp"));
    }
    if port == 0 && fields.protocol.value != Transport::Icmp {
        let error = Diagnostic::error(code::VALUE, at, "0 is not a port");
        return Some(error.help("use a port from 1 to 65535"));
    }
    let (scheme, rest) = fields.to.value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if authority.contains('@') {
        let text = "the URL holds what somebody logs in with";
        let help = "remove what stands before `@`: no flow depends on it, and files are read by others";
        return Some(Diagnostic::error(code::VALUE, fields.to.span, text).help(help));
    }
    let outside = authority.rsplit_once(']').map_or(authority, |(_, after)| after);
    let written = outside.rsplit_once(':').map(|(_, port)| port);
    let asked = match (written.map(str::parse::<u16>), scheme) {
        (Some(Ok(asked)), _) => Some(asked),
        (None, "https") => Some(443),
        (None, "http") => Some(80),
        (Some(Err(_)) | None, _) => None,
    };
    let text = match asked {
        Some(asked) if asked == port => return None,
        Some(asked) => format!("`{}` names port {asked}, and the expectation asks {port}", fields.to.value),
        None => format!("the port of `{}` is not known here", fields.to.value),
    };
    Some(Diagnostic::error(code::VALUE, fields.to.span, text).help("write the host alone, and its port as `port:`"))
}
