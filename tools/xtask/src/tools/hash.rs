//! SHA-256 of files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// The SHA-256 of a file as 64 lower-case hex digits.
pub(crate) fn of_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("{} could not be opened", path.display()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).with_context(|| format!("{} could not be read", path.display()))?;
        if read == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}

/// Whether a file is there and has this SHA-256.
pub(crate) fn matches(path: &Path, sha256: &str) -> bool {
    path.is_file() && of_file(path).is_ok_and(|found| found == sha256)
}

/// An error naming the file and both hashes unless the file has this SHA-256.
pub(crate) fn check(path: &Path, sha256: &str) -> Result<()> {
    let found = of_file(path)?;
    if found != sha256 {
        bail!("{} is not the pinned file: its SHA-256 is {found}, not {sha256}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_file_is_known_by_its_hash_and_another_is_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc")?;
        assert_eq!(of_file(&path)?, OF_ABC);
        assert!(matches(&path, OF_ABC));
        check(&path, OF_ABC)?;

        std::fs::write(&path, "abd")?;
        assert!(!matches(&path, OF_ABC));
        let refused = check(&path, OF_ABC).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains("is not the pinned file") && refused.contains(OF_ABC), "{refused}");
        Ok(())
    }

    #[test]
    fn a_file_that_is_not_there_matches_nothing() {
        assert!(!matches(Path::new("no/such/file"), OF_ABC));
    }

    #[test]
    fn a_file_longer_than_the_buffer_is_hashed_whole() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("zeros");
        std::fs::write(&path, vec![0; 200_000])?;
        assert_eq!(of_file(&path)?, hex::encode(Sha256::digest(vec![0; 200_000])));
        Ok(())
    }
}
