//! Functions on text. Positions and lengths count characters (code points), not bytes.

use std::borrow::Cow;

use super::{integer, string};
use crate::eval::{convert, pattern, value};
use crate::ir::{Dynamic, Type, Value};

/// <https://learn.microsoft.com/kusto/query/strlen-function>
pub fn strlen(text: &Value) -> Value {
    count(convert::text(text).chars().count())
}

/// <https://learn.microsoft.com/kusto/query/tolower-function>
pub fn tolower(text: &Value) -> Value {
    string(convert::text(text).chars().map(|letter| single(letter.to_lowercase(), letter)).collect::<String>())
}

/// <https://learn.microsoft.com/kusto/query/toupper-function>
pub fn toupper(text: &Value) -> Value {
    string(convert::text(text).chars().map(|letter| single(letter.to_uppercase(), letter)).collect::<String>())
}

/// Letters map one to one: `ß`, whose capitals are two, stays.
fn single(mut mapped: impl Iterator<Item = char>, letter: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}

/// Values of any type as text, one behind the other; a null adds nothing.
///
/// <https://learn.microsoft.com/kusto/query/strcat-function>
pub fn strcat(parts: &[&Value]) -> Value {
    string(parts.iter().map(|part| convert::text(part)).collect::<String>())
}

/// <https://learn.microsoft.com/kusto/query/strcat-delim-function>
pub fn strcat_delim(delimiter: &Value, parts: &[&Value]) -> Value {
    let parts: Vec<Cow<'_, str>> = parts.iter().map(|part| convert::text(part)).collect();
    string(parts.join(&convert::text(delimiter)))
}

/// The elements' text; what is no array is taken whole.
///
/// <https://learn.microsoft.com/kusto/query/strcat-array-function>
pub fn strcat_array(array: &Value, delimiter: &Value) -> Value {
    match array {
        Value::Dynamic(Dynamic::Array(elements)) => {
            let parts: Vec<Cow<'_, str>> = elements.iter().map(convert::dynamic_string).collect();
            string(parts.join(&convert::text(delimiter)))
        }
        other => string(convert::text(other).into_owned()),
    }
}

/// By code points: -1, 0 or 1.
///
/// <https://learn.microsoft.com/kusto/query/strcmp-function>
pub fn strcmp(left: &Value, right: &Value) -> Value {
    Value::Long(convert::text(left).cmp(&convert::text(right)) as i64)
}

/// <https://learn.microsoft.com/kusto/query/strrep-function>
pub fn strrep(text: &Value, times: &Value, delimiter: Option<&Value>) -> Value {
    // The product limits the result to a value's size; a rule repeats a few times.
    const MOST: i64 = 1024;
    let times = integer(times).unwrap_or(0).clamp(0, MOST) as usize;
    let delimiter = delimiter.map_or(Cow::Borrowed(""), convert::text);
    string(vec![convert::text(text); times].join(&delimiter))
}

/// <https://learn.microsoft.com/kusto/query/reverse-function>
pub fn reverse(text: &Value) -> Value {
    string(convert::text(text).chars().rev().collect::<String>())
}

/// From a place counted from zero; a negative one counts from the end and answers nothing when it lies before the
/// start. A negative length answers nothing either.
///
/// <https://learn.microsoft.com/kusto/query/substring-function>
pub fn substring(text: &Value, start: &Value, length: Option<&Value>) -> Value {
    let text = convert::text(text);
    let characters: Vec<char> = text.chars().collect();
    let all = i64::try_from(characters.len()).unwrap_or(i64::MAX);
    let Some(start) = integer(start) else { return string("") };
    let start = if start < 0 { all.saturating_add(start) } else { start };
    let length = match length {
        Some(length) => integer(length).unwrap_or(-1),
        None => all,
    };
    if start < 0 || start >= all || length <= 0 {
        return string("");
    }
    string(characters.into_iter().skip(start as usize).take(length as usize).collect::<String>())
}

/// The place of the `occurrence`-th appearance that begins within `length` characters from `start`, or -1.
///
/// It may end behind them: the documentation's own example says otherwise, Microsoft's emulator does not.
/// <https://learn.microsoft.com/kusto/query/indexof-function>
pub fn indexof(arguments: &[&Value]) -> Value {
    let text: Vec<char> = convert::text(arguments[0]).chars().collect();
    let lookup: Vec<char> = convert::text(arguments[1]).chars().collect();
    let argument = |at: usize, default: i64| arguments.get(at).map_or(Some(default), |value| integer(value));
    let (Some(start), Some(length), Some(occurrence)) = (argument(2, 0), argument(3, -1), argument(4, 1)) else {
        return Value::Null(Type::Long);
    };
    let all = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let mut from = if start < 0 { all.saturating_add(start).max(0) } else { start };
    let end = if length < 0 { all } else { from.saturating_add(length).min(all) };
    let mut left = occurrence;
    while left > 0 && from <= all {
        let Some(found) = position(&text[from as usize..], &lookup) else { break };
        from += found;
        left -= 1;
        if from >= end {
            break;
        }
        if left == 0 {
            return Value::Long(from);
        }
        from += i64::try_from(lookup.len().max(1)).unwrap_or(1);
    }
    Value::Long(-1)
}

/// As [`indexof`] with a regular expression; appearances do not overlap, and lie within the range as a whole. A start
/// before the text is null, as are a negative occurrence and a length below -1.
///
/// <https://learn.microsoft.com/kusto/query/indexof-regex-function>
pub fn indexof_regex(arguments: &[&Value]) -> Value {
    let (text, lookup) = (convert::text(arguments[0]), convert::text(arguments[1]));
    let argument = |at: usize, default: i64| arguments.get(at).map_or(Some(default), |value| integer(value));
    let (Some(start), Some(length), Some(occurrence)) = (argument(2, 0), argument(3, -1), argument(4, 1)) else {
        return Value::Null(Type::Long);
    };
    let (Ok(start), true) = (usize::try_from(start), length >= -1 && occurrence >= 0) else {
        return Value::Null(Type::Long);
    };
    let Some(regex) = pattern::compile(&lookup) else { return Value::Long(-1) };
    let byte = |place: usize| text.char_indices().nth(place).map_or(text.len(), |(byte, _)| byte);
    let end = usize::try_from(length).map_or(text.len(), |length| byte(start.saturating_add(length)));
    let from = byte(start);
    let wanted = usize::try_from(occurrence).ok().and_then(|occurrence| occurrence.checked_sub(1));
    let found = wanted.and_then(|wanted| regex.find_iter(&text[from..end.max(from)]).nth(wanted));
    match found {
        Some(found) => count(text[..from + found.start()].chars().count()),
        None => Value::Long(-1),
    }
}

fn position(text: &[char], lookup: &[char]) -> Option<i64> {
    let last = text.len().checked_sub(lookup.len())?;
    (0..=last).find(|at| text[*at..*at + lookup.len()] == *lookup).and_then(|at| i64::try_from(at).ok())
}

/// Plain appearances may overlap, those of a regular expression do not.
///
/// <https://learn.microsoft.com/kusto/query/countof-function>
pub fn countof(text: &Value, search: &Value, kind: Option<&Value>) -> Value {
    let (text, search) = (convert::text(text), convert::text(search));
    if search.is_empty() {
        return Value::Long(0);
    }
    if kind.is_some_and(|kind| convert::text(kind) == "regex") {
        return count(pattern::compile(&search).map_or(0, |regex| regex.find_iter(&text).count()));
    }
    count(text.char_indices().filter(|(at, _)| text[*at..].starts_with(search.as_ref())).count())
}

/// With an index, an array of that part alone.
///
/// <https://learn.microsoft.com/kusto/query/split-function>
pub fn split(text: &Value, delimiter: &Value, index: Option<&Value>) -> Value {
    let (text, delimiter) = (convert::text(text), convert::text(delimiter));
    let part = |part: &str| Dynamic::String(part.to_owned());
    let parts: Vec<Dynamic> =
        if delimiter.is_empty() { vec![part(&text)] } else { text.split(delimiter.as_ref()).map(part).collect() };
    Value::Dynamic(Dynamic::Array(match index {
        None => parts,
        Some(index) => {
            let place = integer(index).and_then(|index| usize::try_from(index).ok());
            place.and_then(|place| parts.into_iter().nth(place)).into_iter().collect()
        }
    }))
}

/// <https://learn.microsoft.com/kusto/query/replace-string-function>
pub fn replace_string(text: &Value, lookup: &Value, rewrite: &Value) -> Value {
    let (text, lookup) = (convert::text(text), convert::text(lookup));
    if lookup.is_empty() {
        return string(text.into_owned());
    }
    string(text.replace(lookup.as_ref(), &convert::text(rewrite)))
}

/// In one pass: at each place the first lookup that stands there is replaced. A rewrite that is no text leaves what
/// was found as it is.
///
/// <https://learn.microsoft.com/kusto/query/replace-strings-function>
pub fn replace_strings(text: &Value, lookups: &Value, rewrites: &Value) -> Value {
    let text = convert::text(text);
    let (Value::Dynamic(Dynamic::Array(lookups)), Value::Dynamic(Dynamic::Array(rewrites))) = (lookups, rewrites)
    else {
        return string(text.into_owned());
    };
    let pairs: Vec<(&str, Option<&str>)> = lookups
        .iter()
        .enumerate()
        .filter_map(|(at, lookup)| match (lookup, rewrites.get(at)) {
            (Dynamic::String(lookup), Some(Dynamic::String(rewrite))) => {
                Some((lookup.as_str(), Some(rewrite.as_str())))
            }
            (Dynamic::String(lookup), _) => Some((lookup.as_str(), None)),
            _ => None,
        })
        .filter(|(lookup, _)| !lookup.is_empty())
        .collect();
    let mut replaced = String::new();
    let mut rest = text.as_ref();
    while let Some(letter) = rest.chars().next() {
        let (written, length) = match pairs.iter().find(|(lookup, _)| rest.starts_with(lookup)) {
            Some((lookup, rewrite)) => (rewrite.unwrap_or(lookup), lookup.len()),
            None => (&rest[..letter.len_utf8()], letter.len_utf8()),
        };
        replaced.push_str(written);
        rest = &rest[length..];
    }
    string(replaced)
}

/// `\1` in the rewrite stands for what the first group captured, `\0` for the whole appearance.
///
/// <https://learn.microsoft.com/kusto/query/replace-regex-function>
pub fn replace_regex(text: &Value, lookup: &Value, rewrite: &Value) -> Value {
    let text = convert::text(text);
    let Some(regex) = pattern::compile(&convert::text(lookup)) else { return string(text.into_owned()) };
    let rewrite = rewrite_template(&convert::text(rewrite));
    string(regex.replace_all(&text, rewrite.as_str()).into_owned())
}

/// KQL's rewrite pattern as one of the `regex` crate.
fn rewrite_template(rewrite: &str) -> String {
    let mut template = String::new();
    let mut letters = rewrite.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                template.push_str(&format!("${{{digit}}}"));
                letters.next();
            }
            ('\\', Some('\\')) => {
                template.push('\\');
                letters.next();
            }
            ('$', _) => template.push_str("$$"),
            (letter, _) => template.push(letter),
        }
    }
    template
}

/// What a group captured at the first appearance, as text or as the type named by the fourth argument.
///
/// No appearance is empty text, or the null of the type. <https://learn.microsoft.com/kusto/query/extract-function>
pub fn extract(regex: &Value, group: &Value, text: &Value, ty: Option<&Value>) -> Value {
    let ty = ty.and_then(Value::as_str).and_then(Type::from_name).unwrap_or(Type::String);
    let text = convert::text(text);
    let captured = || {
        let group = usize::try_from(integer(group)?).ok()?;
        let regex = pattern::compile(&convert::text(regex))?;
        regex.captures(&text)?.get(group).map(|found| found.as_str().to_owned())
    };
    captured().map_or_else(|| Value::missing(ty), |found| convert::convert(&string(found), ty))
}

/// All appearances: of one group an array of texts, of several an array of arrays; null when there is none.
///
/// <https://learn.microsoft.com/kusto/query/extract-all-function>
pub fn extract_all(regex: &Value, groups: Option<&Value>, text: &Value) -> Value {
    let Some(regex) = pattern::compile(&convert::text(regex)) else { return Value::Null(Type::Dynamic) };
    let wanted: Vec<Group> = match groups {
        Some(Value::Dynamic(Dynamic::Array(groups))) => groups.iter().filter_map(Group::of).collect(),
        _ if regex.captures_len() == 1 => vec![Group::Number(0)],
        _ => (1..regex.captures_len()).map(Group::Number).collect(),
    };
    let text = convert::text(text);
    let appearances: Vec<Dynamic> = regex
        .captures_iter(&text)
        .map(|captures| {
            let part = |group: &Group| {
                let found = match group {
                    Group::Number(number) => captures.get(*number),
                    Group::Name(name) => captures.name(name),
                };
                Dynamic::String(found.map_or("", |found| found.as_str()).to_owned())
            };
            match wanted.as_slice() {
                [only] => part(only),
                several => Dynamic::Array(several.iter().map(part).collect()),
            }
        })
        .collect();
    if appearances.is_empty() { Value::Null(Type::Dynamic) } else { Value::Dynamic(Dynamic::Array(appearances)) }
}

enum Group {
    Number(usize),
    Name(String),
}

impl Group {
    fn of(group: &Dynamic) -> Option<Group> {
        match group {
            Dynamic::Long(number) => usize::try_from(*number).ok().map(Group::Number),
            Dynamic::String(name) => Some(Group::Name(name.clone())),
            _ => None,
        }
    }
}

/// Removes what the expression finds at the ends: one appearance each, in one go.
///
/// <https://learn.microsoft.com/kusto/query/trim-function>
pub fn trim(regex: &Value, text: &Value) -> Value {
    let regex = convert::text(regex);
    remove(&format!("^(?:{regex})|(?:{regex})$"), text)
}

/// <https://learn.microsoft.com/kusto/query/trim-start-function>
pub fn trim_start(regex: &Value, text: &Value) -> Value {
    remove(&format!("^(?:{})", convert::text(regex)), text)
}

/// <https://learn.microsoft.com/kusto/query/trim-end-function>
pub fn trim_end(regex: &Value, text: &Value) -> Value {
    remove(&format!("(?:{})$", convert::text(regex)), text)
}

fn remove(pattern: &str, text: &Value) -> Value {
    let text = convert::text(text);
    let trimmed = pattern::compile(pattern).map(|regex| regex.replace_all(&text, "").into_owned());
    string(trimmed.unwrap_or_else(|| text.into_owned()))
}

/// <https://learn.microsoft.com/kusto/query/regex-quote-function>
pub fn regex_quote(text: &Value) -> Value {
    string(regex::escape(&convert::text(text)))
}

/// <https://learn.microsoft.com/kusto/query/translate-function>
pub fn translate(from: &Value, to: &Value, text: &Value) -> Value {
    let from: Vec<char> = convert::text(from).chars().collect();
    let to: Vec<char> = convert::text(to).chars().collect();
    let map = |letter: char| match from.iter().position(|known| *known == letter) {
        // A shorter second list repeats its last character; an empty one removes.
        Some(at) => to.get(at).or_else(|| to.last()).copied(),
        None => Some(letter),
    };
    string(convert::text(text).chars().filter_map(map).collect::<String>())
}

/// Reserved characters are kept: <https://learn.microsoft.com/kusto/query/url-encode-function>
pub fn url_encode(text: &Value) -> Value {
    // As .NET's `UrlEncode`: a blank becomes `+`, hexadecimal digits are lower case.
    percent_encode(text, b"-_.!*()", Some('+'))
}

/// <https://learn.microsoft.com/kusto/query/url-encode-component-function>
pub fn url_encode_component(text: &Value) -> Value {
    percent_encode(text, b"-_.~", None)
}

fn percent_encode(text: &Value, kept: &[u8], blank: Option<char>) -> Value {
    let mut encoded = String::new();
    for byte in convert::text(text).bytes() {
        match (byte, blank) {
            (b' ', Some(blank)) => encoded.push(blank),
            (byte, _) if byte.is_ascii_alphanumeric() || kept.contains(&byte) => encoded.push(char::from(byte)),
            (byte, _) => encoded.push_str(&format!("%{byte:02x}")),
        }
    }
    string(encoded)
}

/// <https://learn.microsoft.com/kusto/query/url-decode-function>
pub fn url_decode(text: &Value) -> Value {
    string(percent_decode(&convert::text(text).replace('+', " ")))
}

/// `%41` as the bytes they stand for; anything else, and what is not UTF-8, stays or is replaced.
pub fn percent_decode(text: &str) -> String {
    let source = text.as_bytes();
    let mut bytes = Vec::with_capacity(source.len());
    let mut at = 0;
    while at < source.len() {
        let escaped = source.get(at + 1..at + 3).filter(|_| source[at] == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
        });
        bytes.push(escaped.unwrap_or(source[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// <https://learn.microsoft.com/kusto/query/base64-encode-tostring-function>
pub fn base64_encode(text: &Value) -> Value {
    string(base64_text(convert::text(text).as_bytes()))
}

/// Bytes as base64.
pub fn base64_text(bytes: &[u8]) -> String {
    let mut encoded = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            encoded.push(if place <= group.len() { char::from(BASE64[digit as usize]) } else { '=' });
        }
    }
    encoded
}

/// Empty when it is not base64 or not UTF-8.
///
/// <https://learn.microsoft.com/kusto/query/base64-decode-tostring-function>
pub fn base64_decode(text: &Value) -> Value {
    let decoded = base64_bytes(&convert::text(text)).and_then(|bytes| String::from_utf8(bytes).ok());
    string(decoded.unwrap_or_default())
}

/// <https://learn.microsoft.com/kusto/query/base64-decode-toarray-function>
pub fn base64_decode_array(text: &Value) -> Value {
    match base64_bytes(&convert::text(text)) {
        Some(bytes) => {
            Value::Dynamic(Dynamic::Array(bytes.into_iter().map(|byte| Dynamic::Long(i64::from(byte))).collect()))
        }
        None => Value::Null(Type::Dynamic),
    }
}

/// The bytes of base64; none where it is not such text.
pub fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().trim_end_matches('=');
    if !text.trim().len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::new();
    for group in digits.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            bits = bits << 6 | u32::try_from(BASE64.iter().position(|known| known == digit)?).ok()?;
        }
        bits <<= 6 * (4 - group.len());
        bytes.extend(bits.to_be_bytes()[1..].iter().take(group.len().checked_sub(1)?));
    }
    Some(bytes)
}

/// Fields of one line of comma-separated values, quoted where they hold commas, quotes or line ends.
///
/// <https://learn.microsoft.com/kusto/query/parse-csv-function>
pub fn parse_csv(text: &Value) -> Value {
    let text = convert::text(text);
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                field.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(Dynamic::String(std::mem::take(&mut field))),
            '\n' if !quoted => break,
            '\r' if !quoted && letters.peek() == Some(&'\n') => {}
            letter => field.push(letter),
        }
    }
    fields.push(Dynamic::String(field));
    Value::Dynamic(Dynamic::Array(fields))
}

/// Up to four numbers between dots as one number that orders versions.
///
/// <https://learn.microsoft.com/kusto/query/parse-version-function>
pub fn parse_version(text: &Value) -> Value {
    let text = convert::text(text);
    let parts: Option<Vec<u64>> = text.split('.').map(|part| part.trim().parse().ok()).collect();
    let Some(parts) = parts.filter(|parts| parts.len() <= 4 && parts.iter().all(|part| *part < 100_000_000)) else {
        return Value::Null(Type::Decimal);
    };
    let digits: String = (0..4).map(|at| format!("{:08}", parts.get(at).copied().unwrap_or(0))).collect();
    digits.parse().map_or(Value::Null(Type::Decimal), |number: rust_decimal::Decimal| Value::Decimal(number))
}

/// Whether all characters are ASCII: <https://learn.microsoft.com/kusto/query/isascii-function>
pub fn isascii(text: &Value) -> Value {
    Value::Bool(convert::text(text).is_ascii())
}

/// All text is UTF-8 here: <https://learn.microsoft.com/kusto/query/isutf8-function>
pub fn isutf8(_text: &Value) -> Value {
    Value::Bool(true)
}

/// Bytes in UTF-8: <https://learn.microsoft.com/kusto/query/string-size-function>
pub fn string_size(text: &Value) -> Value {
    count(convert::text(text).len())
}

/// <https://learn.microsoft.com/kusto/query/unicode-codepoints-to-string-function>
pub fn codepoints_to_string(arguments: &[&Value]) -> Value {
    fn add(text: &mut String, value: &Value) {
        match value {
            Value::Dynamic(Dynamic::Array(elements)) => {
                for element in elements {
                    add(text, &convert::from_dynamic(element.clone()));
                }
            }
            other => {
                let code = integer(&value::unwrap(other)).and_then(|code| u32::try_from(code).ok());
                text.extend(code.and_then(char::from_u32));
            }
        }
    }
    let mut text = String::new();
    for argument in arguments {
        add(&mut text, argument);
    }
    string(text)
}

fn count(count: usize) -> Value {
    Value::Long(i64::try_from(count).unwrap_or(i64::MAX))
}
