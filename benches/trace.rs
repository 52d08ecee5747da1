//! One trace after loading, beside the naive way: loading and compiling the file again for every question.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, criterion_group, criterion_main};
use privreach::{
    net::Transport,
    scenario::load_file,
    snapshot::Snapshot,
    trace::{Question, trace},
};
use std::path::PathBuf;

fn flagship() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/foundry-hub/foundry-hub.yaml")
}

fn snapshot() -> Option<Snapshot> {
    load_file(&flagship(), None).scenarios.into_iter().next().map(Snapshot::new)
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("trace");
    let Some(loaded) = snapshot() else { return };
    let flows = [
        ("managed endpoint", "ci-alice", "srch-contoso"),
        ("on-premises by forwarder", "onprem-user", "staihcontoso.blob.core.windows.net"),
        ("bridge to on-premises", "ci-alice", "artifactory.corp.contoso.com"),
    ];
    for (name, from, to) in flows {
        let question = Question { from: from.into(), to: to.into(), port: 443, transport: Transport::Tcp };
        group.bench_function(name, |b| b.iter(|| trace(&loaded.plane, &question)));
        if name == "managed endpoint" {
            group.sample_size(20);
            group.bench_function("naive: load the file for each question", |b| {
                b.iter(|| snapshot().map(|s| trace(&s.plane, &question)));
            });
            group.sample_size(100);
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
