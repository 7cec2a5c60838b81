//! Text that remembers its source, and the one template environment.

use std::borrow::Cow;

use crate::span::Origins;

/// A run of output text and the source leaves it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Where it comes from; empty for glue such as parentheses.
    pub origins: Origins,
}

/// Output text in pieces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    pieces: Vec<Piece>,
}

impl Text {
    /// No text.
    pub fn new() -> Text {
        Text::default()
    }

    /// One piece.
    pub fn piece(text: impl Into<String>, origins: Origins) -> Text {
        Text { pieces: vec![Piece { text: text.into(), origins }] }
    }

    /// Text that stands for no source: parentheses, commas.
    pub fn glue(text: &str) -> Text {
        Text::piece(text, Origins::none())
    }

    /// Appends.
    pub fn push(&mut self, other: Text) {
        self.pieces.extend(other.pieces);
    }

    /// This, then `other`.
    pub fn then(mut self, other: Text) -> Text {
        self.push(other);
        self
    }

    /// The parts with `separator` between them.
    pub fn join(parts: impl IntoIterator<Item = Text>, separator: &Text) -> Text {
        let mut joined = Text::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                joined.push(separator.clone());
            }
            joined.push(part);
        }
        joined
    }

    /// The same between `(` and `)`.
    pub fn parenthesised(self) -> Text {
        Text::glue("(").then(self).then(Text::glue(")"))
    }

    /// The same pieces, each also standing for `origins`.
    pub fn with_origins(mut self, origins: &Origins) -> Text {
        for piece in &mut self.pieces {
            piece.origins.extend(origins);
        }
        self
    }

    /// The pieces in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.is_empty())
    }

    /// The plain text.
    pub fn plain(&self) -> Cow<'_, str> {
        match self.pieces.as_slice() {
            [only] => Cow::Borrowed(&only.text),
            pieces => Cow::Owned(pieces.iter().map(|piece| piece.text.as_str()).collect()),
        }
    }
}

/// A template that cannot be rendered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("template `{name}`: {message}")]
pub struct TemplateError {
    /// The template's name: `sigma/rule.yml.j2`.
    pub name: String,
    /// What is wrong, and where in it.
    pub message: String,
}

/// The templates: those built in, or the user's own in their place.
#[derive(Clone, Debug, Default)]
pub struct Templates {}
