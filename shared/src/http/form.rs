//! The forms that a device can have its answers in: JSON, and two that need no JSON reader. Knows nothing of what is in
//! them.

use http::{HeaderMap, header};

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// JSON, which whoever asks for nothing else gets.
    #[default]
    Json,
    /// CBOR (RFC 8949): the same as in JSON, in binary.
    Cbor,
    /// One line for each thing, of `key=value` pairs.
    Text,
}

impl Form {
    /// The form that `Accept` prefers; of several that it likes equally well the first of JSON, CBOR, text. A device that
    /// accepts none of them gets JSON all the same: a refusal would only keep it from its updates.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let given = Weights::of(headers);
        let json = given.weight("application/json", "application/*");
        let cbor = given.weight("application/cbor", "application/*");
        let text = given.weight("text/plain", "text/*");
        match json.max(cbor).max(text) {
            best if best == json => Self::Json,
            best if best == cbor => Self::Cbor,
            _ => Self::Text,
        }
    }

    /// What `Content-Type` says of it.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Cbor => "application/cbor",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// What `Accept` says of media ranges, in thousandths.
#[derive(Debug)]
pub struct Weights(Vec<(String, u16)>);

impl Weights {
    /// What these headers say; of a range that is named twice the greater weight counts.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut all = Vec::new();
        for line in headers.get_all(header::ACCEPT) {
            let line = String::from_utf8_lossy(line.as_bytes()).to_lowercase();
            for range in line.split(',') {
                let mut parts = range.split(';').map(str::trim);
                let kind = parts.next().unwrap_or_default().to_owned();
                all.push((kind, parts.find_map(weight).unwrap_or(1000)));
            }
        }
        Self(all)
    }

    /// The weight of a range that is named, none if it is not.
    pub fn named(&self, range: &str) -> Option<u16> {
        self.0.iter().filter(|(kind, _)| kind == range).map(|(_, weight)| *weight).max()
    }

    /// The weight of a media type of a group: the narrowest range that holds it says; 0 if none does.
    pub fn weight(&self, kind: &str, group: &str) -> u16 {
        [kind, group, "*/*"].into_iter().find_map(|range| self.named(range)).unwrap_or_default()
    }
}

/// `q=0.5` as 500; what is no weight is passed over.
fn weight(part: &str) -> Option<u16> {
    let text = part.strip_prefix("q=")?;
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let plain = rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = || format!("{whole}{rest:0<3}").parse().ok();
    (matches!(whole, "0" | "1") && plain).then(thousandths).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(lines: &[&str]) -> Form {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT, line.parse().unwrap());
        }
        Form::wanted(&headers)
    }

    #[test]
    fn a_device_gets_the_form_that_it_likes_best() {
        for (line, form) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("application/json", Form::Json),
            ("application/cbor", Form::Cbor),
            ("Application/CBOR", Form::Cbor),
            ("text/plain", Form::Text),
            ("text/*", Form::Text),
            ("application/*", Form::Json),
            ("text/plain, */*;q=0.9", Form::Text),
            ("application/json;q=0.2, application/cbor;q=0.25", Form::Cbor),
            ("application/json, text/plain, */*", Form::Json),
            ("application/cbor;q=0.5, text/plain;q=0.5", Form::Cbor),
            ("application/cbor;q=0.5 , text/plain ; q=0.75", Form::Text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Json),
            ("application/json;q=0, */*;q=0.1", Form::Cbor),
            ("*/*, application/json;q=0, application/cbor;q=0", Form::Text),
            ("application/cbor;q=nonsense", Form::Cbor),
            ("application/cbor;version=1;q=0.4, text/plain;q=0.3", Form::Cbor),
        ] {
            assert_eq!(wanted(&[line]), form, "{line}");
        }
        assert_eq!(wanted(&["text/plain;q=0.3", "application/cbor;q=0.4"]), Form::Cbor);
        assert_eq!(wanted(&[]), Form::Json);
    }

    #[test]
    fn a_device_that_accepts_nothing_of_ours_gets_json() {
        for line in
            ["image/png", "application/json;q=0", "*/*;q=0", "text/html", "application/cbor;q=0.000", ",;="]
        {
            assert_eq!(wanted(&[line]), Form::Json, "{line}");
        }
    }
}
