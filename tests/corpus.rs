//! The inputs that fuzzing found worth keeping, through the functions that are fuzzed: fuzz/README.md.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::{collections::BTreeSet, fs};

/// A fuzz target and its function.
type Target = (&'static str, fn(&[u8]));

const TARGETS: &[Target] = &[
    ("answers", fuzz::answers),
    ("certificate", fuzz::certificate),
    ("chain", fuzz::chain),
    ("files", fuzz::files),
    ("flight", fuzz::flight),
    ("head", fuzz::head),
    ("names", fuzz::names),
    ("recording", fuzz::recording),
    ("request", fuzz::request),
    ("secrets", fuzz::secrets),
];

#[test]
fn the_corpus_does_no_harm() {
    std::thread::scope(|scope| {
        for (name, run) in TARGETS {
            scope.spawn(move || {
                let mut inputs = 0;
                for entry in fs::read_dir(common::project("fuzz/corpus").join(name)).unwrap() {
                    run(&fs::read(entry.unwrap().path()).unwrap());
                    inputs += 1;
                }
                assert!(inputs > 0, "{name} has no corpus");
            });
        }
    });
}

#[test]
fn every_fuzz_target_is_replayed() {
    let files = fs::read_dir(common::project("fuzz/fuzz_targets")).unwrap().map(|entry| entry.unwrap().path());
    let targets: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(targets, TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect());
}
