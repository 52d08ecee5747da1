//! Choosing clients and services by name, kind, place and tags: one spelling for the command line and for scenarios.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// What is known of a client or service apart from answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// What kind of thing, in the words of the file format.
    pub kind: String,
    /// Type of a service, in the provider's spelling.
    pub resource_type: Option<String>,
    /// Its name.
    pub name: String,
    /// What a question calls it, as the domain name of a service.
    pub asked: Option<String>,
    /// The network it sits in.
    pub network: Option<String>,
    /// The subnet, as `network/subnet`.
    pub subnet: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What else it is: whose public address.
    pub also: Vec<Traits>,
}

impl Traits {
    /// Everything that it is.
    fn faces(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.also)
    }
}

/// A pattern with `*` for any text and `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// A pattern as written.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for one text only.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !is_pattern(&self.0)
    }

    /// Whether the whole text matches, without regard to case.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.to_lowercase().chars().collect();
        let text: Vec<char> = text.to_lowercase().chars().collect();
        // The last star met, and how much of the text it has taken.
        let (mut p, mut t, mut star) = (0, 0, None);
        while t < text.len() {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(c) if *c == '?' || Some(c) == text.get(t) => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((at, taken)) = star else { return false };
                    p = at + 1;
                    t = taken + 1;
                    star = Some((at, taken + 1));
                }
            }
        }
        pattern.iter().skip(p).all(|c| *c == '*')
    }
}

/// Whether a text holds a character that stands for others.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// A kind as a selector names it, with the types of services that the word stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// As written.
    pub written: Glob,
    /// Types of services for which the provider has this word.
    pub types: Vec<String>,
}

impl Kind {
    fn matches(&self, traits: &Traits) -> bool {
        let of_type =
            |t: &String| self.written.matches(t) || self.types.iter().any(|known| known.eq_ignore_ascii_case(t));
        self.written.matches(&traits.kind) || traits.resource_type.as_ref().is_some_and(of_type)
    }
}

/// Which clients or services are meant: those that match one pattern of every list that has any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Names.
    pub names: Vec<Glob>,
    /// Kinds, or types of services.
    pub kinds: Vec<Kind>,
    /// Networks.
    pub networks: Vec<Glob>,
    /// Subnets, as `network/subnet`.
    pub subnets: Vec<Glob>,
    /// Tags; each must be there with a value that matches.
    pub tags: Vec<(String, Glob)>,
}

impl Selector {
    /// Whether something is meant, as any of what it is.
    #[must_use]
    pub fn matches(&self, traits: &Traits) -> bool {
        traits.faces().any(|face| self.means(face))
    }

    /// Whether something is meant as what it is declared as.
    #[must_use]
    pub fn means(&self, traits: &Traits) -> bool {
        let Self { names, kinds, networks, subnets, tags } = self;
        let any = |globs: &[Glob], text: Option<&str>| {
            globs.is_empty() || text.is_some_and(|t| globs.iter().any(|g| g.matches(t)))
        };
        (names.is_empty() || names.iter().any(|n| named(n, traits)))
            && (kinds.is_empty() || kinds.iter().any(|k| k.matches(traits)))
            && any(networks, traits.network.as_deref())
            && any(subnets, traits.subnet.as_deref())
            && tags.iter().all(|t| tagged(t, traits))
    }

    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { names, kinds, networks, subnets, tags } = self;
        names.is_empty() && kinds.is_empty() && networks.is_empty() && subnets.is_empty() && tags.is_empty()
    }

    /// Parts that match nothing among all, one sentence each: names without a wildcard always, since a misspelt name
    /// must not make a selection smaller; the others if nothing is selected.
    #[must_use]
    pub fn complaints(&self, all: &[Traits], what: &str) -> Vec<String> {
        let mut found = Vec::new();
        let nowhere = |test: &dyn Fn(&Traits) -> bool| !all.iter().flat_map(Traits::faces).any(test);
        let selects_nothing = nowhere(&|t| self.matches(t));
        let mut say = |text: String| found.push(text);
        for name in &self.names {
            if (selects_nothing || name.is_literal()) && nowhere(&|t| named(name, t)) {
                say(if name.is_literal() {
                    format!("no {what} is called `{name}`")
                } else {
                    format!("no name of a {what} matches `{name}`")
                });
            }
        }
        if !selects_nothing {
            return found;
        }
        for kind in &self.kinds {
            if nowhere(&|t| kind.matches(t)) {
                say(format!("no {what} is of kind `{}`", kind.written));
            }
        }
        let places: [(&str, &[Glob], Place); 2] =
            [("network", &self.networks, |t| t.network.as_ref()), ("subnet", &self.subnets, |t| t.subnet.as_ref())];
        for (word, globs, place) in places {
            for glob in globs {
                if nowhere(&|t| place(t).is_some_and(|p| glob.matches(p))) {
                    say(format!("no {what} is in a {word} that matches `{glob}`"));
                }
            }
        }
        for tag in &self.tags {
            if !nowhere(&|t| tagged(tag, t)) {
                continue;
            }
            let (key, value) = tag;
            let values: BTreeSet<&str> = all.iter().filter_map(|t| t.tags.get(key)).map(String::as_str).collect();
            let shown: Vec<&str> = values.into_iter().take(SHOWN_VALUES).collect();
            say(match shown.as_slice() {
                [] => format!("no {what} has a tag `{key}`"),
                some => format!("no {what} has a tag `{key}` that matches `{value}`; there is {}", some.join(", ")),
            });
        }
        if found.is_empty() {
            found.push(format!("each part of `{self}` matches some {what}, but none matches all of them"));
        }
        found
    }
}

/// Where something sits.
type Place = fn(&Traits) -> Option<&String>;

/// Values of a tag that a sentence names.
const SHOWN_VALUES: usize = 5;

fn named(glob: &Glob, traits: &Traits) -> bool {
    glob.matches(&traits.name)
        || traits.asked.as_ref().is_some_and(|a| glob.matches(a))
        || glob.matches(&format!("{}.{}", traits.kind, traits.name))
}

fn tagged((key, value): &(String, Glob), traits: &Traits) -> bool {
    traits.tags.get(key).is_some_and(|v| value.matches(v))
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Selector {
    /// As the command line writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, kinds, networks, subnets, tags } = self;
        let written =
            |word: &str, globs: &[Glob]| -> Vec<String> { globs.iter().map(|g| format!("{word}:{g}")).collect() };
        let mut parts = written("name", names);
        parts.extend(kinds.iter().map(|k| format!("kind:{}", k.written)));
        parts.extend(written("network", networks));
        parts.extend(written("subnet", subnets));
        parts.extend(
            tags.iter().map(|(k, v)| if v.as_str() == "*" { format!("tag:{k}") } else { format!("tag:{k}={v}") }),
        );
        f.write_str(&parts.join(","))
    }
}

/// Words that begin a part of a selector.
pub const WORDS: [&str; 5] = ["name", "kind", "network", "subnet", "tag"];

/// Whether a text is a selector rather than a name, address or URL.
#[must_use]
pub fn is_selector(text: &str) -> bool {
    let worded = text.split_once(':').is_some_and(|(word, rest)| WORDS.contains(&word) && !rest.starts_with("//"));
    worded || (is_pattern(text) && !text.contains("://"))
}

impl FromStr for Selector {
    type Err = String;

    /// Reads `vm-*`, `kind:virtual_machine,tag:env=prod`, `subnet:vnet/app`, `network:vnet`, `name:a,name:b`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut selector = Self::default();
        for part in text.split(',').map(str::trim) {
            let (word, rest) = part.split_once(':').unwrap_or(("name", part));
            if rest.is_empty() || rest.starts_with('=') {
                return Err(format!("`{text}` has an empty part"));
            }
            match word {
                "name" => selector.names.push(Glob::new(rest)),
                "kind" => selector.kinds.push(Kind { written: Glob::new(rest), types: Vec::new() }),
                "network" => selector.networks.push(Glob::new(rest)),
                "subnet" => selector.subnets.push(Glob::new(rest)),
                "tag" => {
                    let (key, value) = rest.split_once('=').unwrap_or((rest, "*"));
                    selector.tags.push((key.to_owned(), Glob::new(value)));
                }
                other => {
                    return Err(format!("`{other}:` is not a selector; use name, kind, network, subnet or tag"));
                }
            }
        }
        Ok(selector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts_without_regard_to_case() {
        for (pattern, text, expected) in [
            ("vm-*", "VM-1", true),
            ("vm-?", "vm-12", false),
            ("*-prod-*", "a-prod-b-prod-c", true),
            ("*", "", true),
            ("a*b", "ab", true),
            ("a*b", "abc", false),
            ("", "", true),
            ("vm", "vm-1", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn selectors_need_one_of_every_list() {
        let tags = [("env".to_owned(), "prod".to_owned())].into();
        let traits = Traits { kind: "virtual_machine".into(), name: "vm-1".into(), tags, ..Traits::default() };
        let matches = |text: &str| text.parse::<Selector>().unwrap().matches(&traits);
        assert!(
            matches("vm-*")
                && matches("kind:virtual_*,tag:env=prod")
                && matches("name:x,name:vm-1")
                && matches("tag:env")
        );
        assert!(matches("virtual_machine.vm-1"));
        assert!(!matches("kind:host") && !matches("tag:env=test") && !matches("network:*"));
        assert!("color:red".parse::<Selector>().unwrap_err().contains("name, kind"));
        assert!("a,,b".parse::<Selector>().is_err() && "kind:".parse::<Selector>().is_err());
    }

    #[test]
    fn selectors_are_written_as_they_are_read() {
        for text in ["name:vm-*", "name:a,name:b,kind:host,network:v,subnet:v/s,tag:env=prod,tag:team"] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
        assert!(is_selector("vm-*") && is_selector("kind:host") && is_selector("tag:a=b"));
        assert!(!is_selector("vm-1") && !is_selector("https://a.b/?c*") && !is_selector("fd00::1"));
    }

    #[test]
    fn what_selects_nothing_says_why() {
        let tags = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        let all = [
            Traits { kind: "host".into(), name: "h".into(), ..Traits::default() },
            Traits { kind: "virtual_machine".into(), name: "vm-1".into(), tags, ..Traits::default() },
        ];
        for (selector, expected) in [
            ("x*", "no name of a client matches `x*`"),
            ("name:vm-1,name:vm-2", "no client is called `vm-2`"),
            ("kind:compute", "no client is of kind `compute`"),
            ("network:v", "no client is in a network that matches `v`"),
            ("tag:team", "no client has a tag `team`"),
            ("tag:env=test", "no client has a tag `env` that matches `test`; there is prod"),
            (
                "kind:host,tag:env=prod",
                "each part of `kind:host,tag:env=prod` matches some client, but none matches all",
            ),
        ] {
            let found = selector.parse::<Selector>().unwrap().complaints(&all, "client");
            assert!(found.len() == 1 && found.iter().all(|f| f.starts_with(expected)), "{selector}: {found:?}");
        }
        assert!("vm-*".parse::<Selector>().unwrap().complaints(&all, "client").is_empty());
    }
}
