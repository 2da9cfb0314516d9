//! The project's own files, as the house rules and the search for doctests see them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Folders that hold nothing of ours.
const NOT_OURS: [&str; 4] = [".git", ".ota", "node_modules", "target"];

/// A text file of the project.
pub(crate) struct Source {
    /// Its path below the workspace's root, with `/` between.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

impl Source {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }
}

/// All text files of the project in order of their paths; files that are not UTF-8 are left out.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Source>> {
    below(&workspace.root, &workspace.target)
}

fn below(root: &Path, target: &Path) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("{} could not be read", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() {
                let ours = !NOT_OURS.iter().any(|name| entry.file_name() == *name) && path != target;
                if ours {
                    left.push(path);
                }
            } else if kind.is_file()
                && let Ok(text) = String::from_utf8(std::fs::read(&path)?)
            {
                found.push(Source { path: relative(&path, root), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn relative(path: &Path, root: &Path) -> String {
    let below: PathBuf = path.strip_prefix(root).unwrap_or(path).to_owned();
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_files_of_ours_are_read() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        for place in ["src", "target/debug", ".git", "built"] {
            std::fs::create_dir_all(root.join(place))?;
        }
        std::fs::write(root.join("src/lib.rs"), "//! Text.\n")?;
        std::fs::write(root.join("Cargo.toml"), "")?;
        std::fs::write(root.join("src/image.bin"), [0xff, 0xfe, 0])?;
        for other in ["target/debug/a.rs", ".git/config", "built/b.rs"] {
            std::fs::write(root.join(other), "")?;
        }
        let found = below(root, &root.join("built"))?;
        let paths: Vec<&str> = found.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["Cargo.toml", "src/lib.rs"]);
        assert!(found[1].is_rust() && !found[0].is_rust());
        Ok(())
    }
}
