//! Regular expressions on a column, written again for a field that holds the value in another form.
//!
//! Patterns are read by `regex-syntax`, the grammar that KQL documents for `matches regex`, and changed in their text
//! only where they must be, so that a reader knows them again.
//! <https://learn.microsoft.com/kusto/query/regex>

use regex_syntax::ast::{self, Ast, ClassSet, ClassSetItem};

use crate::fidelity::Match;
use crate::ir::{Expr, Value};

/// A bracketed class of `head` and these characters.
pub(super) fn class(head: &str, characters: &[char]) -> String {
    let mut class = format!("[{head}");
    for character in characters {
        class.push_str(&regex_syntax::escape(&character.to_string()));
    }
    class.push(']');
    class
}

/// A pattern as it was written.
struct Written<'a> {
    /// Whether it begins with `(?i)`, which then holds for all of it.
    insensitive: bool,
    /// What is behind that.
    text: &'a str,
    tree: Ast,
}

const IGNORE_CASE: &str = "(?i)";

fn read(pattern: &Expr) -> Result<Written<'_>, String> {
    let text = pattern.as_text().ok_or("only a constant pattern can be written again for the field")?;
    let (insensitive, text) = match text.strip_prefix(IGNORE_CASE) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let tree = ast::parse::Parser::new()
        .parse(text)
        .map_err(|_| "the pattern is not a valid regular expression".to_owned())?;
    Ok(Written { insensitive, text, tree })
}

/// The pattern, to be asked of the value in lower case, and what that finds compared with the value itself.
pub(super) fn on_lower_case(pattern: &Expr) -> Result<(Expr, Match), String> {
    let Written { insensitive, text, tree } = read(pattern)?;
    let mut facts = Facts::default();
    facts.visit(&tree, false)?;
    if insensitive || !facts.has_letters {
        return Ok((pattern.clone(), Match::Exact));
    }
    if facts.excludes_letters {
        return Err("the pattern excludes letters of one case, and the field is in lower case".to_owned());
    }
    let folded = Expr::literal(Value::String(format!("{IGNORE_CASE}{text}")), pattern.all_origins());
    Ok((folded, Match::Broader))
}

/// What a pattern holds that letter case touches.
#[derive(Default)]
struct Facts {
    has_letters: bool,
    excludes_letters: bool,
}

impl Facts {
    fn visit(&mut self, tree: &Ast, negated: bool) -> Result<(), String> {
        match tree {
            Ast::Empty(_) | Ast::Dot(_) | Ast::Assertion(_) | Ast::ClassPerl(_) => {}
            Ast::Flags(_) => return Err("the pattern sets flags that letter case depends on".to_owned()),
            Ast::Literal(literal) => self.letter(literal.c, negated),
            Ast::ClassUnicode(_) => {
                return Err("the pattern asks for classes of letters, and the field is in lower case".to_owned());
            }
            Ast::ClassBracketed(class) => self.visit_class(&class.kind, negated || class.negated)?,
            Ast::Repetition(repetition) => self.visit(&repetition.ast, negated)?,
            Ast::Group(group) => {
                if let Some(flags) = group.flags()
                    && !flags.items.is_empty()
                {
                    return Err("the pattern sets flags that letter case depends on".to_owned());
                }
                self.visit(&group.ast, negated)?;
            }
            Ast::Alternation(alternation) => {
                for one in &alternation.asts {
                    self.visit(one, negated)?;
                }
            }
            Ast::Concat(concat) => {
                for one in &concat.asts {
                    self.visit(one, negated)?;
                }
            }
        }
        Ok(())
    }

    fn letter(&mut self, c: char, negated: bool) {
        if c.is_lowercase() || c.is_uppercase() {
            self.has_letters = true;
            self.excludes_letters |= negated;
        }
    }

    fn visit_class(&mut self, class: &ClassSet, negated: bool) -> Result<(), String> {
        let unclear = || Err("the pattern computes with classes, and the field is in lower case".to_owned());
        let ClassSet::Item(item) = class else { return unclear() };
        match item {
            ClassSetItem::Empty(_) | ClassSetItem::Perl(_) => {}
            ClassSetItem::Literal(literal) => self.letter(literal.c, negated),
            // A range may hold letters of one case or of both; to ignore case is right for all of them.
            ClassSetItem::Range(_) => {
                self.has_letters = true;
                self.excludes_letters |= negated;
            }
            ClassSetItem::Ascii(_) | ClassSetItem::Unicode(_) => return unclear(),
            ClassSetItem::Bracketed(inner) => self.visit_class(&inner.kind, negated || inner.negated)?,
            ClassSetItem::Union(union) => {
                for item in &union.items {
                    self.visit_class(&ClassSet::Item(item.clone()), negated)?;
                }
            }
        }
        Ok(())
    }
}

/// The pattern, to be asked of a value whose part behind the last separator is the column.
pub(super) fn on_last_part(pattern: &Expr, separators: &[char]) -> Result<Expr, String> {
    let Written { insensitive, text, tree } = read(pattern)?;
    let mut rewriter = Rewriter { text, separators, output: String::new() };
    // What an alternative at the top begins and ends with decides what may stand round it.
    let alternatives: Vec<Vec<&Ast>> = match &tree {
        Ast::Alternation(alternation) => alternation.asts.iter().map(parts).collect(),
        other => vec![parts(other)],
    };
    let (separator, other) = (class("", separators), class("^", separators));
    let mut written = Vec::new();
    for alternative in alternatives {
        let is_start =
            |part: &Ast| is_assertion(part, &[ast::AssertionKind::StartLine, ast::AssertionKind::StartText]);
        let is_end = |part: &Ast| is_assertion(part, &[ast::AssertionKind::EndLine, ast::AssertionKind::EndText]);
        let starts = alternative.first().is_some_and(|part| is_start(part));
        let inner = if starts { &alternative[1..] } else { &alternative[..] };
        let ends = inner.last().is_some_and(|part| is_end(part));
        let inner = if ends { &inner[..inner.len() - 1] } else { inner };
        rewriter.output.clear();
        for part in inner {
            rewriter.write(part)?;
        }
        let before = if starts { separator.clone() } else { String::new() };
        let behind = if ends { "$".to_owned() } else { format!("{other}*$") };
        written.push(format!("{before}{}{behind}", rewriter.output));
    }
    let flag = if insensitive { IGNORE_CASE } else { "" };
    let text = format!("{flag}{}", written.join("|"));
    Ok(Expr::literal(Value::String(text), pattern.all_origins()))
}

fn parts(tree: &Ast) -> Vec<&Ast> {
    match tree {
        Ast::Concat(concat) => concat.asts.iter().collect(),
        other => vec![other],
    }
}

fn is_assertion(part: &Ast, kinds: &[ast::AssertionKind]) -> bool {
    matches!(part, Ast::Assertion(assertion) if kinds.contains(&assertion.kind))
}

/// Writes a pattern so that nothing in it can meet a separator.
struct Rewriter<'a> {
    text: &'a str,
    separators: &'a [char],
    output: String,
}

impl Rewriter<'_> {
    fn write(&mut self, tree: &Ast) -> Result<(), String> {
        let crosses = || Err("the pattern asks for separators, which the value does not hold".to_owned());
        match tree {
            Ast::Empty(_) => {}
            Ast::Flags(_) => return Err("the pattern sets flags that cannot be kept".to_owned()),
            Ast::Assertion(assertion) => match assertion.kind {
                ast::AssertionKind::WordBoundary => self.copy(tree),
                _ => return Err("the pattern has an anchor inside, which has no form in a longer value".to_owned()),
            },
            Ast::Literal(literal) if self.separators.contains(&literal.c) => return crosses(),
            Ast::Literal(_) => self.copy(tree),
            Ast::Dot(_) => self.output.push_str(&class("^\\n", self.separators)),
            Ast::ClassPerl(perl) if perl.negated => {
                let letter = match perl.kind {
                    ast::ClassPerlKind::Digit => "\\d",
                    ast::ClassPerlKind::Space => "\\s",
                    ast::ClassPerlKind::Word => "\\w",
                };
                self.output.push_str(&class(&format!("^{letter}"), self.separators));
            }
            Ast::ClassPerl(_) => self.copy(tree),
            Ast::ClassUnicode(unicode) if unicode.is_negated() => {
                return Err("the pattern excludes a class of characters, which may meet a separator".to_owned());
            }
            Ast::ClassUnicode(_) => {
                if self.meets_separator(tree)? {
                    return crosses();
                }
                self.copy(tree);
            }
            Ast::ClassBracketed(bracketed) => {
                if !self.meets_separator(tree)? {
                    self.copy(tree);
                } else if bracketed.negated {
                    let text =
                        self.source(tree).strip_suffix(']').ok_or("the pattern's class cannot be read")?.to_owned();
                    self.output.push_str(&text);
                    for separator in self.separators {
                        self.output.push_str(&regex_syntax::escape(&separator.to_string()));
                    }
                    self.output.push(']');
                } else {
                    return crosses();
                }
            }
            Ast::Repetition(repetition) => {
                self.write(&repetition.ast)?;
                let operator = repetition.op.span;
                // The operator's span leaves out the `?` of a lazy one.
                let end = tree.span().end.offset;
                self.output.push_str(&self.text[operator.start.offset..end]);
            }
            Ast::Group(group) => {
                if group.flags().is_some_and(|flags| !flags.items.is_empty()) {
                    return Err("the pattern sets flags that cannot be kept".to_owned());
                }
                self.output.push_str("(?:");
                self.write(&group.ast)?;
                self.output.push(')');
            }
            Ast::Alternation(alternation) => {
                for (index, one) in alternation.asts.iter().enumerate() {
                    if index > 0 {
                        self.output.push('|');
                    }
                    self.write(one)?;
                }
            }
            Ast::Concat(concat) => {
                for one in &concat.asts {
                    self.write(one)?;
                }
            }
        }
        Ok(())
    }

    /// What is written there.
    fn source(&self, tree: &Ast) -> &str {
        let span = tree.span();
        &self.text[span.start.offset..span.end.offset]
    }

    fn copy(&mut self, tree: &Ast) {
        let text = self.source(tree).to_owned();
        self.output.push_str(&text);
    }

    /// Whether the class can match a separator.
    fn meets_separator(&self, tree: &Ast) -> Result<bool, String> {
        let pattern = format!("^{}$", self.source(tree));
        let class = regex::Regex::new(&pattern).map_err(|_| "the pattern's class cannot be read".to_owned())?;
        Ok(self.separators.iter().any(|separator| class.is_match(&separator.to_string())))
    }
}
