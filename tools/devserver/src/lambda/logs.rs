//! What the functions' processes print: a file each, shown when a test fails, since it goes away with the folder.

use std::fs;
use std::path::PathBuf;

/// How many of the last lines of a file are shown.
const LAST_LINES: usize = 30;

/// The folder of the files; shows their ends if it is dropped by a panic.
#[derive(Debug)]
pub(crate) struct Logs(pub(crate) PathBuf);

impl Drop for Logs {
    #[expect(clippy::print_stderr, reason = "whoever sees the panic is to see this beside it")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let files = fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path());
        for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "log")) {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            if !lines.is_empty() {
                eprintln!("== {}", file.display());
            }
            for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
                eprintln!("{line}");
            }
        }
    }
}
