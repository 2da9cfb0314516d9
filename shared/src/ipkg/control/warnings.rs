//! The sentences about what was repaired or dropped, few and short enough to be kept with the binary.

/// How many sentences are kept; the others are counted.
const MAX_SENTENCES: usize = 50;

/// How many characters a sentence has at most.
const MAX_LENGTH: usize = 200;

/// How many characters of the author's own text are shown at most.
const MAX_SHOWN: usize = 60;

/// Sentences for the author of a package, in the order of the control file.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    sentences: Vec<String>,
    more: usize,
}

impl Warnings {
    /// Adds a sentence, or counts it where there are enough.
    pub(super) fn say(&mut self, sentence: &str) {
        if self.sentences.len() < MAX_SENTENCES {
            self.sentences.push(shorten(sentence, MAX_LENGTH));
        } else {
            self.more += 1;
        }
    }

    /// The sentences, the last of which says how many were left out.
    pub(super) fn into_sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            self.sentences.push(format!("and {} more", self.more));
        }
        self.sentences
    }
}

/// The author's own text in a sentence: its beginning, if it is long, and a space for a tab.
pub(super) fn shown(text: &str) -> String {
    shorten(text, MAX_SHOWN).replace('\t', " ")
}

fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        // One character less, for the ellipsis.
        Some(_) => text.chars().take(max - 1).chain(['…']).collect(),
    }
}
