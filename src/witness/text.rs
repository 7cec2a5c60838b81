//! Texts that match regular expressions.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Longest text made of a pattern.
const LONGEST: usize = 4_000;

/// A text in which the pattern occurs, with `filler` where it takes anything; none if it is malformed.
///
/// `choice` picks among alternatives: 0 takes the first everywhere.
pub fn sample(pattern: &str, filler: &str, choice: usize) -> Option<String> {
    sample_with(pattern, filler, choice, None)
}

/// The same with a text for one of its groups.
pub fn sample_with(pattern: &str, filler: &str, choice: usize, group: Option<(u32, &str)>) -> Option<String> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    let mut sampler = Sampler { text: String::new(), filler, is_filled: false, choice, group };
    sampler.write(&hir)?;
    Some(sampler.text)
}

struct Sampler<'f> {
    text: String,
    filler: &'f str,
    is_filled: bool,
    choice: usize,
    group: Option<(u32, &'f str)>,
}

impl Sampler<'_> {
    fn write(&mut self, hir: &Hir) -> Option<()> {
        if self.text.len() > LONGEST {
            return None;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(std::str::from_utf8(&literal.0).ok()?),
            HirKind::Class(class) => self.text.push(member(class, self.choice)?),
            HirKind::Repetition(repetition) => {
                let takes_anything = match repetition.sub.kind() {
                    HirKind::Class(class) => {
                        class_holds(class, 'a') && class_holds(class, ' ') && class_holds(class, '\\')
                    }
                    _ => false,
                };
                if takes_anything && !self.is_filled && !self.filler.is_empty() && repetition.max.is_none() {
                    self.is_filled = true;
                    self.text.push_str(self.filler);
                } else {
                    let least = if self.choice % 2 == 1 { repetition.min.max(1) } else { repetition.min };
                    let times = repetition.max.map_or(least, |max| least.min(max));
                    for _ in 0..times {
                        self.write(&repetition.sub)?;
                    }
                }
            }
            HirKind::Capture(capture) => match self.group {
                Some((group, text)) if group == capture.index => self.text.push_str(text),
                _ => self.write(&capture.sub)?,
            },
            HirKind::Concat(parts) => {
                for part in parts {
                    self.write(part)?;
                }
            }
            HirKind::Alternation(parts) => self.write(&parts[self.choice % parts.len()])?,
        }
        Some(())
    }
}

fn class_holds(class: &Class, letter: char) -> bool {
    match class {
        Class::Unicode(class) => class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&letter)),
        Class::Bytes(class) => u8::try_from(letter)
            .is_ok_and(|byte| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&byte))),
    }
}

/// A plain member of a class, if it has one.
fn member(class: &Class, choice: usize) -> Option<char> {
    const PLAIN: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -_./\\";
    let plain: Vec<char> = PLAIN.chars().filter(|letter| class_holds(class, *letter)).collect();
    match plain.as_slice() {
        [] => match class {
            Class::Unicode(class) => class.ranges().first().map(|range| range.start()),
            Class::Bytes(class) => class.ranges().first().map(|range| char::from(range.start())),
        },
        plain => Some(plain[choice % plain.len().min(10)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_matches_its_pattern() {
        for pattern in [
            r"^(?i)powershell(\.exe)?\s+-e(nc)?\b",
            r"[0-9]{1,3}\.[0-9]{1,3}",
            r"a|b|c",
            r"\\Users\\[^\\]+\\AppData",
            r".*foo.*bar$",
            r"(x)(y)?z{2,}",
        ] {
            let regex = regex::Regex::new(pattern).expect("a pattern of this test");
            for choice in 0..4 {
                let text = sample(pattern, "filler", choice).expect("a sample");
                assert!(regex.is_match(&text), "{pattern}: {text}");
            }
        }
    }
}
