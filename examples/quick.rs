use privreach::*;
fn main() {
    let l = scenario::load_paths(&[std::env::args().nth(1).unwrap().into()]);
    for d in &l.diagnostics { println!("{} {} {} {:?}", d.code, d.span.map(|s| l.sources.locate(s).to_string()).unwrap_or_default(), d.message, d.help); }
    for s in l.scenarios {
        let t = s.title();
        let snap = snapshot::Snapshot::new(s);
        for d in &snap.diagnostics { println!("{t}: {} {} {} {:?}", d.code, d.span.map(|s| l.sources.locate(s).to_string()).unwrap_or_default(), d.message, d.help); }
        let v = verify::verify(&snap);
        for p in &v.problems { println!("{t}: {}", p.message); }
        println!("{t}: held {} of {}", v.count(verify::Outcome::Held), v.checked.len());
        for c in v.checked.iter().filter(|c| c.outcome != verify::Outcome::Held) {
            println!("  {} {:?}", c.id, c.differences);
            if std::env::args().nth(2).is_some() { for s in &c.trace.steps { println!("     {:?} {} | {}", s.outcome, s.stage.label(), s.text); for i in &s.inner { println!("          {:?} {} | {}", i.outcome, i.stage.label(), i.text); } } }
        }
    }
}
