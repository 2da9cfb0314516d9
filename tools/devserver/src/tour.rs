//! What the dev server prints: where it is, and a tour of the main job to copy and paste.

use std::fmt::Write as _;

use crate::Server;
use crate::environment::quoted;

/// The tour, in plain `sh` with `curl` and `sha256sum`; it needs `OTA_URL`, `OTA_PARTNER` and `OTA_KEY`, and a file
/// named by `FIRMWARE` (it makes one of random bytes if there is none). It can be run any number of times.
pub const SCRIPT: &str = r#"set -eu
api="$OTA_URL/v1/ota/partners/$OTA_PARTNER"
call() { curl -sS -H "Authorization: Bearer $OTA_KEY" -H 'Content-Type: application/json' "$@"; echo; }
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }

# Firmware: yours, or 100,000 random bytes.
FIRMWARE=${FIRMWARE:-}
[ -n "$FIRMWARE" ] || { FIRMWARE=$(mktemp) && head -c 100000 /dev/urandom > "$FIRMWARE"; }
sha256=$(sha256sum < "$FIRMWARE" | cut -d ' ' -f 1)
size=$(wc -c < "$FIRMWARE" | tr -d ' ')

# 1. A firmware type of your own (101 to 200). The second time it is there already: 409.
call -X POST "$api/types" -d '{"name": "Tour board", "type": 142}'

# 2. Register an image; the service gives it the next version number.
version="1.0.$(date +%s).$$"
image=$(call -X POST "$api/pool" -d "{\"name\": \"Tour firmware\", \"type\": 142, \"version\": \"$version\", \"url\": \"\"}")
echo "$image"
number=$(echo "$image" | field versionNumber)

# 3. Ask where to upload, and send the file there with the headers of the answer. Known bytes need no upload.
upload=$(call -X POST "$api/binaries" -d "{\"sha256\": \"$sha256\", \"size\": $size}")
echo "$upload"
target=$(echo "$upload" | field url)
if [ -n "$target" ]; then
  checksum=$(echo "$upload" | field x-amz-checksum-sha256)
  curl -sS -f -T "$FIRMWARE" -H "x-amz-checksum-sha256: $checksum" -H 'if-none-match: *' "$target"
fi

# 4. Have it checked and moved into the repository, and tell the record.
url=$(call -X POST "$api/binaries/moveToRepository" -d "{\"value\": \"$sha256\"}" | field value)
call -X PUT "$api/pool/types/142/versionNumbers/$number" \
  -d "{\"name\": \"Tour firmware\", \"version\": \"$version\", \"url\": \"$url\"}"

# 5. A device type, and the image for it in the release feed. The second time the device type is there: 409.
call -X POST "$api/deviceTypes" -d '{"deviceTypeId": "tour-board", "name": "Tour board"}'
call -X POST "$api/deviceTypes/tour-board/firmwareImages" \
  -d "$(call "$api/pool/types/142/versionNumbers/$number")"

# 6. A device that has version 0 of type 142 (attribute 2000 + 142) asks what to install.
check=$(curl -sS "$OTA_URL/v1/ota/deviceTypes/tour-board/eligibility?2142=0")
echo "$check"

# 7. It fetches exactly the bytes that were uploaded.
got=$(curl -sS -f "$(echo "$check" | field url)" | sha256sum | cut -d ' ' -f 1)
[ "$got" = "$sha256" ] && echo "the device has exactly what was uploaded: $got"
"#;

/// What is printed at start.
pub fn greeting(server: &Server) -> String {
    let mut text = format!("The update service answers at {}\n", server.base_url());
    if let (Some(key), Some(file)) = (server.demo_key(), server.environment_file()) {
        let file = file.display().to_string();
        let _ = write!(
            text,
            "Key of the partner demo: {key}\nFor scripts: . {file}\n\nA tour, to copy and paste into another shell:\n\n\
             ( . {quoted}\n{SCRIPT})\n\nCtrl-C stops{rest}",
            quoted = quoted(&file),
            rest = match server.logs() {
                Some(logs) =>
                    format!(" everything; nothing is kept.\nWhat functions print: {}", logs.display()),
                None => "; what was answered is kept.".to_owned(),
            },
        );
    }
    if let Some(invocations) = server.invocations() {
        let _ = write!(
            text,
            "\nA function past the doors: cargo lambda invoke --invoke-address {} --invoke-port {} feeds --data-file \
             events/feeds/get_feed.json",
            invocations.ip(),
            invocations.port()
        );
    }
    text
}
