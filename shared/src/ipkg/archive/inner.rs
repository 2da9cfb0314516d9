//! The control file out of a `control.tar.gz`, all of which is read.

use std::cell::Cell;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::MAX_INFLATED;
use super::bounded::{Bounded, Trouble};
use super::entries::{Stop, walk};
use crate::ipkg::control::MAX_BYTES;

pub(super) const TOO_LARGE: &str = "its control.tar.gz holds more than 8 MiB";

/// The control file, at most [`MAX_BYTES`]; or what is wrong with this `control.tar.gz`.
pub(super) fn control(compressed: &mut dyn Read) -> Result<Vec<u8>, String> {
    let trouble = Cell::new(None);
    // Several gzip members are read as one, which is how devices read them.
    let inflated = Bounded::new(MultiGzDecoder::new(compressed), MAX_INFLATED, &trouble);
    let mut found = None;
    let walked = walk(inflated, &mut |member, body| {
        if member.escapes() {
            return Err(Stop::fault("a file has an absolute name or one with .."));
        }
        match member.agreed(|name| name == b"control") {
            Some(false) => return Ok(()),
            None => return Err(Stop::fault("some devices would read another file as control than others")),
            Some(true) if !member.file => return Err(Stop::fault("control is a directory")),
            Some(true) if found.is_some() => return Err(Stop::fault("there are two files called control")),
            Some(true) if member.size > MAX_BYTES as u64 => {
                return Err(Stop::fault("control is larger than 64 KiB"));
            }
            Some(true) => {}
        }
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).map_err(|_| Stop::Unreadable)?;
        if bytes.len() as u64 != member.size {
            return Err(Stop::Unreadable);
        }
        found = Some(bytes);
        Ok(())
    });
    let wrong = match walked.and_then(only_zeros_follow) {
        Ok(()) => match found {
            Some(control) => return Ok(control),
            None => "there is no file called control".to_owned(),
        },
        Err(Stop::Fault(why)) => why,
        Err(Stop::Unreadable) => match trouble.get() {
            Some(Trouble::Spent) => return Err(TOO_LARGE.to_owned()),
            Some(Trouble::Cut) => "it is cut off".to_owned(),
            Some(Trouble::Damaged) => "it is no gzip file, or a damaged one".to_owned(),
            None => "what is compressed is no tar archive, or a damaged or cut off one".to_owned(),
        },
    };
    Err(format!("its control.tar.gz cannot be used: {wrong}"))
}

/// Reads on to the end, so that checksums are checked; a second archive behind the first is refused.
pub(super) fn only_zeros_follow(mut reader: impl Read) -> Result<(), Stop> {
    let mut chunk = [0; 4096];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) if chunk[..read].iter().all(|&byte| byte == 0) => {}
            Ok(_) => return Err(Stop::fault("something follows the end of the tar archive")),
            Err(_) => return Err(Stop::Unreadable),
        }
    }
}
