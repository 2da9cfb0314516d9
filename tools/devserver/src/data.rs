//! The data folder: what is kept between runs, who may use it, and how it is thrown away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use shared::secrets::Secrets;
use tempfile::TempDir;

use crate::random;

/// Marks a folder as ours, and is locked while a server uses it.
const LOCK: &str = "devserver.lock";
/// Everything else that we make in it.
const OURS: [&str; 8] = [
    "db.sqlite",
    "db.sqlite-wal",
    "db.sqlite-shm",
    "db.sqlite-journal",
    "objects",
    "secrets.json",
    "dev.env",
    "logs",
];

/// A folder that this process alone uses.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    temporary: Option<TempDir>,
    // Held, never read: the lock ends with the file.
    _lock: Option<File>,
}

impl Folder {
    /// A folder that goes away with the server.
    pub(crate) fn temporary() -> anyhow::Result<Self> {
        let temporary = tempfile::Builder::new().prefix("ota-devserver-").tempdir()?;
        Ok(Self { root: temporary.path().to_owned(), temporary: Some(temporary), _lock: None })
    }

    /// Takes `root`, which is ours, empty or not there yet, for this process alone; `fresh` empties it.
    pub(crate) fn open(root: &Path, fresh: bool) -> anyhow::Result<Self> {
        let name = root.display();
        if root.exists() && !root.join(LOCK).exists() {
            let mut entries = fs::read_dir(root).with_context(|| format!("{name} is no folder"))?;
            if entries.next().is_some() {
                bail!("{name} was not made by the dev server and is not empty: choose another with --data");
            }
        }
        fs::create_dir_all(root).with_context(|| format!("{name} cannot be made"))?;
        let root = root.canonicalize()?;
        let mut lock = OpenOptions::new().create(true).append(true).open(root.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another dev server is using {name}: stop it, or choose another folder with --data")
            }
            Err(TryLockError::Error(error)) => return Err(error).context(format!("{name} cannot be locked")),
        }
        if lock.metadata()?.len() == 0 {
            lock.write_all(b"Data of the OTA dev server (cargo dev). `cargo dev --fresh` starts it anew.\n")?;
        }
        if fresh {
            for entry in OURS {
                remove(&root.join(entry))?;
            }
        }
        Ok(Self { root, temporary: None, _lock: Some(lock) })
    }

    /// The database file; none if it lives in memory.
    pub(crate) fn database(&self) -> Option<PathBuf> {
        self.temporary.is_none().then(|| self.root.join("db.sqlite"))
    }

    /// Where the objects lie.
    pub(crate) fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// Where programs that are started write what they print; it is made if it is not there.
    pub(crate) fn logs(&self) -> anyhow::Result<PathBuf> {
        let logs = self.root.join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("{} cannot be made", logs.display()))?;
        Ok(logs)
    }

    /// What scripts source.
    pub(crate) fn environment(&self) -> PathBuf {
        self.root.join("dev.env")
    }

    /// The secrets file.
    pub(crate) fn secrets_file(&self) -> PathBuf {
        self.root.join("secrets.json")
    }

    /// The secrets of this folder, made at the first start; those that an earlier version did not make are added.
    pub(crate) fn secrets(&self) -> anyhow::Result<Secrets> {
        let path = self.secrets_file();
        let kept = match fs::read_to_string(&path) {
            Ok(text) => Secrets::from_json(&text).with_context(|| path.display().to_string())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Secrets::generate(&random::bytes()?)
            }
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        if !kept.is_incomplete() {
            return Ok(kept);
        }
        let secrets = kept.completed(&random::bytes()?)?;
        write_private(&path, &serde_json::to_string_pretty(&secrets)?)?;
        Ok(secrets)
    }

    /// Whether it is kept after the server stops.
    pub(crate) fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// Lets go of the folder; removes it if it was temporary.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        if let Some(temporary) = self.temporary {
            temporary.close().context("the temporary folder cannot be removed")?;
        }
        Ok(())
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.with_context(|| format!("{} cannot be removed", path.display()))
}

/// Writes a file that only its owner can read, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let beside = path.with_extension("new");
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_of_someone_else_is_refused_and_left_alone() {
        let outer = TempDir::new().unwrap();
        let precious = outer.path().join("secrets.json");
        fs::write(&precious, "precious").unwrap();
        let error = Folder::open(outer.path(), true).unwrap_err();
        assert!(error.to_string().contains("was not made by the dev server"), "{error}");
        assert_eq!(fs::read_to_string(precious).unwrap(), "precious");
    }

    #[test]
    fn starting_afresh_removes_what_is_ours_and_nothing_else() {
        let outer = TempDir::new().unwrap();
        let root = outer.path().join("data");
        let folder = Folder::open(&root, false).unwrap();
        let first = folder.secrets().unwrap();
        fs::write(root.join("notes.txt"), "mine").unwrap();
        fs::create_dir(root.join("objects")).unwrap();
        drop(folder);
        let again = Folder::open(&root, false).unwrap();
        assert_eq!(again.secrets().unwrap().download.current(), first.download.current());
        drop(again);
        let fresh = Folder::open(&root, true).unwrap();
        assert_ne!(fresh.secrets().unwrap().download.current(), first.download.current());
        assert!(root.join("notes.txt").exists() && !root.join("objects").exists());
    }

    #[test]
    fn two_servers_do_not_share_a_folder() {
        let outer = TempDir::new().unwrap();
        let held = Folder::open(outer.path(), false).unwrap();
        let error = Folder::open(outer.path(), false).unwrap_err();
        assert!(error.to_string().contains("another dev server"), "{error}");
        drop(held);
        Folder::open(outer.path(), false).unwrap();
    }

    #[test]
    fn what_an_earlier_version_did_not_make_is_added_to_its_secrets() {
        let outer = TempDir::new().unwrap();
        let folder = Folder::open(outer.path(), false).unwrap();
        let oldest = Secrets::generate(&[7; 64]);
        let without_devices = Secrets { devices: None, ..oldest.clone().completed(&[8; 104]).unwrap() };
        for old in [oldest, without_devices] {
            write_private(&folder.secrets_file(), &serde_json::to_string(&old).unwrap()).unwrap();
            let (first, again) = (folder.secrets().unwrap(), folder.secrets().unwrap());
            assert_eq!(first.pepper.current(), old.pepper.current());
            for (old, first, again) in [
                (&old.devices, &first.devices, &again.devices),
                (&old.openpgp, &first.openpgp, &again.openpgp),
                (&old.usign, &first.usign, &again.usign),
            ] {
                let first = first.as_ref().unwrap().current();
                assert_eq!(first, again.as_ref().unwrap().current());
                assert!(old.as_ref().is_none_or(|old| old.current() == first));
            }
            let mode = fs::metadata(folder.secrets_file()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn secrets_are_for_their_owner_alone() {
        let outer = TempDir::new().unwrap();
        let folder = Folder::open(outer.path(), false).unwrap();
        folder.secrets().unwrap();
        let mode = fs::metadata(folder.secrets_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
