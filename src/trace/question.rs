//! Questions: their words, what they mean, and why one cannot be asked.

use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id, NotFound, Plane, Resource, Target},
    net::{Fqdn, Transport},
};
use std::net::IpAddr;
use thiserror::Error;

/// A question: can this client reach that target?
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// Name of a client of the scenario.
    pub from: String,
    /// A resource name, domain name, URL or address.
    pub to: String,
    /// Destination port.
    pub port: u16,
    /// Transport.
    pub transport: Transport,
}

/// Why a question cannot be asked. Printed whole, with what to do; [`QuestionError::help`] is that alone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuestionError {
    /// Nothing of that name can be a client.
    #[error("`{0}` is not a client of this scenario; {help}", help = hint(.1, "clients"))]
    Client(String, NotFound),
    /// The target is neither a name of the scenario nor an address or domain name.
    #[error("`{0}` is not a target of this scenario; {help}", help = hint(.1, "targets"))]
    Target(String, NotFound),
    /// The target is written with a port, which is a part of a question of its own.
    #[error("`{0}:{1}` is a target with a port; ask for `{0}` at port {1}")]
    WithPort(String, u16),
    /// The target is numbers and dots, and no address.
    #[error("`{0}` is not an address; an IPv4 address is four numbers from 0 to 255, without leading zeros")]
    Address(String),
    /// The target has several names; one must be chosen.
    #[error("`{0}` has several names; ask for one of {names}", names = .1.join(", "))]
    SeveralNames(String, Vec<String>),
    /// The target has no address.
    #[error("`{0}` cannot be a target: {1}")]
    NoAddress(String, String),
}

fn hint(why: &NotFound, what: &str) -> String {
    match why {
        NotFound::Missing(Some(near)) => format!("did you mean `{near}`?"),
        NotFound::Missing(None) => format!("it has no {what} at all"),
        NotFound::Listed(some, all) if some.len() == *all => format!("its {what}: {}", some.join(", ")),
        NotFound::Listed(some, all) => {
            format!("its {what}: {} and {} more", some.join(", "), all.saturating_sub(some.len()))
        }
        NotFound::Ambiguous(several) => format!("several things have that name, write {}", several.join(" or ")),
    }
}

impl QuestionError {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> String {
        let whole = self.to_string();
        whole.split_once("; ").map_or(whole.clone(), |(problem, _)| problem.to_owned())
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let whole = self.to_string();
        match self {
            Self::WithPort(name, port) => Some(format!("write the host alone, `{name}`, and `port: {port}` beside it")),
            Self::Target(_, NotFound::Listed(..)) => {
                let rest = whole.split_once("; ").map_or("", |(_, rest)| rest);
                Some(format!("write a resource, a domain name, a URL or an address; {rest}"))
            }
            _ => whole.split_once("; ").map(|(_, help)| help.to_owned()),
        }
    }
}

/// Everything that keeps a question from being asked: what is wrong with the target does not wait for the client.
#[must_use]
pub fn problems(plane: &Plane, from: Option<&str>, to: Option<&str>) -> Vec<QuestionError> {
    let asking = from.map(|from| client(plane, from));
    // A target that only some client can be asked about is no mistake of its own.
    let kind = match &asking {
        Some(Ok(client)) => Some(client.kind),
        _ => plane.clients.iter().map(|(_, c)| c.kind).find(|k| matches!(k, ClientKind::Endpoint(_))),
    };
    let aimed = to.zip(kind).map(|(to, kind)| aim(plane, kind, to).map(|_| ()));
    [asking.and_then(Result::err), aimed.and_then(Result::err)].into_iter().flatten().collect()
}

/// What the question is about once its words are understood.
pub(super) enum Aim {
    Name(Fqdn),
    Address(IpAddr, Option<Id<Endpoint>>),
    /// A service, by the name that was asked for if it was not asked for as a whole.
    Service(Id<Resource>, Option<Fqdn>),
}

/// The client of a name; also one that stands for others on the internet ([`Plane::admit`]).
///
/// # Errors
/// If no client, or more than one, has the name.
pub fn client<'p>(plane: &'p Plane, name: &str) -> Result<&'p Client, QuestionError> {
    let known = plane.clients.get(name);
    let found = known.or_else(|why| plane.internet.get(name).map_err(|_| why));
    found.map_err(|why| QuestionError::Client(name.to_owned(), plane.clients.suggest(name, why)))
}

/// What a target means to a kind of client.
pub(super) fn aim(plane: &Plane, client: ClientKind, to: &str) -> Result<Aim, QuestionError> {
    let host = host_of(to);
    let host = plane.aliases.get(host).map_or(host, String::as_str);
    let missing = match plane.targets.get(host) {
        Ok(Target::Address(address, owner)) => return Ok(Aim::Address(*address, *owner)),
        Ok(Target::Unusable(why)) => return Err(QuestionError::NoAddress(host.to_owned(), why.clone())),
        Ok(Target::Resource(id)) if matches!(client, ClientKind::Identity(_)) => {
            return Ok(Aim::Service(*id, None));
        }
        Ok(Target::Resource(id)) => {
            let groups = &plane.resources.get(*id).names;
            return match groups.as_slice() {
                [(_, names)] if !names.is_empty() => {
                    Ok(names.first().cloned().map_or(Aim::Service(*id, None), Aim::Name))
                }
                _ => {
                    let all = groups.iter().filter_map(|(_, n)| n.first()).map(ToString::to_string).collect();
                    Err(QuestionError::SeveralNames(host.to_owned(), all))
                }
            };
        }
        Err(why) => why,
    };
    if let NotFound::Ambiguous(_) = missing {
        return Err(QuestionError::Target(host.to_owned(), missing));
    }
    if let Ok(address) = host.parse() {
        return Ok(Aim::Address(address, None));
    }
    if is_numbers(host) {
        return Err(QuestionError::Address(host.to_owned()));
    }
    match host.parse::<Fqdn>() {
        Ok(name) if host.contains('.') => match (client, plane.door_names.get(&name)) {
            (ClientKind::Identity(_), Some(door)) => Ok(Aim::Service(plane.doors.get(door.door).resource, Some(name))),
            _ => Ok(Aim::Name(name)),
        },
        _ => Err(match host.rsplit_once(':').map(|(name, port)| (name, port.parse())) {
            Some((name, Ok(port))) if !name.is_empty() => QuestionError::WithPort(name.to_owned(), port),
            _ => QuestionError::Target(host.to_owned(), plane.targets.suggest(host, missing)),
        }),
    }
}

/// Whether a text is numbers between dots, or between colons: an address or a mistake, never a domain name.
fn is_numbers(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    host.contains('.') && !last.is_empty() && last.chars().all(|c| c.is_ascii_digit())
}

/// The host of a URL, without what may stand before it to log in and the port behind it; or the text itself.
#[must_use]
pub fn host_of(to: &str) -> &str {
    let Some((_, rest)) = to.split_once("://") else { return to };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    }
}
