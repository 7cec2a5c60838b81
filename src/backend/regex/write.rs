//! A pattern's tree, written in a dialect.

use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, Flag, GroupKind, Literal, Repetition, RepetitionKind, RepetitionRange,
    parse::ParserBuilder,
};

use super::class::{Flags, Set};
use super::{Dialect, Edge, Folding, Lossy, Written, framed, push_char};

/// Elasticsearch refuses longer expressions.
///
/// <https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules>
const MAX_LUCENE: usize = 1000;
/// Alternatives that anchors inside groups may multiply to.
const MAX_ALTERNATIVES: usize = 32;
/// Nesting; patterns of rules stay below ten.
const MAX_DEPTH: u32 = 50;

/// The pattern in the dialect: it finds the same values as in KQL, but for what [`Written`] says.
///
/// # Errors
///
/// The dialect has no such expression.
pub fn write(pattern: &str, dialect: Dialect, folding: Folding) -> Result<Written, Lossy> {
    let ast = ParserBuilder::new()
        .nest_limit(MAX_DEPTH)
        .build()
        .parse(pattern)
        .map_err(|error| Lossy::new(error.kind().to_string()))?;
    let first = Writer::new(pattern, dialect, false).finish(&ast)?;
    if first.letters_folded && (first.letters_cased || folding == Folding::Spelled) {
        Ok(Writer::new(pattern, dialect, true).finish(&ast)?.written)
    } else {
        Ok(first.written)
    }
}

/// A written pattern, and which letter case it asks for.
struct Finished {
    written: Written,
    letters_folded: bool,
    letters_cased: bool,
}

/// One alternative of a pattern, with what stands beside it.
struct Alternative {
    left: Edge,
    text: String,
    right: Edge,
}

struct Writer<'a> {
    pattern: &'a str,
    dialect: Dialect,
    /// Letters whose case does not count are written in both.
    spelled: bool,
    letters_folded: bool,
    letters_cased: bool,
    ascii: bool,
    end_anchor: bool,
}

impl<'a> Writer<'a> {
    fn new(pattern: &'a str, dialect: Dialect, spelled: bool) -> Writer<'a> {
        Writer {
            pattern,
            dialect,
            spelled,
            letters_folded: false,
            letters_cased: false,
            ascii: false,
            end_anchor: false,
        }
    }

    fn finish(mut self, ast: &Ast) -> Result<Finished, Lossy> {
        let searching = match self.dialect {
            Dialect::Pcre => true,
            Dialect::Sigma => !contains_assertion(ast, &|kind| is_word_assertion(kind)),
            Dialect::Lucene => false,
        };
        let text = if searching {
            self.render(ast, &mut Flags::default())?
        } else {
            let alternatives = self.alternatives(ast, &mut Flags::default(), true, true)?;
            self.combine(alternatives)
        };
        if self.dialect == Dialect::Lucene && text.chars().count() > MAX_LUCENE {
            return Err(Lossy::new(format!("an expression of more than {MAX_LUCENE} characters")));
        }
        let insensitive = self.letters_folded && !self.spelled;
        let written = Written { text, insensitive, ascii: self.ascii, end_anchor: self.end_anchor };
        Ok(Finished { written, letters_folded: self.letters_folded, letters_cased: self.letters_cased })
    }

    /// The expression in place, anchors included as far as the dialect has them.
    fn render(&mut self, ast: &Ast, flags: &mut Flags) -> Result<String, Lossy> {
        match ast {
            Ast::Empty(_) => Ok(self.group_open().to_owned() + ")"),
            Ast::Flags(set) => {
                apply(&set.flags, flags)?;
                Ok(String::new())
            }
            Ast::Literal(literal) => self.literal(ast, literal, *flags),
            Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassBracketed(_) => self.class(ast, *flags),
            Ast::ClassPerl(class) => {
                if self.dialect != Dialect::Pcre {
                    return self.class(ast, *flags);
                }
                use regex_syntax::ast::ClassPerlKind::{Digit, Space, Word};
                self.ascii = true;
                Ok(match (&class.kind, class.negated) {
                    (Digit, false) => "\\d",
                    (Digit, true) => "\\D",
                    (Space, false) => "\\s",
                    (Space, true) => "\\S",
                    (Word, false) => "\\w",
                    (Word, true) => "\\W",
                }
                .to_owned())
            }
            Ast::Assertion(assertion) => self.assertion(assertion, *flags),
            Ast::Repetition(repetition) => self.repetition(repetition, flags),
            Ast::Group(group) => {
                let mut inner = *flags;
                let open = match &group.kind {
                    GroupKind::CaptureIndex(_) | GroupKind::CaptureName { .. } => "(",
                    GroupKind::NonCapturing(set) => {
                        apply(set, &mut inner)?;
                        self.group_open()
                    }
                };
                let text = self.render(&group.ast, &mut inner)?;
                Ok(format!("{open}{text})"))
            }
            Ast::Alternation(alternation) => {
                let mut branches = Vec::with_capacity(alternation.asts.len());
                for branch in &alternation.asts {
                    branches.push(self.render(branch, flags)?);
                }
                Ok(branches.join("|"))
            }
            Ast::Concat(concat) => {
                let mut text = String::new();
                for part in &concat.asts {
                    text.push_str(&self.render(part, flags)?);
                }
                Ok(text)
            }
        }
    }

    fn group_open(&self) -> &'static str {
        if self.dialect == Dialect::Pcre { "(?:" } else { "(" }
    }

    fn literal(&mut self, ast: &Ast, literal: &Literal, flags: Flags) -> Result<String, Lossy> {
        let letter = literal.c;
        if letter.is_alphabetic() {
            if !flags.insensitive {
                self.letters_cased = true;
            } else {
                if letter.is_ascii() {
                    self.letters_folded = true;
                    self.ascii |= matches!(letter.to_ascii_lowercase(), 'k' | 's');
                }
                // Beyond ASCII the targets' own folding is not KQL's.
                if self.spelled || !letter.is_ascii() {
                    return self.class(ast, flags);
                }
            }
        }
        let mut text = String::new();
        push_char(&mut text, letter, self.dialect);
        Ok(text)
    }

    fn class(&mut self, ast: &Ast, flags: Flags) -> Result<String, Lossy> {
        let set = Set::of(ast, self.pattern, flags)?;
        self.ascii |= set.ascii_only;
        self.letters_cased |= set.is_cased();
        set.write(self.dialect)
    }

    fn assertion(&mut self, assertion: &Assertion, flags: Flags) -> Result<String, Lossy> {
        use AssertionKind::{
            EndLine, EndText, NotWordBoundary, StartLine, StartText, WordBoundary, WordBoundaryEnd,
            WordBoundaryEndAngle, WordBoundaryEndHalf, WordBoundaryStart, WordBoundaryStartAngle,
            WordBoundaryStartHalf,
        };
        let kind = &assertion.kind;
        self.ascii |= is_word_assertion(kind);
        let line = flags.multi_line && matches!(kind, StartLine | EndLine);
        let text = match self.dialect {
            Dialect::Pcre => match kind {
                // In PCRE's own multi-line mode `^` does not match behind a final newline.
                StartLine if line => "(?<![^\\x0a])",
                EndLine if line => "(?![^\\x0a])",
                StartLine | StartText => "^",
                EndLine | EndText => "\\z",
                WordBoundary => "\\b",
                NotWordBoundary => "\\B",
                WordBoundaryStart | WordBoundaryStartAngle => "\\b(?=\\w)",
                WordBoundaryEnd | WordBoundaryEndAngle => "\\b(?<=\\w)",
                WordBoundaryStartHalf => "(?<!\\w)",
                WordBoundaryEndHalf => "(?!\\w)",
            },
            Dialect::Sigma => match kind {
                StartLine | StartText if !line => "^",
                EndLine | EndText if !line => {
                    self.end_anchor = true;
                    "$"
                }
                StartLine | StartText | EndLine | EndText => return Err(Lossy::new("an anchor at line ends")),
                WordBoundary
                | NotWordBoundary
                | WordBoundaryStart
                | WordBoundaryEnd
                | WordBoundaryStartAngle
                | WordBoundaryEndAngle
                | WordBoundaryStartHalf
                | WordBoundaryEndHalf => return Err(Lossy::new("a word boundary inside the pattern")),
            },
            Dialect::Lucene if is_word_assertion(kind) => {
                return Err(Lossy::new("a word boundary inside the pattern"));
            }
            Dialect::Lucene => return Err(Lossy::new("an anchor inside the pattern")),
        };
        Ok(text.to_owned())
    }

    fn repetition(&mut self, repetition: &Repetition, flags: &mut Flags) -> Result<String, Lossy> {
        let mut text = self.render(&repetition.ast, flags)?;
        let single = match &*repetition.ast {
            Ast::Group(_) | Ast::ClassPerl(_) | Ast::Empty(_) => true,
            Ast::Literal(_) | Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassBracketed(_) => true,
            Ast::Flags(_) | Ast::Assertion(_) | Ast::Repetition(_) | Ast::Alternation(_) | Ast::Concat(_) => false,
        };
        if !single {
            text = format!("{}{text})", self.group_open());
        }
        match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => text.push('?'),
            RepetitionKind::ZeroOrMore => text.push('*'),
            RepetitionKind::OneOrMore => text.push('+'),
            RepetitionKind::Range(RepetitionRange::Exactly(count)) => text.push_str(&format!("{{{count}}}")),
            RepetitionKind::Range(RepetitionRange::AtLeast(count)) => text.push_str(&format!("{{{count},}}")),
            RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => {
                text.push_str(&format!("{{{least},{most}}}"));
            }
        }
        // Whether something matches does not depend on greed, and Lucene would read `+?` as an optional `+`.
        if self.dialect == Dialect::Pcre && repetition.greedy == flags.swap_greed {
            text.push('?');
        }
        Ok(text)
    }

    /// The expression as alternatives between edges; `left` and `right` say which ends of the pattern it touches.
    fn alternatives(
        &mut self,
        ast: &Ast,
        flags: &mut Flags,
        left: bool,
        right: bool,
    ) -> Result<Vec<Alternative>, Lossy> {
        match ast {
            Ast::Alternation(alternation) => {
                let mut all = Vec::new();
                for branch in &alternation.asts {
                    all.extend(self.alternatives(branch, flags, left, right)?);
                }
                limited(all)
            }
            Ast::Group(group) => {
                let mut inner = *flags;
                if let GroupKind::NonCapturing(set) = &group.kind {
                    apply(set, &mut inner)?;
                }
                self.alternatives(&group.ast, &mut inner, left, right)
            }
            Ast::Concat(concat) => {
                let parts: Vec<&Ast> = concat.asts.iter().collect();
                self.sequence(&parts, flags, left, right)
            }
            Ast::Empty(_)
            | Ast::Flags(_)
            | Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::Assertion(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassPerl(_)
            | Ast::ClassBracketed(_)
            | Ast::Repetition(_) => self.sequence(&[ast], flags, left, right),
        }
    }

    fn sequence(
        &mut self,
        asts: &[&Ast],
        flags: &mut Flags,
        left: bool,
        right: bool,
    ) -> Result<Vec<Alternative>, Lossy> {
        // Flags hold from where they stand to the end of the group.
        let mut parts: Vec<(&Ast, Flags)> = Vec::with_capacity(asts.len());
        for ast in asts {
            match ast {
                Ast::Flags(set) => apply(&set.flags, flags)?,
                Ast::Empty(_) => {}
                Ast::Literal(_)
                | Ast::Dot(_)
                | Ast::Assertion(_)
                | Ast::ClassUnicode(_)
                | Ast::ClassPerl(_)
                | Ast::ClassBracketed(_)
                | Ast::Repetition(_)
                | Ast::Group(_)
                | Ast::Alternation(_)
                | Ast::Concat(_) => parts.push((ast, *flags)),
            }
        }
        let mut parts = parts.as_slice();
        let mut left_edge = Edge::Open;
        let mut right_edge = Edge::Open;
        while left
            && let [(Ast::Assertion(assertion), flags), rest @ ..] = parts
            && !matches!(assertion.kind, AssertionKind::EndLine | AssertionKind::EndText)
        {
            let next = self.words_at(rest.first(), true)?;
            left_edge = self.edge(left_edge, &assertion.kind, *flags, next, true)?;
            parts = rest;
        }
        while right && let [rest @ .., (Ast::Assertion(assertion), flags)] = parts {
            let previous = self.words_at(rest.last(), false)?;
            right_edge = self.edge(right_edge, &assertion.kind, *flags, previous, false)?;
            parts = rest;
        }
        // Beside anything, what may be absent adds nothing to a search.
        while left
            && left_edge == Edge::Open
            && let [(first, _), rest @ ..] = parts
            && may_be_absent(first)
        {
            parts = rest;
        }
        while right
            && right_edge == Edge::Open
            && let [rest @ .., (last, _)] = parts
            && may_be_absent(last)
        {
            parts = rest;
        }
        let anchored_inside = |ast: &Ast| matches!(ast, Ast::Group(_)) && contains_assertion(ast, &|_| true);
        let mut heads = vec![Alternative { left: left_edge, text: String::new(), right: right_edge }];
        let mut tails = vec![Alternative { left: left_edge, text: String::new(), right: right_edge }];
        if left
            && left_edge == Edge::Open
            && let [(first, flags), rest @ ..] = parts
            && anchored_inside(first)
        {
            let alone = rest.is_empty() && right && right_edge == Edge::Open;
            heads = self.alternatives(first, &mut flags.clone(), true, alone)?;
            if alone {
                return Ok(heads);
            }
            parts = rest;
        }
        if right
            && right_edge == Edge::Open
            && let [rest @ .., (last, flags)] = parts
            && anchored_inside(last)
        {
            tails = self.alternatives(last, &mut flags.clone(), false, true)?;
            parts = rest;
        }
        let mut middle = String::new();
        for (part, flags) in parts {
            middle.push_str(&self.render(part, &mut flags.clone())?);
        }
        let mut all = Vec::with_capacity(heads.len() * tails.len());
        for head in &heads {
            for tail in &tails {
                let text = format!("{}{middle}{}", head.text, tail.text);
                all.push(Alternative { left: head.left, text, right: tail.right });
            }
        }
        limited(all)
    }

    /// What an assertion at the end of a pattern asks of the text beside it; `beside` says whether the pattern's
    /// character there is a word character.
    fn edge(
        &self,
        edge: Edge,
        kind: &AssertionKind,
        flags: Flags,
        beside: Option<bool>,
        left: bool,
    ) -> Result<Edge, Lossy> {
        use AssertionKind::{
            EndLine, EndText, NotWordBoundary, StartLine, StartText, WordBoundary, WordBoundaryEnd,
            WordBoundaryEndAngle, WordBoundaryEndHalf, WordBoundaryStart, WordBoundaryStartAngle,
            WordBoundaryStartHalf,
        };
        let unclear = || Lossy::new("a word boundary beside characters of both kinds");
        let wanted = match kind {
            StartLine | EndLine if flags.multi_line => return Err(Lossy::new("an anchor at line ends")),
            StartLine | StartText if left => Edge::Anchored,
            EndLine | EndText if !left => Edge::Anchored,
            WordBoundary => match beside.ok_or_else(unclear)? {
                true => Edge::NoWord,
                false => Edge::Word,
            },
            NotWordBoundary => match beside.ok_or_else(unclear)? {
                true => Edge::Word,
                false => Edge::NoWord,
            },
            WordBoundaryStart | WordBoundaryStartAngle if left && beside == Some(true) => Edge::NoWord,
            WordBoundaryEnd | WordBoundaryEndAngle if !left && beside == Some(true) => Edge::NoWord,
            WordBoundaryStart | WordBoundaryStartAngle if !left && beside == Some(false) => Edge::Word,
            WordBoundaryEnd | WordBoundaryEndAngle if left && beside == Some(false) => Edge::Word,
            WordBoundaryStartHalf if left => Edge::NoWord,
            WordBoundaryEndHalf if !left => Edge::NoWord,
            StartLine | StartText | EndLine | EndText => return Err(Lossy::new("an anchor inside the pattern")),
            WordBoundaryStart
            | WordBoundaryStartAngle
            | WordBoundaryEnd
            | WordBoundaryEndAngle
            | WordBoundaryStartHalf
            | WordBoundaryEndHalf => return Err(unclear()),
        };
        match (edge, wanted) {
            (Edge::Open, wanted) => Ok(wanted),
            (edge, wanted) if edge == wanted => Ok(edge),
            // The end of the text is no word character.
            (Edge::Anchored, Edge::NoWord) | (Edge::NoWord, Edge::Anchored) => Ok(Edge::Anchored),
            _ => Err(Lossy::new("anchors that exclude each other")),
        }
    }

    /// Whether the part's character at one of its ends is always a word character, or never.
    fn words_at(&self, part: Option<&(&Ast, Flags)>, first: bool) -> Result<Option<bool>, Lossy> {
        match part {
            Some((ast, flags)) => words(ast, self.pattern, *flags, first),
            None => Ok(None),
        }
    }

    fn combine(&mut self, alternatives: Vec<Alternative>) -> String {
        let mut groups: Vec<(Edge, Edge, Vec<String>)> = Vec::new();
        for Alternative { left, text, right } in alternatives {
            match groups.iter_mut().find(|group| (group.0, group.1) == (left, right)) {
                Some(group) => group.2.push(text),
                None => groups.push((left, right, vec![text])),
            }
        }
        let mut parts = Vec::with_capacity(groups.len());
        for (left, right, mut texts) in groups {
            texts.dedup();
            self.ascii |= [left, right].iter().any(|edge| matches!(edge, Edge::NoWord | Edge::Word));
            self.end_anchor |= self.dialect == Dialect::Sigma && matches!(right, Edge::Anchored | Edge::NoWord);
            let body = match texts.as_slice() {
                [only] => only.clone(),
                several => format!("({})", several.join("|")),
            };
            // Between two open ends an empty body finds everything, once.
            let text = match (left, right, body.as_str(), self.dialect) {
                (Edge::Open, Edge::Open, "", Dialect::Lucene) => ".*".to_owned(),
                (_, _, "", Dialect::Lucene | Dialect::Sigma) => framed("()", left, right, self.dialect),
                (_, _, body, _) => framed(body, left, right, self.dialect),
            };
            parts.push(text);
        }
        parts.join("|")
    }
}

fn limited(all: Vec<Alternative>) -> Result<Vec<Alternative>, Lossy> {
    if all.len() > MAX_ALTERNATIVES { Err(Lossy::new("anchors inside too many alternatives")) } else { Ok(all) }
}

/// Sets and clears flags.
fn apply(set: &regex_syntax::ast::Flags, flags: &mut Flags) -> Result<(), Lossy> {
    if set.flag_state(Flag::CRLF) == Some(true) {
        return Err(Lossy::new("the flag `R`"));
    }
    if set.flag_state(Flag::Unicode) == Some(false) {
        return Err(Lossy::new("the flag `-u`"));
    }
    for (flag, state) in [
        (Flag::CaseInsensitive, &mut flags.insensitive),
        (Flag::MultiLine, &mut flags.multi_line),
        (Flag::DotMatchesNewLine, &mut flags.dot_matches_newline),
        (Flag::SwapGreed, &mut flags.swap_greed),
    ] {
        *state = set.flag_state(flag).unwrap_or(*state);
    }
    Ok(())
}

fn is_word_assertion(kind: &AssertionKind) -> bool {
    use AssertionKind::{
        EndLine, EndText, NotWordBoundary, StartLine, StartText, WordBoundary, WordBoundaryEnd, WordBoundaryEndAngle,
        WordBoundaryEndHalf, WordBoundaryStart, WordBoundaryStartAngle, WordBoundaryStartHalf,
    };
    match kind {
        StartLine | EndLine | StartText | EndText => false,
        WordBoundary
        | NotWordBoundary
        | WordBoundaryStart
        | WordBoundaryEnd
        | WordBoundaryStartAngle
        | WordBoundaryEndAngle
        | WordBoundaryStartHalf
        | WordBoundaryEndHalf => true,
    }
}

fn contains_assertion(ast: &Ast, wanted: &dyn Fn(&AssertionKind) -> bool) -> bool {
    match ast {
        Ast::Assertion(assertion) => wanted(&assertion.kind),
        Ast::Repetition(repetition) => contains_assertion(&repetition.ast, wanted),
        Ast::Group(group) => contains_assertion(&group.ast, wanted),
        Ast::Alternation(alternation) => alternation.asts.iter().any(|ast| contains_assertion(ast, wanted)),
        Ast::Concat(concat) => concat.asts.iter().any(|ast| contains_assertion(ast, wanted)),
        Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Literal(_)
        | Ast::Dot(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) => false,
    }
}

/// Whether the part is a repetition that may be of nothing, without conditions on what is around it.
fn may_be_absent(ast: &Ast) -> bool {
    matches!(ast, Ast::Repetition(repetition) if !contains_assertion(&repetition.ast, &|_| true)
    && match &repetition.op.kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => true,
        RepetitionKind::OneOrMore => false,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least) | RepetitionRange::AtLeast(least) | RepetitionRange::Bounded(least, _),
        ) => *least == 0,
    })
}

/// Whether the first (or last) character is always a word character, or never; none where that is not plain.
fn words(ast: &Ast, pattern: &str, flags: Flags, first: bool) -> Result<Option<bool>, Lossy> {
    match ast {
        Ast::Literal(literal) => Ok(Some(literal.c.is_alphanumeric() || literal.c == '_')),
        Ast::ClassPerl(class) => {
            use regex_syntax::ast::ClassPerlKind::{Digit, Space, Word};
            Ok(match (&class.kind, class.negated) {
                (Digit | Word, false) => Some(true),
                (Space, false) | (Word, true) => Some(false),
                (Digit | Space, true) => None,
            })
        }
        Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassBracketed(_) => Ok(Set::of(ast, pattern, flags)?.words()),
        Ast::Repetition(repetition) if !may_be_absent(ast) => words(&repetition.ast, pattern, flags, first),
        Ast::Group(group) => {
            let mut inner = flags;
            if let GroupKind::NonCapturing(set) = &group.kind {
                apply(set, &mut inner)?;
            }
            words(&group.ast, pattern, inner, first)
        }
        Ast::Alternation(alternation) => {
            let mut answer = None;
            for (index, branch) in alternation.asts.iter().enumerate() {
                let this = words(branch, pattern, flags, first)?;
                if index > 0 && this != answer {
                    return Ok(None);
                }
                answer = this;
            }
            Ok(answer)
        }
        Ast::Concat(concat) => {
            let mut parts = concat.asts.iter().filter(|part| !matches!(part, Ast::Flags(_)));
            let end = if first { parts.next() } else { parts.next_back() };
            end.map_or(Ok(None), |end| words(end, pattern, flags, first))
        }
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) | Ast::Repetition(_) => Ok(None),
    }
}
