//! Real firmware for the tests, out of Debian's packages: downloaded and unpacked, never installed, never committed.
//! Debian's versions move, so sizes and hashes are recorded here rather than pinned; apt checks its own signatures.

use std::path::Path;

use anyhow::{Result, bail};

use super::firmware_pick::{
    Entry, all_in_place, files_below, flat_name, missing_classes, read_list, write_list,
};
use super::{Tool, fresh_folder, hash, put_in_place};
use crate::apt;
use crate::workspace::Workspace;

/// The list of the files, beside their folder.
const LIST: &str = "list.tsv";
/// The flat folder of the files.
const FILES: &str = "files";

/// For each kind of firmware the packages that may carry it, the first that the system knows is taken: boot loaders,
/// and controllers (on systems without the first, the BIOS of virtual machines).
const PACKAGES: [&[&str]; 2] = [&["u-boot-qemu"], &["firmware-linux-free", "seabios"]];

/// The folder of the test firmware, fetched if it is not there yet; an error if the packages no longer hold what the
/// tests need.
pub(crate) fn get(workspace: &Workspace) -> Result<Tool> {
    let place = workspace.tools().join("firmware");
    let files = place.join(FILES);
    if recorded(&place)
        .is_some_and(|entries| missing_classes(&entries).is_empty() && all_in_place(&files, &entries))
    {
        return Ok(Tool::Ready(files));
    }
    if !apt::available() {
        return Ok(Tool::Missing(
            "test firmware comes out of Debian packages: apt-get and dpkg-deb are missing".into(),
        ));
    }
    let packages = match packages() {
        Ok(packages) => packages,
        Err(why) => return Ok(Tool::Missing(why)),
    };
    let scratch = workspace.tools().join("firmware.part");
    fresh_folder(&scratch)?;
    println!("fetching test firmware ({})", packages.join(", "));
    let names: Vec<&str> = packages.iter().map(String::as_str).collect();
    if let Err(error) = apt::download(&names, &scratch) {
        return Ok(Tool::Missing(format!("{error:#}")));
    }

    let (unpacked, finished) = (scratch.join("unpacked"), scratch.join("finished"));
    apt::unpack(&scratch, &unpacked)?;
    std::fs::create_dir_all(finished.join(FILES))?;
    let entries = lay_out(&unpacked, &finished.join(FILES))?;
    let missing = missing_classes(&entries);
    if !missing.is_empty() {
        bail!("the packages {} hold no firmware of {}", packages.join(", "), missing.join(", of "));
    }
    std::fs::write(finished.join(LIST), write_list(&entries))?;
    put_in_place(&finished, &place)?;
    std::fs::remove_dir_all(&scratch)?;
    Ok(Tool::Ready(files))
}

/// What is recorded of the files in place, if anything.
pub(crate) fn recorded(place: &Path) -> Option<Vec<Entry>> {
    read_list(&std::fs::read_to_string(place.join(LIST)).ok()?)
}

/// The packages to fetch on this system, or why one has no name here.
fn packages() -> Result<Vec<String>, String> {
    if !PACKAGES.iter().all(|names| apt::knows(names[0])) {
        apt::update_once();
    }
    let mut packages = Vec::new();
    for names in PACKAGES {
        let known = names.iter().find(|name| apt::knows(name));
        packages
            .push((*known.ok_or_else(|| format!("apt knows no package {}", names.join(" or ")))?).to_owned());
    }
    let cloud = format!("linux-image-cloud-{}", apt::architecture().unwrap_or_default());
    let kernel = [cloud.as_str(), "linux-image-virtual"].into_iter().find_map(apt::kernel_behind);
    packages
        .push(kernel.ok_or_else(|| format!("apt knows no kernel behind {cloud} or linux-image-virtual"))?);
    Ok(packages)
}

/// Copies every file that is firmware into the flat folder; of files that share a name the last one stays.
fn lay_out(unpacked: &Path, files: &Path) -> Result<Vec<Entry>> {
    for path in files_below(unpacked)? {
        if let Some(name) = flat_name(&path, path.metadata()?.len()) {
            std::fs::copy(&path, files.join(name))?;
        }
    }
    files_below(files)?.iter().map(|path| entry(path)).collect()
}

fn entry(path: &Path) -> Result<Entry> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Entry { name, size: path.metadata()?.len(), sha256: hash::of_file(path)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_is_laid_out_flat_with_its_size_and_hash() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (unpacked, files) = (folder.path().join("unpacked"), folder.path().join("files"));
        std::fs::create_dir_all(unpacked.join("usr/lib/u-boot/qemu_arm"))?;
        std::fs::create_dir_all(&files)?;
        std::fs::write(unpacked.join("usr/lib/u-boot/qemu_arm/u-boot.bin"), vec![7; 10_000])?;
        std::fs::write(unpacked.join("usr/lib/u-boot/qemu_arm/uboot.elf"), vec![7; 10_000])?;

        let entries = lay_out(&unpacked, &files)?;
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].name.as_str(), entries[0].size), ("qemu_arm-u-boot.bin", 10_000));
        assert!(all_in_place(&files, &entries));
        Ok(())
    }

    #[test]
    fn nothing_is_recorded_where_no_list_is() -> Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(recorded(folder.path()), None);
        std::fs::write(folder.path().join(LIST), "a\t1\tff\n")?;
        assert_eq!(recorded(folder.path()).map(|entries| entries.len()), Some(1));
        Ok(())
    }
}
