//! From files to compiled, checked scenarios: everything `privreach check scenarios` does but printing.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, criterion_group, criterion_main};
use privreach::{scenario::load_paths, snapshot::Snapshot, verify::verify};
use std::{hint::black_box, path::PathBuf};

fn scenarios() -> Vec<PathBuf> {
    vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")]
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    group.sample_size(20);
    group.bench_function("read and decode all shipped scenarios", |b| b.iter(|| load_paths(black_box(&scenarios()))));
    let loaded = load_paths(&scenarios());
    group.bench_function("compile the flagship", |b| {
        let flagship = loaded.scenarios.first().cloned();
        b.iter(|| flagship.clone().map(Snapshot::new));
    });
    group.bench_function("check all shipped scenarios", |b| {
        b.iter(|| {
            let loaded = load_paths(&scenarios());
            loaded.scenarios.into_iter().map(|s| verify(&Snapshot::new(s)).checked.len()).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
