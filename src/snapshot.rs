//! The library's front door: a scenario with everything computed from it once.

use crate::{
    azure::{compile::compile, model::SharedNames},
    dataplane::{Plane, kinds_of_internet},
    diag::{CODES, Code, Diagnostic, Severity, code},
    document::{Mapping, Spanned, Tags, Value},
    matrix::Labels,
    scenario::Scenario,
    trace::host_of,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// A scenario with its data plane.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The scenario.
    pub scenario: Scenario,
    /// Its data plane.
    pub plane: Plane,
    /// Problems of the estate, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Snapshot {
    /// Compiles a scenario.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        let (plane, diagnostics) = compile(&scenario.estate, scenario.service_tags.as_deref());
        let mut diagnostics = diagnostics;
        for expected in &scenario.expected_diagnostics {
            let known = || CODES.iter().map(|c| c.code.as_str());
            if known().all(|c| c != expected.value) {
                let near = crate::diag::nearest(&expected.value, known());
                let hint =
                    near.map_or_else(|| "see `privreach explain`".to_owned(), |n| format!("did you mean `{n}`?"));
                let text = format!("no diagnostic has the code `{}`", expected.value);
                diagnostics.push(Diagnostic::error(code::REFERENCE, expected.span, text).help(hint));
            }
        }
        let mut snapshot = Self { scenario, plane, diagnostics: diagnostics.into_sorted() };
        let kinds = kinds_of_internet(&[&snapshot.plane], snapshot.asked_for());
        snapshot.plane.ask_from_internet(&kinds);
        for from in snapshot.named_askers() {
            snapshot.plane.admit(&from);
        }
        snapshot
    }

    /// Addresses that expectations ask for.
    fn asked_for(&self) -> impl Iterator<Item = IpAddr> {
        let ends = self.scenario.expectations.iter().map(|e| &e.fields.to);
        ends.filter_map(|to| host_of(&to.value).parse().ok())
    }

    /// What expectations name as asking.
    fn named_askers(&self) -> Vec<String> {
        let expectations = self.scenario.expectations.iter().map(|e| &e.fields.from);
        expectations.filter(|f| !f.selects()).map(|f| f.value.clone()).collect()
    }

    /// Lets a question be asked: an address or a range of the internet asks by being written (`203.0.113.9`,
    /// `internet:203.0.113.0/24`), and whoever stands for the internet is none that is asked for.
    pub fn admit(&mut self, from: &str, to: Option<&str>) {
        if let Some(address) = to.and_then(|to| host_of(to).parse().ok()) {
            self.plane.vacate(address);
        }
        self.plane.admit(from);
    }

    /// Lets the same ask from the internet as in another snapshot.
    pub fn ask_as_in(&mut self, other: &Self) {
        self.plane.ask_from_internet(&other.plane.internet.kinds);
        for from in other.named_askers() {
            self.plane.admit(&from);
        }
    }

    /// Two snapshots, with whoever either side's rules tell apart from others asking from the internet on both.
    #[must_use]
    pub fn told_apart(&self, other: &Self) -> (Plane, Plane) {
        let asked_for = self.asked_for().chain(other.asked_for());
        let kinds = kinds_of_internet(&[&self.plane, &other.plane], asked_for);
        let named: Vec<String> = self.named_askers().into_iter().chain(other.named_askers()).collect();
        let with = |plane: &Plane| {
            let mut plane = plane.clone();
            plane.ask_from_internet(&kinds);
            for from in &named {
                plane.admit(from);
            }
            plane
        };
        (with(&self.plane), with(&other.plane))
    }

    /// Tags of whatever may ask or be asked for.
    #[must_use]
    pub fn labels(&self) -> Labels {
        let mut labels = Labels::new();
        let mut add = |kinds: &[&'static str], name: &str, tags: &Tags| {
            if !tags.is_empty() {
                let tags: BTreeMap<_, _> = tags.iter().map(|(k, v)| (k.to_owned(), v.value.value.clone())).collect();
                labels.extend(kinds.iter().map(|kind| ((*kind, name.to_owned()), tags.clone())));
            }
        };
        let estate = &self.scenario.estate;
        let shared = SharedNames::of(estate);
        for (name, machine) in estate.virtual_machines.iter() {
            add(&["virtual_machine"], name, &machine.value.tags);
            for (nic, _) in machine.value.secondary_network_interfaces.iter() {
                add(&["network_interface"], &format!("{name}/{nic}"), &machine.value.tags);
            }
        }
        for (name, service) in estate.services.iter() {
            add(&["service"], name, &service.value.tags);
            let identity = service.value.identity.as_ref().and_then(|i| i.name.as_ref());
            identity.iter().for_each(|i| add(&["identity"], &shared.identity(name, &i.value), &service.value.tags));
        }
        for (name, workspace) in estate.machine_learning_workspaces.iter() {
            add(&["workspace"], name, &workspace.value.tags);
            let identity = workspace.value.identity.as_ref().and_then(|i| i.name.as_ref());
            identity.iter().for_each(|i| add(&["identity"], &shared.identity(name, &i.value), &workspace.value.tags));
            for (compute, declared) in workspace.value.compute.iter() {
                add(&["compute"], &shared.compute(name, compute), &declared.value.tags);
            }
        }
        for (_, site) in estate.on_premises_sites.iter() {
            for (name, host) in site.value.hosts.iter() {
                add(&["host"], name, &host.value.tags);
            }
        }
        estate.vpn_clients.iter().for_each(|(n, c)| add(&["vpn_client"], n, &c.value.tags));
        estate.internet_clients.iter().for_each(|(n, c)| add(&["internet_client"], n, &c.value.tags));
        estate.load_balancers.iter().for_each(|(n, b)| add(&["load_balancer"], n, &b.value.tags));
        estate.kubernetes_clusters.iter().for_each(|(n, c)| add(&["kubernetes_cluster"], n, &c.value.tags));
        estate.application_gateways.iter().for_each(|(n, g)| add(&["application_gateway"], n, &g.value.tags));
        estate.public_ips.iter().for_each(|(n, p)| add(&["public_ip"], n, &p.value.tags));
        labels
    }

    /// What is worth knowing of a scenario that can be evaluated: warnings, and refusals that it expects.
    #[must_use]
    pub fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        for diagnostic in &self.diagnostics {
            let expected = diagnostic.refused && self.expects(diagnostic);
            if diagnostic.severity == Severity::Warning || expected {
                let mut remark = diagnostic.clone();
                remark.severity = Severity::Warning;
                if expected {
                    remark.message = format!("the platform refuses this design, as it expects: {}", remark.message);
                }
                remarks.push(remark);
            }
        }
        remarks
    }

    /// Problems that make the scenario unusable: errors, and refusals by the platform that it does not expect.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error && !(d.refused && self.expects(d)))
    }

    /// Whether the scenario can be evaluated.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Whether as many refusals of its code are expected as occur: an entry stands for one, so that it hides no other.
    fn expects(&self, diagnostic: &Diagnostic) -> bool {
        self.expected_of(diagnostic) >= self.refusals_like(diagnostic)
    }

    fn expected_of(&self, diagnostic: &Diagnostic) -> usize {
        self.scenario.expected_diagnostics.iter().filter(|e| e.value == diagnostic.code.as_str()).count()
    }

    fn refusals_like(&self, diagnostic: &Diagnostic) -> usize {
        self.diagnostics.iter().filter(|d| d.refused && d.code == diagnostic.code).count()
    }

    /// Expected refusals that did not occur.
    pub fn missing_refusals(&self) -> impl Iterator<Item = &Spanned<String>> {
        let produced = |code: &str| self.diagnostics.iter().filter(|d| d.code.as_str() == code).count();
        let expected = &self.scenario.expected_diagnostics;
        let before = |at: usize, code: &str| expected.iter().take(at).filter(|e| e.value == code).count();
        let missing = move |(at, e): &(usize, &Spanned<String>)| before(*at, &e.value) >= produced(&e.value);
        expected.iter().enumerate().filter(missing).map(|(_, e)| e)
    }

    /// Errors with what to do about an unexpected refusal.
    #[must_use]
    pub fn explained_errors(&self) -> Vec<Diagnostic> {
        self.errors()
            .map(|d| {
                let mut diagnostic = d.clone();
                if d.refused {
                    let (code, occur, expected) = (d.code, self.refusals_like(d), self.expected_of(d));
                    let hint = if expected == 0 && occur == 1 {
                        format!("if the scenario means to show this, list {code} under expected_diagnostics")
                    } else {
                        format!("{code} occurs {occur} times and is expected {expected} times; an entry of expected_diagnostics stands for one")
                    };
                    diagnostic.help = Some(d.help.as_ref().map_or(hint.clone(), |h| format!("{h}; {hint}")));
                }
                diagnostic
            })
            .collect()
    }
}

/// A question that cannot be asked is a problem of the file that asks it.
#[must_use]
pub fn question_problem(
    error: &crate::trace::QuestionError,
    from: crate::diag::Span,
    to: crate::diag::Span,
) -> Diagnostic {
    let span = match error {
        crate::trace::QuestionError::Client(..) => from,
        _ => to,
    };
    let mut problem = Diagnostic::error(code::REFERENCE, span, error.problem());
    problem.help = error.help();
    problem
}

/// What else is wrong with a scenario that could not be read whole: problems of what was read, without those that may
/// only follow from what was not.
#[must_use]
pub fn further_problems(snapshot: &Snapshot, found: &[Diagnostic], asked: Vec<Diagnostic>) -> Vec<Diagnostic> {
    const CERTAIN: [Code; 7] = [
        code::VALUE,
        code::PREFIX,
        code::OVERLAP,
        code::PRIORITY,
        code::REFERENCE,
        code::ADDR_FORBIDDEN,
        code::ADDR_RESERVED,
    ];
    let mut words = BTreeSet::new();
    keys(&snapshot.scenario.document, &mut words);
    let shapes_hold = !found.iter().any(|d| d.code == code::PREFIX || d.code == code::VALUE);
    let certain = |d: &Diagnostic| CERTAIN.contains(&d.code) || d.code == code::PLACEMENT && shapes_hold;
    let own = snapshot.diagnostics.iter().filter(|d| d.severity == Severity::Error && certain(d)).cloned();
    own.chain(asked).filter(|d| d.code != code::REFERENCE || !is_declared(d, &words)).collect()
}

/// Whether the name that a message says is missing is written somewhere: then what declares it could not be read.
fn is_declared(diagnostic: &Diagnostic, words: &BTreeSet<&str>) -> bool {
    let name = diagnostic.message.split('`').nth(1).unwrap_or_default();
    words.contains(name) || !name.is_empty() && name.split(['/', '.']).all(|part| words.contains(part))
}

fn keys<'d>(mapping: &'d Mapping, found: &mut BTreeSet<&'d str>) {
    for (key, _, node) in &mapping.0 {
        found.insert(key);
        match &node.value {
            Value::Mapping(inner) => keys(inner, found),
            Value::Sequence(items) => {
                for item in items {
                    if let Value::Mapping(inner) = &item.value {
                        keys(inner, found);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Text { .. } => {}
        }
    }
}
