//! Walks a tar archive's files and directories, with every name that some reader of tar would give them.
//!
//! Names longer than a header's field come in records before it, of two kinds, and not every program honours each.
//! Records are read here and not by the `tar` crate, so that their length is bounded and all names are seen.

use std::io::Read;

use tar::{Archive, EntryType, PaxExtensions};

/// Longest record that is read, in bytes.
const MAX_RECORD: u64 = 64 << 10;

/// How many records may name one file: tools write one of each kind, and all are held until the file is reached.
const MAX_NAMES: usize = 8;

/// Why a walk ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The archive cannot be read on: it is damaged, or what it is read from gave an error.
    Unreadable,
    /// Something is wrong with it, in words for the one who built it.
    Fault(String),
}

impl Stop {
    pub(super) fn fault(why: impl Into<String>) -> Self {
        Self::Fault(why.into())
    }
}

/// A file or directory.
pub(super) struct Member {
    names: Vec<Vec<u8>>,
    /// False for a directory.
    pub(super) file: bool,
    /// What its header claims, in bytes.
    pub(super) size: u64,
}

impl Member {
    /// What `of` says of its name, which is given without `./` and doubled or trailing slashes; none if readers see
    /// different names of which it says different things.
    pub(super) fn agreed<T: PartialEq>(&self, of: impl Fn(&[u8]) -> T) -> Option<T> {
        let mut said = self.names.iter().map(|name| of(&plain(name)));
        let first = said.next()?;
        said.all(|other| other == first).then_some(first)
    }

    /// True if some reader would place it outside of the folder it is unpacked into.
    pub(super) fn escapes(&self) -> bool {
        self.names
            .iter()
            .any(|name| name.starts_with(b"/") || name.split(|&byte| byte == b'/').any(|part| part == b".."))
    }
}

fn plain(name: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> =
        name.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    let relative = parts.join(&b'/');
    // What is absolute is nobody's `control`.
    if name.starts_with(b"/") { [b"/", relative.as_slice()].concat() } else { relative }
}

/// Calls `visit` with each file and directory and its content; answers what is left of `reader` behind the archive.
pub(super) fn walk<R: Read>(
    reader: R,
    visit: &mut dyn FnMut(&Member, &mut dyn Read) -> Result<(), Stop>,
) -> Result<R, Stop> {
    let mut archive = Archive::new(reader);
    let mut records = Vec::new();
    for entry in archive.entries().map_err(|_| Stop::Unreadable)?.raw(true) {
        let mut entry = entry.map_err(|_| Stop::Unreadable)?;
        let size = entry.size();
        let name = entry.path_bytes().into_owned();
        if records.len() > MAX_NAMES {
            return Err(Stop::fault("a file has more than 8 names"));
        }
        let file = match entry.header().entry_type() {
            EntryType::GNULongName => {
                let record = record(&mut entry, size)?;
                records.push(record.split(|&byte| byte == 0).next().unwrap_or_default().to_vec());
                continue;
            }
            // Links are refused below, whatever they point to.
            EntryType::GNULongLink => continue,
            EntryType::XHeader => {
                records.extend(pax_path(&record(&mut entry, size)?)?);
                continue;
            }
            EntryType::XGlobalHeader => {
                if pax_path(&record(&mut entry, size)?)?.is_some() {
                    return Err(Stop::fault("a record gives all files one name"));
                }
                continue;
            }
            EntryType::Directory => false,
            EntryType::Regular => !name.ends_with(b"/"),
            _ => return Err(Stop::fault("it holds something that is neither file nor directory")),
        };
        let names = std::iter::once(name).chain(records.drain(..)).collect();
        visit(&Member { names, file, size }, &mut entry)?;
    }
    Ok(archive.into_inner())
}

fn record(entry: &mut dyn Read, size: u64) -> Result<Vec<u8>, Stop> {
    if size > MAX_RECORD {
        return Err(Stop::fault("a file's name or attributes are longer than 64 KiB"));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|_| Stop::Unreadable)?;
    Ok(bytes)
}

/// The name that a PAX record gives to the next file, if it does.
fn pax_path(record: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
    let mut path = None;
    for extension in PaxExtensions::new(record) {
        let extension = extension.map_err(|_| Stop::fault("a PAX record cannot be read"))?;
        match extension.key_bytes() {
            b"path" if path.is_some() => return Err(Stop::fault("a file has two names")),
            b"path" if extension.value_bytes().contains(&0) => {
                return Err(Stop::fault("a file's name has a NUL"));
            }
            b"path" => path = Some(extension.value_bytes().to_vec()),
            // Some readers would find the next file elsewhere than others.
            b"size" => return Err(Stop::fault("a PAX record gives a file another size than its header")),
            key if key.starts_with(b"GNU.sparse.") => return Err(Stop::fault("it holds a sparse file")),
            _ => {}
        }
    }
    Ok(path)
}
