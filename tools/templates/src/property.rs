//! Reading properties of evaluated resources, with errors that name the resource.

use serde_json::Value;

use crate::error::Error;
use crate::infra::Resource;

impl Resource {
    /// The property at a path, as `/DistributionConfig/Origins`.
    pub fn property(&self, path: &str) -> Option<&Value> {
        self.properties.pointer(path)
    }

    /// The text at a path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.property(path).and_then(Value::as_str)
    }

    /// The text at a path, which must be there.
    pub(crate) fn expect_text(&self, path: &str) -> Result<&str, Error> {
        self.text(path).ok_or_else(|| self.lacks(path))
    }

    /// The number at a path, which must be there.
    pub(crate) fn expect_number(&self, path: &str) -> Result<u32, Error> {
        self.text(path).and_then(|text| text.parse().ok()).ok_or_else(|| self.lacks(path))
    }

    /// Whether the property at a path is said to be true.
    pub fn is_true(&self, path: &str) -> bool {
        self.text(path) == Some("true")
    }

    pub(crate) fn lacks(&self, path: &str) -> Error {
        Error::Form(format!("{} has no such {path}", self.id))
    }
}

/// One text or a list of texts, as CloudFormation takes either; nothing is none.
pub(crate) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The ids in braces that a text holds, as `{Functions.Api}` in a domain name, without what was asked of them.
pub(crate) fn symbols(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}
