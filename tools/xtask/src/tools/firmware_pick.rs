//! Which files of the unpacked packages become test firmware, under which flat names, and the list that records them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::hash;

/// Files smaller than this are blinkers and stubs: no test learns anything from them.
const SMALLEST: u64 = 10_000;

/// Size classes that must each have a file, in bytes from–to, and how they are named when one is missing.
const CLASSES: [(u64, u64, &str); 3] = [
    (SMALLEST, 100_000, "tens of kB"),
    (100_000, 1_000_000, "hundreds of kB"),
    (5_000_000, 200_000_000, "5 MB and more"),
];

/// One file of test firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name in the flat folder.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its SHA-256 as lower-case hex.
    pub(crate) sha256: String,
}

/// The flat name under which a file of a package is laid out, if it is firmware: boot loaders and controller firmware
/// keep their folder's name, a kernel loses its version, so that tests can name files.
pub(crate) fn flat_name(path: &Path, size: u64) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    if size < SMALLEST {
        return None;
    }
    if name.starts_with("vmlinuz-") {
        return Some("vmlinuz".to_owned());
    }
    let extension = path.extension()?.to_str()?;
    let folder = path.parent()?.file_name()?.to_str()?;
    match extension {
        "fw" => Some(name.to_owned()),
        "bin" | "rom" => Some(format!("{folder}-{name}")),
        _ => None,
    }
}

/// The classes of size that no file is of; empty if the tests have all they need.
pub(crate) fn missing_classes(entries: &[Entry]) -> Vec<&'static str> {
    let present = |from, to| entries.iter().any(|entry| (from..to).contains(&entry.size));
    CLASSES.iter().filter(|(from, to, _)| !present(*from, *to)).map(|(_, _, name)| *name).collect()
}

/// All regular files below a folder, not following links, in order of their paths.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("{} could not be read", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The list as text: one line a file, of name, size in bytes and SHA-256, with tabs between.
pub(crate) fn write_list(entries: &[Entry]) -> String {
    let line =
        |entry: &Entry| [entry.name.as_str(), &entry.size.to_string(), &entry.sha256].join("\t") + "\n";
    entries.iter().map(line).collect()
}

/// Reads what `write_list` wrote; `None` if any line is of another shape.
pub(crate) fn read_list(text: &str) -> Option<Vec<Entry>> {
    let entry = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[name, size, sha256] = fields.as_slice() else { return None };
        Some(Entry { name: name.to_owned(), size: size.parse().ok()?, sha256: sha256.to_owned() })
    };
    text.lines().map(entry).collect()
}

/// Whether every listed file is in the folder with its size and hash.
pub(crate) fn all_in_place(folder: &Path, entries: &[Entry]) -> bool {
    entries.iter().all(|entry| {
        let path = folder.join(&entry.name);
        path.metadata().is_ok_and(|found| found.len() == entry.size) && hash::matches(&path, &entry.sha256)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, size: u64) -> Entry {
        Entry { name: name.to_owned(), size, sha256: "00".repeat(32) }
    }

    #[test]
    fn firmware_is_picked_and_named_after_its_folder() {
        let name = |path: &str| flat_name(Path::new(path), 50_000);
        assert_eq!(name("usr/lib/u-boot/qemu_arm/u-boot.bin").as_deref(), Some("qemu_arm-u-boot.bin"));
        assert_eq!(name("lib/firmware/carl9170-1.fw").as_deref(), Some("carl9170-1.fw"));
        assert_eq!(name("boot/vmlinuz-6.1.0-9-cloud-amd64").as_deref(), Some("vmlinuz"));
        assert_eq!(name("usr/lib/u-boot/qemu_arm/uboot.elf"), None);
        assert_eq!(name("boot/config-6.1.0"), None);
    }

    #[test]
    fn very_small_files_are_left_out() {
        assert_eq!(flat_name(Path::new("lib/firmware/tiny.fw"), SMALLEST - 1), None);
    }

    #[test]
    fn a_class_of_size_without_a_file_is_named() {
        let all = [entry("a", 13_388), entry("b", 790_000), entry("c", 14_000_000)];
        assert_eq!(missing_classes(&all), [""; 0]);
        assert_eq!(missing_classes(&all[..2]), ["5 MB and more"]);
        assert_eq!(missing_classes(&[entry("d", 2_000_000)]).len(), 3);
    }

    #[test]
    fn a_list_that_was_written_reads_back_and_a_broken_one_does_not() {
        let entries = vec![entry("a", 13_388), entry("qemu-u-boot.bin", 790_000)];
        assert_eq!(read_list(&write_list(&entries)), Some(entries));
        assert_eq!(read_list("a\t12"), None);
        assert_eq!(read_list("a\tmany\tff"), None);
    }

    #[test]
    fn a_changed_or_absent_file_is_noticed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a");
        std::fs::write(&path, "firmware")?;
        let listed = [Entry { name: "a".to_owned(), size: 8, sha256: hash::of_file(&path)? }];
        assert!(all_in_place(folder.path(), &listed));
        std::fs::write(&path, "firmwarf")?;
        assert!(!all_in_place(folder.path(), &listed));
        std::fs::remove_file(&path)?;
        assert!(!all_in_place(folder.path(), &listed));
        Ok(())
    }

    #[test]
    fn files_are_found_in_folders_below() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir_all(folder.path().join("a/b"))?;
        std::fs::write(folder.path().join("a/b/c"), "")?;
        std::fs::write(folder.path().join("d"), "")?;
        let found = files_below(folder.path())?;
        assert_eq!(found, [folder.path().join("a/b/c"), folder.path().join("d")]);
        Ok(())
    }
}
