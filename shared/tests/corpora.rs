//! Replays what fuzzing has found worth keeping, without libFuzzer: the same checks over the same files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../fuzz/src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "the fuzz targets use all of it, from another crate")]
mod checks;

use std::path::Path;

/// Hands every file of a target's corpus to `check`; a panic names the file.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 10, "{} files in {}", files.len(), folder.display());
    for file in files {
        let input = std::fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| check(&input));
        assert!(outcome.is_ok(), "fuzz/corpus/{target}/{}", file.file_name().unwrap().display());
    }
}

#[test]
fn every_version_of_the_corpus_keeps_the_order() {
    replay("version", checks::version::check);
}

#[test]
fn every_control_file_of_the_corpus_is_refused_or_read_for_good() {
    replay("control", checks::control::check);
}

#[test]
fn every_index_of_the_corpus_is_refused_or_written_as_it_was_read() {
    replay("index", checks::index::check);
}

#[test]
fn every_package_of_the_corpus_is_read_within_bounds() {
    replay("ipk", checks::ipk::check);
}
