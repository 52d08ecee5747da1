//! From files to compiled, checked scenarios: everything `privreach check scenarios` does but printing.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, criterion_group, criterion_main};
use privreach::{
    azure::compile::compile,
    generate::{self, Format, Options, text},
    scenario::{load_file, load_paths},
    snapshot::Snapshot,
    verify::verify,
};
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
    group.sample_size(10);
    for (form, format) in [("yaml", Format::Yaml), ("json", Format::Json)] {
        // 10,000 machines and 700 services: 10^8 pairs.
        let (Ok(directory), Ok(text)) = (tempfile::tempdir(), text(&Options::new(10_000, 700, 1), format)) else {
            return;
        };
        let path = directory.path().join("estate").with_extension(form);
        if std::fs::write(&path, text).is_err() {
            return;
        }
        group.bench_function(format!("read and decode an estate of 10,000 machines, {form}"), |b| {
            b.iter_with_large_drop(|| load_file(&path, None));
        });
        if let Some(scenario) = load_file(&path, None).scenarios.pop().filter(|_| format == Format::Json) {
            group.bench_function("compile it", |b| {
                b.iter_with_large_drop(|| compile(&scenario.estate, None));
            });
            group.bench_function("generate it without text", |b| {
                b.iter_with_large_drop(|| generate::estate(&Options::new(10_000, 700, 1)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
