//! Markers in rendered text: what brackets a piece on its way through a template.
//!
//! A marked text is a string in which `BEGIN`, digits and `END` bracket each piece that has origins; the digits are
//! an index into a side table. All of them are private-use characters. The same characters in input text are written
//! as `ESCAPE` and a shifted character, so that nothing a rule says is taken for a marker. Filters copy these
//! characters like any other letter; [`unmark`] removes them and says where the pieces have come to stand.

use std::ops::Range;

use crate::span::Origins;

const BEGIN: char = '\u{F0000}';
const END: char = '\u{F0001}';
const ESCAPE: char = '\u{F0002}';
const DIGITS: u32 = 0xF_0010;
/// The characters kept for markers; the same number behind them stands for escaped ones.
const RESERVED: Range<u32> = 0xF_0000..0xF_0020;
const SHIFT: u32 = 0x20;

/// The text with reserved characters escaped.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for letter in text.chars() {
        encode_letter(letter, &mut encoded);
    }
    encoded
}

fn encode_letter(letter: char, encoded: &mut String) {
    if RESERVED.contains(&u32::from(letter)) {
        encoded.push(ESCAPE);
        encoded.push(char::from_u32(u32::from(letter) + SHIFT).expect("the shifted range holds characters only"));
    } else {
        encoded.push(letter);
    }
}

/// Appends a piece, bracketed if it has a place in the table of origins.
pub(super) fn mark(text: &str, place: Option<usize>, marked: &mut String) {
    match place {
        Some(place) if !text.is_empty() => {
            begin(place, marked);
            marked.push_str(&encode(text));
            marked.push(END);
        }
        _ => marked.push_str(&encode(text)),
    }
}

fn begin(place: usize, marked: &mut String) {
    marked.push(BEGIN);
    for digit in format!("{place:x}").chars() {
        let value = digit.to_digit(16).expect("formatted as hexadecimal");
        marked.push(char::from_u32(DIGITS + value).expect("the digits are characters"));
    }
}

/// What a marked text consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token {
    Begin(usize),
    End,
    Letter(char),
}

/// Reads a marked text. Never fails: what a template cut in two is read as far as it goes.
fn tokens(marked: &str) -> impl Iterator<Item = Token> {
    let mut letters = marked.chars().peekable();
    std::iter::from_fn(move || {
        let letter = letters.next()?;
        Some(match letter {
            BEGIN => {
                let mut index = 0_usize;
                while let Some(digit) = letters.peek().and_then(|letter| digit(*letter)) {
                    letters.next();
                    index = index.saturating_mul(16).saturating_add(digit);
                }
                Token::Begin(index)
            }
            END => Token::End,
            ESCAPE => {
                let shifted = letters.next().map_or(u32::from(char::REPLACEMENT_CHARACTER), u32::from);
                Token::Letter(char::from_u32(shifted.wrapping_sub(SHIFT)).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            letter => Token::Letter(letter),
        })
    })
}

fn digit(letter: char) -> Option<usize> {
    u32::from(letter).checked_sub(DIGITS).filter(|digit| *digit < 16).map(|digit| digit as usize)
}

/// The plain text, and the byte range of each piece with its origins.
pub(super) fn unmark(marked: &str, table: &[Origins]) -> (String, Vec<(Range<usize>, Origins)>) {
    let mut text = String::with_capacity(marked.len());
    let mut provenance = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for token in tokens(marked) {
        match token {
            Token::Letter(letter) => text.push(letter),
            Token::Begin(index) => {
                close(open.replace((text.len(), index)), text.len(), table, &mut provenance);
            }
            Token::End => close(open.take(), text.len(), table, &mut provenance),
        }
    }
    close(open, text.len(), table, &mut provenance);
    (text, provenance)
}

fn close(open: Option<(usize, usize)>, end: usize, table: &[Origins], provenance: &mut Vec<(Range<usize>, Origins)>) {
    if let Some((start, index)) = open
        && start < end
        && let Some(origins) = table.get(index)
    {
        provenance.push((start..end, origins.clone()));
    }
}

/// The text without its markers.
pub(super) fn plain(marked: &str) -> String {
    tokens(marked)
        .filter_map(|token| match token {
            Token::Letter(letter) => Some(letter),
            Token::Begin(_) | Token::End => None,
        })
        .collect()
}

/// Writes a marked text again, letter by letter: `spell` gives the form of each letter of the plain text.
/// The markers stay around the letters they were around.
pub(super) fn respell(marked: &str, mut spell: impl FnMut(char, &mut String)) -> String {
    let mut respelled = String::with_capacity(marked.len());
    let mut form = String::new();
    for token in tokens(marked) {
        match token {
            Token::Letter(letter) => {
                form.clear();
                spell(letter, &mut form);
                form.chars().for_each(|letter| encode_letter(letter, &mut respelled));
            }
            Token::Begin(place) => begin(place, &mut respelled),
            Token::End => respelled.push(END),
        }
    }
    respelled
}
