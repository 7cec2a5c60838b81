//! Literals: from token to value.

use std::str::FromStr;

use super::{ErrorKind, Parser, Result};
use crate::kql::ast::{Dynamic, Expr, ExprKind, Literal, UnaryOp};
use crate::kql::lexer::{TIME_UNITS, decode_escape};
use crate::kql::token::TokenKind;
use crate::span::Span;

const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

impl Parser<'_> {
    /// The literal that stands here, if one does.
    pub(super) fn parse_literal(&mut self) -> Result<Option<Expr>> {
        let start = self.span();
        let literal = match self.peek() {
            Some(TokenKind::String { .. }) => Literal::String(self.parse_strings()?),
            Some(TokenKind::Keyword)
                if self.text_at(0) == "dynamic" && self.peek_at(1) == Some(TokenKind::OpenParen) =>
            {
                self.parse_dynamic()?
            }
            Some(
                TokenKind::Bool
                | TokenKind::Long
                | TokenKind::Real
                | TokenKind::TimeSpan
                | TokenKind::Guid
                | TokenKind::Typed { .. },
            ) => self.parse_simple_literal()?,
            _ => return Ok(None),
        };
        Ok(Some(Expr { kind: ExprKind::Literal(literal), span: self.since(start) }))
    }

    /// A literal of one token.
    fn parse_simple_literal(&mut self) -> Result<Literal> {
        let text = self.text_at(0);
        let kind = self.peek();
        let span = self.advance();
        let decoded = match kind {
            Some(TokenKind::Bool) => Ok(Literal::Bool(text.eq_ignore_ascii_case("true"))),
            Some(TokenKind::Long) => long(text).map(|value| Literal::Long(Some(value))).ok_or("a long"),
            Some(TokenKind::Real) => real(text).map(|value| Literal::Real(Some(value))).ok_or("a real"),
            Some(TokenKind::TimeSpan) => {
                time_with_unit(text).map(|ticks| Literal::TimeSpan(Some(ticks))).ok_or("a timespan")
            }
            Some(TokenKind::Guid) => guid(text).map(|value| Literal::Guid(Some(value))).ok_or("a guid"),
            Some(TokenKind::Typed { closed: true }) => typed(text),
            _ => {
                // The parenthesis is missing where the line ends.
                let end = Span { start: span.end, end: span.end };
                let found = "the end of the line".to_owned();
                return self.fail_with(ErrorKind::Expected { expected: vec!["`)`"], found }, end, None);
            }
        };
        match decoded {
            Ok(literal) => Ok(literal),
            Err(what) => self.fail_with(ErrorKind::BadLiteral { what, text: super::shorten(text) }, span, None),
        }
    }

    /// The one long that is only written with its sign.
    pub(super) fn parse_smallest_long(&mut self, op: UnaryOp, op_span: Span) -> Option<Expr> {
        let smallest = op == UnaryOp::Minus && self.at(TokenKind::Long) && self.text_at(0) == "9223372036854775808";
        smallest.then(|| {
            let span = op_span.to(self.advance());
            Expr { kind: ExprKind::Literal(Literal::Long(Some(i64::MIN))), span }
        })
    }

    /// Strings side by side are one string.
    pub(super) fn parse_strings(&mut self) -> Result<String> {
        let mut value = String::new();
        while let Some(TokenKind::String { well_formed }) = self.peek() {
            let text = self.text_at(0);
            let span = self.span();
            if !well_formed {
                return self.fail_string(text, span);
            }
            match decode_string(text) {
                Some(part) => value.push_str(&part),
                None => {
                    let kind = ErrorKind::BadLiteral { what: "a string", text: super::shorten(text) };
                    return self.fail_with(kind, span, Some("a surrogate has no other half".to_owned()));
                }
            }
            self.advance();
        }
        Ok(value)
    }

    /// Reports what is wrong with a string token.
    pub(super) fn fail_string<T>(&mut self, text: &str, span: Span) -> Result<T> {
        self.advance();
        if let Some((at, length)) = unknown_escape(text) {
            let start = span.start as usize + at;
            let escape = text[at..at + length].to_owned();
            let help = "a backslash is written `\\\\`, or stands for itself in `@\"…\"`".to_owned();
            return self.fail_with(ErrorKind::UnknownEscape(escape), Span::new(start, start + length), Some(help));
        }
        let line_end = text.find(['\n', '\r']).map_or(span.end, |length| span.start + length as u32);
        self.fail_with(ErrorKind::UnclosedString, Span { start: span.start, end: line_end }, None)
    }

    fn parse_dynamic(&mut self) -> Result<Literal> {
        self.advance();
        self.expect(TokenKind::OpenParen)?;
        let value = self.parse_json()?;
        self.expect(TokenKind::CloseParen)?;
        Ok(Literal::Dynamic(Box::new(value)))
    }

    /// JSON, with KQL's literals in it.
    fn parse_json(&mut self) -> Result<Dynamic> {
        self.level(|parser| {
            let value = parser.parse_json_value()?;
            parser.grow(1)?;
            Ok(value)
        })
    }

    fn parse_json_value(&mut self) -> Result<Dynamic> {
        match self.peek() {
            Some(TokenKind::OpenBracket) => {
                self.advance();
                let items =
                    if self.at(TokenKind::CloseBracket) { Vec::new() } else { self.parse_list(Self::parse_json)? };
                self.expect(TokenKind::CloseBracket)?;
                Ok(Dynamic::Array(items))
            }
            Some(TokenKind::OpenBrace) if self.placeholder_length(0) == 0 => {
                self.advance();
                let pairs =
                    if self.at(TokenKind::CloseBrace) { Vec::new() } else { self.parse_list(Self::parse_json_pair)? };
                self.expect(TokenKind::CloseBrace)?;
                Ok(Dynamic::Bag(pairs))
            }
            Some(TokenKind::Minus) if matches!(self.peek_at(1), Some(TokenKind::Long | TokenKind::Real)) => {
                let sign = self.advance();
                if let Some(Expr { kind: ExprKind::Literal(smallest), .. }) =
                    self.parse_smallest_long(UnaryOp::Minus, sign)
                {
                    return Ok(Dynamic::Scalar(smallest));
                }
                Ok(Dynamic::Scalar(match self.parse_simple_literal()? {
                    Literal::Long(value) => Literal::Long(value.map(|value| -value)),
                    Literal::Real(value) => Literal::Real(value.map(|value| -value)),
                    other => other,
                }))
            }
            Some(TokenKind::Name) if self.text_at(0) == "null" => {
                self.advance();
                Ok(Dynamic::Null)
            }
            // Strings are not joined here.
            Some(TokenKind::String { .. }) => match self.parse_literal()? {
                Some(Expr { kind: ExprKind::Literal(literal), .. }) => Ok(Dynamic::Scalar(literal)),
                _ => self.fail(),
            },
            Some(TokenKind::Typed { .. })
                if ["int(", "int32(", "long(", "int64(", "real(", "double("]
                    .iter()
                    .any(|number| self.text_at(0).starts_with(number)) =>
            {
                self.would_take("a JSON value");
                self.fail()
            }
            _ => match self.parse_literal()? {
                Some(Expr { kind: ExprKind::Literal(Literal::Dynamic(inner)), .. }) => Ok(*inner),
                Some(Expr { kind: ExprKind::Literal(literal), .. }) => Ok(Dynamic::Scalar(literal)),
                _ => {
                    self.would_take("a JSON value");
                    self.fail()
                }
            },
        }
    }

    fn parse_json_pair(&mut self) -> Result<(String, Dynamic)> {
        if !matches!(self.peek(), Some(TokenKind::String { .. })) {
            self.would_take("a string");
            return self.fail();
        }
        let key = self.parse_strings()?;
        self.expect(TokenKind::Colon)?;
        Ok((key, self.parse_json()?))
    }
}

/// A string token's value; `None` where an escape stands for half a character.
fn decode_string(token: &str) -> Option<String> {
    let body = token.strip_prefix(['h', 'H']).unwrap_or(token);
    if let Some(raw) = body.strip_prefix("```").or_else(|| body.strip_prefix("~~~")) {
        return Some(raw[..raw.len() - 3].to_owned());
    }
    if let Some(verbatim) = body.strip_prefix('@') {
        let quote = &verbatim[..1];
        let doubled = [quote, quote].concat();
        return Some(verbatim[1..verbatim.len() - 1].replace(&doubled, quote));
    }
    let content = &body[1..body.len() - 1];
    let mut value = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = decode_escape(rest).or_else(|| decode_surrogates(rest))?;
        value.push(character);
        rest = &rest[length..];
    }
    value.push_str(rest);
    Some(value)
}

/// Two escapes that together stand for one character beyond the first 65,536.
fn decode_surrogates(text: &str) -> Option<(char, usize)> {
    let unit = |escape: &str| u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok();
    let pair = [unit(text.get(..6)?)?, unit(text.get(6..12)?)?];
    let character = char::decode_utf16(pair).next()?.ok()?;
    Some((character, 12))
}

/// The first backslash in a string token that starts no escape, with what follows it.
fn unknown_escape(token: &str) -> Option<(usize, usize)> {
    let body = token.trim_start_matches(['h', 'H']);
    if !body.starts_with(['"', '\'']) {
        return None;
    }
    let mut at = token.len() - body.len();
    while let Some(next) = token[at..].find('\\') {
        at += next;
        match decode_escape(&token[at..]) {
            Some((_, length)) => at += length,
            None if token[at..].starts_with("\\u") && token.len() >= at + 6 => at += 2,
            None => {
                let length = token[at..].chars().take(2).map(char::len_utf8).sum();
                return Some((at, length));
            }
        }
    }
    None
}

fn long(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // Hexadecimal digits are the bits.
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => text.parse().ok(),
    }
}

fn real(text: &str) -> Option<f64> {
    match text {
        "nan" | "NaN" => Some(f64::NAN),
        "+inf" | "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        _ if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => {
            text.parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

fn guid(text: &str) -> Option<uuid::Uuid> {
    uuid::Uuid::from_str(text).ok()
}

/// `type(content)`; the error names the type.
fn typed(token: &str) -> std::result::Result<Literal, &'static str> {
    let (name, rest) = token.split_once('(').expect("the lexer ends these tokens with a parenthesis");
    let content = unquote(rest.strip_suffix(')').unwrap_or(rest).trim());
    let is_null = content == "null" || content.is_empty();
    let given = (!is_null).then_some(content);
    // What follows slices by byte.
    if !content.is_ascii() {
        return Err("a literal of its type");
    }
    // `None` from a decoder is an error, `None` from `given` the null of the type.
    fn value<T>(
        given: Option<&str>,
        what: &'static str,
        decode: impl FnOnce(&str) -> Option<T>,
    ) -> std::result::Result<Option<T>, &'static str> {
        given.map(|content| decode(content).ok_or(what)).transpose()
    }
    match name {
        "bool" => Ok(match value(given, "a bool", bool_content)? {
            Some(content) => Literal::Bool(content),
            None => Literal::NullBool,
        }),
        "int" | "int32" => Ok(Literal::Int(value(given, "an int", int_content)?)),
        "long" | "int64" => Ok(Literal::Long(value(given, "a long", long_content)?)),
        "real" | "double" => Ok(Literal::Real(value(given, "a real", real)?)),
        "decimal" => Ok(Literal::Decimal(value(given, "a decimal", decimal)?)),
        "guid" => Ok(Literal::Guid(value(given, "a guid", guid)?)),
        "datetime" | "date" => Ok(Literal::DateTime(value(given, "a datetime", datetime)?)),
        _ => Ok(Literal::TimeSpan(value(given, "a timespan", timespan)?)),
    }
}

/// Content may stand in quotes.
fn unquote(content: &str) -> &str {
    let inner = |quote: char| content.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(content)
}

fn bool_content(content: &str) -> Option<bool> {
    match content.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn long_content(content: &str) -> Option<i64> {
    match content.strip_prefix('-') {
        Some(digits) if digits.starts_with("0x") => long(digits).map(i64::wrapping_neg),
        _ => long(content),
    }
}

fn int_content(content: &str) -> Option<i32> {
    long_content(content).and_then(|value| i32::try_from(value).ok())
}

fn decimal(content: &str) -> Option<rust_decimal::Decimal> {
    let scientific = content.contains(['e', 'E']);
    if scientific {
        rust_decimal::Decimal::from_scientific(content).ok()
    } else {
        rust_decimal::Decimal::from_str(content).ok()
    }
}

/// A number with a unit of time: `1.5h`.
fn time_with_unit(text: &str) -> Option<i64> {
    let digits = text.find(|character: char| !(character.is_ascii_digit() || character == '.'))?;
    let (number, unit) = text.split_at(digits);
    let ticks = TIME_UNITS.iter().find(|known| known.0 == unit)?.1;
    match (ticks, number.split_once('.')) {
        // A nanosecond is a hundredth of a tick.
        (0, _) => scale(number, 1).map(|value| value / 100),
        (ticks, None) => number.parse::<i64>().ok()?.checked_mul(ticks),
        (ticks, Some(_)) => scale(number, ticks),
    }
}

/// A decimal number times `factor`, the fraction of the result cut off.
fn scale(number: &str, factor: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<i128>().ok()?;
    // More than eighteen digits behind the point are less than a tick for every unit.
    let fraction = &fraction[..fraction.len().min(18)];
    let numerator = if fraction.is_empty() { 0 } else { fraction.parse::<i128>().ok()? };
    let denominator = 10_i128.pow(fraction.len() as u32);
    let ticks = whole.checked_mul(i128::from(factor))? + numerator * i128::from(factor) / denominator;
    i64::try_from(ticks).ok()
}

/// `[-][days.]hours:minutes[:seconds[.fraction]]`, a number of days, or a number with a unit.
fn timespan(content: &str) -> Option<i64> {
    let (negative, magnitude) = match content.strip_prefix('-') {
        Some(magnitude) => (true, magnitude.trim_start()),
        None => (false, content),
    };
    let ticks = if let Some((first, rest)) = magnitude.split_once(':') {
        let (days, hours) = first.split_once('.').unwrap_or(("0", first));
        clock(days, hours, rest)?
    } else if magnitude.bytes().all(|byte| byte.is_ascii_digit()) {
        magnitude.parse::<i64>().ok()?.checked_mul(TICKS_PER_DAY)?
    } else if magnitude.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        scale(magnitude, TICKS_PER_DAY)?
    } else {
        let unit = magnitude.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
        let number = magnitude[..magnitude.len() - unit.len()].trim();
        time_with_unit(&[number, unit.trim()].concat())?
    };
    if negative { ticks.checked_neg() } else { Some(ticks) }
}

/// Days, hours and `minutes[:seconds[.fraction]]` in ticks.
fn clock(days: &str, hours: &str, rest: &str) -> Option<i64> {
    let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
    let number = |text: &str, below: i64| digits(text).filter(|value| *value < below);
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let seconds = (number(hours, 24)? * 60 + number(minutes, 60)?) * 60 + number(second, 60)?;
    let ticks = seconds * TICKS_PER_SECOND + fraction_ticks(fraction)?;
    digits(days)?.checked_mul(TICKS_PER_DAY)?.checked_add(ticks)
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The digits behind a second's point, in ticks; those behind the seventh are cut off.
fn fraction_ticks(fraction: &str) -> Option<i64> {
    if fraction.is_empty() {
        return Some(0);
    }
    digits(fraction)?;
    let kept: String = fraction.chars().chain("0000000".chars()).take(7).collect();
    kept.parse().ok()
}

/// A date and time of ISO 8601 and its looser forms, in ticks since 0001-01-01; UTC where no offset is given.
///
/// <https://learn.microsoft.com/kusto/query/scalar-data-types/datetime>
fn datetime(content: &str) -> Option<i64> {
    let text = unquote(content.trim());
    if text.starts_with('-') {
        return None;
    }
    // `2025, 6, 14` and `2017 - 08 - 01`: Microsoft's emulator reads them as dates.
    let spaced = |character: char| character.is_ascii_digit() || matches!(character, ' ' | '-' | ',');
    let compact = text.chars().all(spaced).then(|| text.replace(", ", "-").replace(" - ", "-"));
    let text = compact.as_deref().unwrap_or(text);
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start()),
        None => (text, ""),
    };
    let days = date_days(date)?;
    let (time, offset_minutes) = split_offset(time)?;
    let time = if time.is_empty() { "00:00" } else { time };
    let (hours, rest) = time.split_once(':').unwrap_or((time, "00"));
    let of_day = clock("0", hours, rest)?;
    let ticks = days.checked_mul(TICKS_PER_DAY)?.checked_add(of_day)?;
    let ticks = ticks.checked_sub(offset_minutes * 60 * TICKS_PER_SECOND)?;
    (0..=LAST_TICK).contains(&ticks).then_some(ticks)
}

/// The last tick of the year 9999.
const LAST_TICK: i64 = 3_652_059 * TICKS_PER_DAY - 1;

/// Days from 0001-01-01 to `yyyy[-MM[-dd]]` or `yyyy/MM/dd`, `MM/dd/yyyy`, `MM-dd-yyyy`.
fn date_days(date: &str) -> Option<i64> {
    let separator = if date.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = date.split(separator).collect();
    let (year, month, day) = match parts[..] {
        [month, day, year] if year.len() == 4 && month.len() <= 2 => (year, month, day),
        [year] if year.len() == 8 => (&year[..4], &year[4..6], &year[6..]),
        [year] => (year, "1", "1"),
        [year, month] => (year, month, "1"),
        [year, month, day] => (year, month, day),
        _ => return None,
    };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let number = |text: &str| digits(text).and_then(|value| i16::try_from(value).ok());
    let date =
        jiff::civil::Date::new(number(year)?, i8::try_from(number(month)?).ok()?, i8::try_from(number(day)?).ok()?)
            .ok()?;
    let first = jiff::civil::date(1, 1, 1);
    let days = first.until((jiff::Unit::Day, date)).ok()?.get_days();
    (days >= 0).then_some(i64::from(days))
}

/// A time without its `Z` or offset, and the offset in minutes.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time.trim_end(), 0));
    }
    let Some(at) = time.rfind(['+', '-']) else {
        return Some((time, 0));
    };
    let (time, offset) = time.split_at(at);
    let (hours, minutes) = match offset[1..].split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 5 => (&offset[1..3], &offset[3..]),
        None => (&offset[1..], "0"),
    };
    let minutes =
        digits(hours).filter(|hours| *hours <= 14)? * 60 + digits(minutes).filter(|minutes| *minutes < 60)?;
    Some((time.trim_end(), if offset.starts_with('-') { -minutes } else { minutes }))
}
