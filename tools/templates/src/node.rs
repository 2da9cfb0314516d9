//! YAML as CloudFormation sees it: every scalar is a text, and tags are calls of intrinsic functions.

use saphyr_parser::{Event, Marker, Parser, ScanError, Span, Tag};

use crate::error::Error;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A scalar, as it is written: `29` and `"29"` are the same to CloudFormation.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(String, Node)>),
    /// An intrinsic function by its short name (`Ref`, `GetAtt`, `Sub` …), in whichever form it was written.
    Call(String, Box<Node>),
}

impl Node {
    /// Reads one YAML document.
    pub fn read(text: &str) -> Result<Self, Error> {
        let mut reader = Reader { events: Parser::new_from_str(text) };
        loop {
            match reader.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, mark) => return Err(fault(mark, "it is empty")),
                (event, mark) => {
                    let node = reader.node(event, mark)?;
                    reader.end()?;
                    return Ok(node);
                }
            }
        }
    }

    /// The value under `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The scalar, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none of anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Marker), Error> {
        match self.events.next() {
            Some(Ok((event, Span { start, .. }))) => Ok((event, start)),
            Some(Err(error)) => Err(scanned(&error)),
            None => Err(Error::Yaml { line: 0, what: "it ends in the middle".to_owned() }),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, mark) => return Err(fault(mark, "it holds more than one document")),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, mark: Marker) -> Result<Node, Error> {
        let (node, tag) = match event {
            Event::Scalar(text, _, 0, tag) => (Node::Text(text.into_owned()), tag),
            Event::SequenceStart(0, tag) => (self.list()?, tag),
            Event::MappingStart(0, tag) => (self.map(mark)?, tag),
            _ => return Err(fault(mark, "anchors and aliases are not read")),
        };
        match tag {
            Some(tag) => called(&tag, node).ok_or_else(|| fault(mark, "a tag of this kind is not read")),
            None => Ok(node),
        }
    }

    fn list(&mut self) -> Result<Node, Error> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node::List(items)),
                (event, mark) => items.push(self.node(event, mark)?),
            }
        }
    }

    fn map(&mut self, start: Marker) -> Result<Node, Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, mark) = self.next()?;
            if event == Event::MappingEnd {
                return long_form(entries).ok_or_else(|| fault(start, "a call has nothing beside it"));
            }
            let Event::Scalar(key, _, 0, None) = event else {
                return Err(fault(mark, "a key must be a text"));
            };
            if entries.iter().any(|(name, _)| *name == key) {
                return Err(fault(mark, &format!("{key} is there twice")));
            }
            let (event, mark) = self.next()?;
            let value = self.node(event, mark)?;
            entries.push((key.into_owned(), value));
        }
    }
}

fn scanned(error: &ScanError) -> Error {
    Error::Yaml { line: error.marker().line(), what: error.info().to_owned() }
}

fn fault(mark: Marker, what: &str) -> Error {
    Error::Yaml { line: mark.line(), what: what.to_owned() }
}

/// `!Name node` as the call that it is; YAML's own tags change nothing, since every scalar is a text.
fn called(tag: &Tag, node: Node) -> Option<Node> {
    if tag.is_yaml_core_schema() {
        return Some(node);
    }
    (tag.handle == "!").then(|| Node::Call(tag.suffix.clone(), Box::new(node)))
}

/// `{Ref: x}` and `{Fn::Name: x}` as the calls that they are.
fn long_form(mut entries: Vec<(String, Node)>) -> Option<Node> {
    let name = |key: &str| match key {
        "Ref" => Some("Ref".to_owned()),
        _ => key.strip_prefix("Fn::").map(str::to_owned),
    };
    if !entries.iter().any(|(key, _)| name(key).is_some()) {
        return Some(Node::Map(entries));
    }
    let (key, argument) = entries.pop().filter(|_| entries.is_empty())?;
    Some(Node::Call(name(&key)?, Box::new(argument)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::Text(text.to_owned())
    }

    fn call(name: &str, argument: Node) -> Node {
        Node::Call(name.to_owned(), Box::new(argument))
    }

    #[test]
    fn every_scalar_is_a_text_however_it_is_written() {
        let node = Node::read("{a: 29, b: \"29\", c: true, d: '', e: 2012-10-17, f: !!str 1}").unwrap();
        let texts: Vec<_> = node.entries().iter().map(|(_, node)| node.text().unwrap()).collect();
        assert_eq!(texts, ["29", "29", "true", "", "2012-10-17", "1"]);
    }

    #[test]
    fn both_forms_of_a_call_are_the_same() {
        for (short, long) in [
            ("!Ref Table", "{Ref: Table}"),
            ("!GetAtt Table.Arn", "{\"Fn::GetAtt\": Table.Arn}"),
            ("!Join [\"-\", [a, !Ref B]]", "{\"Fn::Join\": [\"-\", [a, {Ref: B}]]}"),
        ] {
            assert_eq!(Node::read(short).unwrap(), Node::read(long).unwrap(), "{short}");
        }
        let nested = Node::read("!Select [2, !Split [\"/\", !GetAtt Url.Value]]").unwrap();
        let split = call("Split", Node::List(vec![text("/"), call("GetAtt", text("Url.Value"))]));
        assert_eq!(nested, call("Select", Node::List(vec![text("2"), split])));
    }

    #[test]
    fn what_templates_do_without_is_refused_with_its_line() {
        for (wrong, line) in [
            ("a: 1\nb: 2\na: 3", 3),
            ("a: &x 1\nb: *x", 1),
            ("a: 1\n---\nb: 2", 2),
            ("a: 1\n[b]: 2", 2),
            ("a:\n  Ref: X\n  b: 1", 2),
            ("a: [1\n", 2),
        ] {
            match Node::read(wrong) {
                Err(Error::Yaml { line: at, .. }) => assert_eq!(at, line, "{wrong}"),
                other => panic!("{wrong}: {other:?}"),
            }
        }
        assert!(Node::read("").is_err());
    }

    #[test]
    fn the_order_of_a_mapping_is_that_of_the_file() {
        let node = Node::read("z: 1\na: 2\nm: [x, y]").unwrap();
        let keys: Vec<_> = node.entries().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["z", "a", "m"]);
        assert_eq!(node.get("m").unwrap().items(), [text("x"), text("y")]);
        assert_eq!(node.get("n"), None);
    }
}
