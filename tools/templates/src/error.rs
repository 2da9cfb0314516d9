//! What can be wrong with a template.

use std::path::PathBuf;

/// A template that cannot be read, or that says what this crate does not understand.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that is not there or no text.
    #[error("{} cannot be read", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// No YAML, or YAML of a kind that templates do without: several documents, anchors, keys that are no text.
    #[error("line {line}: {what}")]
    Yaml {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong there.
        what: String,
    },
    /// An error inside a file.
    #[error("{}", .0.display())]
    In(PathBuf, #[source] Box<Error>),
    /// A name that no parameter, condition or resource of the template has.
    #[error("nothing is called {0}")]
    Unknown(String),
    /// An intrinsic function that is used wrongly, or that this crate does not know.
    #[error("{0} cannot be evaluated")]
    Intrinsic(String),
    /// A property that is missing or of another form.
    #[error("{0}")]
    Form(String),
}

impl Error {
    /// Everything that is wrong, from the outside in, in one line.
    pub fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        text
    }
}
