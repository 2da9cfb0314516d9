//! The house rules that no other tool knows: how long files may grow, and that nothing committed tells on the machine
//! it was written on.

use std::path::Path;

use anyhow::Result;

use super::sources::{self, Source};
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// The wall for a file of Rust, in lines.
const LONGEST_FILE: usize = 400;
/// The wall for the `main.rs` of a function, in lines.
const LONGEST_MAIN: usize = 25;
/// The one registry that a lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks every file of the project against the house rules and names each breach.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let sources = sources::all(workspace)?;
    let home = std::env::var("HOME").unwrap_or_default();
    let machine = machine_folders(&workspace.root, &home);
    let mut breaches = Vec::new();
    for source in &sources {
        breaches.extend(too_long(source));
        if is_lock(&source.path) {
            breaches.extend(foreign_sources(source));
        } else {
            breaches.extend(machine_paths(source, &machine));
        }
    }
    if breaches.is_empty() {
        return Ok(Outcome::Passed(format!("{} files", sources.len())));
    }
    Ok(Outcome::Failed(format!("{} breaches of the house rules\n{}", breaches.len(), breaches.join("\n"))))
}

fn too_long(source: &Source) -> Option<String> {
    if !source.is_rust() {
        return None;
    }
    let wall = if is_function_main(&source.path) { LONGEST_MAIN } else { LONGEST_FILE };
    let lines = source.text.lines().count();
    (lines > wall).then(|| format!("{} has {lines} lines; {wall} is the wall", source.path))
}

fn is_function_main(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["functions", _, "src", "main.rs"])
}

/// Whether it is a lock file: the workspace's, or the one of the fuzz targets, which are a workspace of their own.
fn is_lock(path: &str) -> bool {
    path == "Cargo.lock" || path.ends_with("/Cargo.lock")
}

/// Sources in a lock file that are not crates.io: another registry, or a mirror of this machine.
fn foreign_sources(lock: &Source) -> Vec<String> {
    lock.text
        .lines()
        .enumerate()
        .filter_map(|(number, line)| Some((number, line.trim().strip_prefix("source = ")?.trim_matches('"'))))
        .filter(|(_, source)| *source != REGISTRY)
        .map(|(number, _)| format!("{}:{} names a source that is not crates.io", lock.path, number + 1))
        .collect()
}

/// The beginnings of absolute paths that exist on a developer's machine only.
fn machine_folders(root: &Path, home: &str) -> Vec<String> {
    let mut folders: Vec<String> = ["home", "Users"].iter().map(|name| format!("/{name}/")).collect();
    let home = home.trim_end_matches('/');
    if !home.is_empty() {
        folders.push(format!("{home}/"));
    }
    // A root such as `/app` says nothing of a machine, and other texts may well name it.
    if root.components().count() > 2 {
        folders.push(root.to_string_lossy().into_owned());
    }
    folders
}

fn machine_paths(source: &Source, machine: &[String]) -> Vec<String> {
    let told = |line: &str| machine.iter().any(|folder| starts_a_path(line, folder));
    source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| told(line))
        .map(|(number, _)| format!("{}:{} names a folder of a developer's machine", source.path, number + 1))
        .collect()
}

/// Whether the line holds `folder` where an absolute path can start, not inside a longer path or an address.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-/}".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: String) -> Source {
        Source { path: path.to_owned(), text }
    }

    #[test]
    fn a_file_of_rust_at_the_wall_stands_and_one_line_more_is_a_breach() {
        assert_eq!(too_long(&source("shared/src/a.rs", "x\n".repeat(400))), None);
        let breach = too_long(&source("shared/src/a.rs", "x\n".repeat(401)));
        assert_eq!(breach.as_deref(), Some("shared/src/a.rs has 401 lines; 400 is the wall"));
        assert_eq!(too_long(&source("docs/long.md", "x\n".repeat(999))), None);
    }

    #[test]
    fn the_main_of_a_function_has_a_wall_of_its_own() {
        assert_eq!(too_long(&source("functions/admin/src/main.rs", "x\n".repeat(25))), None);
        assert!(too_long(&source("functions/admin/src/main.rs", "x\n".repeat(26))).is_some());
        assert_eq!(too_long(&source("functions/admin/src/lib.rs", "x\n".repeat(26))), None);
        assert_eq!(too_long(&source("tools/devserver/src/main.rs", "x\n".repeat(26))), None);
    }

    #[test]
    fn the_lock_file_may_name_crates_io_or_nothing() {
        let lock = format!("[[package]]\nname = \"ours\"\n\n[[package]]\nsource = \"{REGISTRY}\"\n");
        let foreign = |path: &str, text: &str| foreign_sources(&source(path, text.to_owned()));
        assert_eq!(foreign("Cargo.lock", &lock), [""; 0]);
        let mirrored = lock + "source = \"sparse+https://mirror.example/\"\n";
        assert_eq!(
            foreign("fuzz/Cargo.lock", &mirrored),
            ["fuzz/Cargo.lock:6 names a source that is not crates.io"]
        );
        assert!(is_lock("Cargo.lock") && is_lock("fuzz/Cargo.lock") && !is_lock("docs/Cargo.lock.md"));
    }

    #[test]
    fn folders_of_a_machine_are_found_where_a_path_starts() {
        let machine = machine_folders(Path::new("/build/agent/ota"), "/var/builder/");
        let breaches = |line: &str| machine_paths(&source("a.md", line.to_owned()), &machine).len();
        assert_eq!(breaches("see /build/agent/ota/README.md"), 1);
        assert_eq!(breaches("key=\"/var/builder/.aws\""), 1);
        assert_eq!(breaches(&["cd /", "home/me/project"].concat()), 1);
        assert_eq!(breaches("https://example.org/home/me"), 0);
        assert_eq!(breaches("/var/build and target/tools"), 0);
    }

    #[test]
    fn a_shallow_root_and_an_empty_home_are_not_searched_for() {
        assert_eq!(machine_folders(Path::new("/app"), "/").len(), 2);
        assert_eq!(machine_folders(Path::new("/app"), "").len(), 2);
    }
}
