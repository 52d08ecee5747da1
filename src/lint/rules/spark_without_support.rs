//! A Spark workload that the managed network does not serve.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0434",
    name: "spark-without-support",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A flow from serverless Spark is expected to get through, and the network or the rule on its way does not serve Spark.",
    why: "Spark uses only private endpoints that are enabled for it, in a network provisioned for it; never FQDN rules or a bridge.",
    fix: "provision the network with Spark, and set spark_enabled on the rule",
    covers: &["LINT-46"],
    sources: &["MVNET-08"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::Spark) {
            findings
                .at(
                    flow.expectation.span,
                    format!("`{}` expects what Spark cannot do here: {}", flow.expectation.id, step.text),
                )
                .related(step.span, "decided here");
        }
    }
}
