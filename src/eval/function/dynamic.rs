//! Functions on arrays and bags. Of anything else they answer null.

use indexmap::IndexMap;
use std::cmp::Ordering;
use std::collections::HashSet;

use super::{integer, string};
use crate::eval::value::{Key, Number, compare, equal, sort_order, unwrap};
use crate::eval::{arithmetic, convert, time};
use crate::ir::{ArithmeticOp, Dynamic, Truth, Type, Value};

/// Most elements that `range` makes.
///
/// <https://learn.microsoft.com/kusto/query/range-function>
const MOST_ELEMENTS: usize = 1_048_576;

pub const NULL: Value = Value::Null(Type::Dynamic);

/// The elements of an array.
pub fn array(value: &Value) -> Option<&[Dynamic]> {
    match value {
        Value::Dynamic(Dynamic::Array(elements)) => Some(elements),
        _ => None,
    }
}

/// Elements as an array.
pub fn of_array(elements: Vec<Dynamic>) -> Value {
    Value::Dynamic(Dynamic::Array(elements))
}

/// <https://learn.microsoft.com/kusto/query/parse-json-function>
pub fn parse_json(source: &Value) -> Value {
    convert::convert(source, Type::Dynamic)
}

/// <https://learn.microsoft.com/kusto/query/array-length-function>
pub fn array_length(value: &Value) -> Value {
    array(value)
        .map_or(Value::Null(Type::Long), |elements| Value::Long(i64::try_from(elements.len()).unwrap_or(i64::MAX)))
}

/// <https://learn.microsoft.com/kusto/query/array-concat-function>
pub fn array_concat(arrays: &[&Value]) -> Value {
    let mut all = Vec::new();
    for value in arrays {
        match array(value) {
            Some(elements) => all.extend_from_slice(elements),
            None if value.is_null() => {}
            None => return NULL,
        }
    }
    of_array(all)
}

/// The place of the `occurrence`-th equal element among `length` elements from `start`, or -1.
///
/// <https://learn.microsoft.com/kusto/query/array-index-of-function>
pub fn array_index_of(arguments: &[&Value]) -> Value {
    let Some(elements) = array(arguments[0]) else { return Value::Null(Type::Long) };
    let argument = |at: usize, default: i64| arguments.get(at).map_or(Some(default), |value| integer(value));
    let (Some(start), Some(length), Some(occurrence)) = (argument(2, 0), argument(3, -1), argument(4, 1)) else {
        return Value::Null(Type::Long);
    };
    let all = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let start = if start < 0 { all.saturating_add(start).max(0) } else { start };
    let end = if length < 0 { all } else { start.saturating_add(length).min(all) };
    let wanted = Key::of(arguments[1]);
    let found = (start..end)
        .filter(|at| Key::of_dynamic(&elements[*at as usize]) == wanted)
        .nth(usize::try_from(occurrence - 1).unwrap_or(usize::MAX));
    Value::Long(found.unwrap_or(-1))
}

/// From `start` to `end`, both included, negative ones counted from the end.
///
/// <https://learn.microsoft.com/kusto/query/array-slice-function>
pub fn array_slice(value: &Value, start: &Value, end: &Value) -> Value {
    let (Some(elements), Some(start), Some(end)) = (array(value), integer(start), integer(end)) else {
        return NULL;
    };
    let all = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let place = |index: i64| if index < 0 { all.saturating_add(index) } else { index };
    let (start, end) = (place(start).max(0), place(end).min(all - 1));
    if start > end { of_array(Vec::new()) } else { of_array(elements[start as usize..=end as usize].to_vec()) }
}

/// <https://learn.microsoft.com/kusto/query/array-sum-function>
pub fn array_sum(value: &Value) -> Value {
    let Some(elements) = array(value) else { return Value::Null(Type::Real) };
    let numbers: Option<Vec<f64>> = elements
        .iter()
        .map(|element| Number::of(&convert::from_dynamic(element.clone())).map(Number::real))
        .collect();
    numbers.map_or(Value::Null(Type::Real), |numbers| Value::Real(numbers.iter().sum()))
}

/// <https://learn.microsoft.com/kusto/query/array-reverse-function>
pub fn array_reverse(value: &Value) -> Value {
    array(value).map_or(NULL, |elements| of_array(elements.iter().rev().cloned().collect()))
}

/// To the left by a number of places, to the right by a negative one.
///
/// <https://learn.microsoft.com/kusto/query/array-rotate-left-function>
pub fn array_rotate_left(value: &Value, places: &Value, sign: i64) -> Value {
    let (Some(elements), Some(places)) = (array(value), integer(places)) else { return NULL };
    let mut rotated = elements.to_vec();
    if let Ok(all) = i64::try_from(rotated.len())
        && all > 0
    {
        rotated.rotate_left(places.wrapping_mul(sign).rem_euclid(all) as usize);
    }
    of_array(rotated)
}

/// Sorts the first array, and the others along with it; of several arrays the answer is an array of arrays. Nulls
/// come last unless a last argument of `false` says otherwise. An array of another length becomes null.
///
/// <https://learn.microsoft.com/kusto/query/array-sort-asc-function>
/// <https://learn.microsoft.com/kusto/query/array-sort-desc-function>
pub fn array_sort(arguments: &[&Value], descending: bool) -> Value {
    let (arrays, nulls_last) = match arguments {
        [arrays @ .., Value::Bool(nulls_last)] => (arrays, *nulls_last),
        arrays => (arrays, true),
    };
    let Some(first) = arrays.first().and_then(|value| array(value)) else { return NULL };
    let mut keyed: Vec<(Value, usize)> =
        first.iter().enumerate().map(|(at, element)| (unwrap(&convert::from_dynamic(element.clone())), at)).collect();
    keyed.sort_by(|(left, _), (right, _)| match (left.is_null(), right.is_null()) {
        (false, false) if descending => sort_order(right, left),
        (false, false) => sort_order(left, right),
        (left, right) if nulls_last => left.cmp(&right),
        (left, right) => right.cmp(&left),
    });
    let sorted = |value: &Value| match array(value) {
        Some(elements) if elements.len() == keyed.len() => {
            Dynamic::Array(keyed.iter().map(|(_, at)| elements[*at].clone()).collect())
        }
        _ => Dynamic::Null,
    };
    match arrays {
        [only] => convert::from_dynamic(sorted(only)),
        several => of_array(several.iter().map(|value| sorted(value)).collect()),
    }
}

/// JSON with the properties of every bag in the order of their names.
///
/// <https://learn.microsoft.com/kusto/query/dynamic-to-json-function>
pub fn dynamic_to_json(value: &Value) -> Value {
    fn canonical(inner: &Dynamic) -> Dynamic {
        match inner {
            Dynamic::Array(elements) => Dynamic::Array(elements.iter().map(canonical).collect()),
            Dynamic::Bag(properties) => {
                let mut sorted: IndexMap<String, Dynamic> =
                    properties.iter().map(|(name, value)| (name.clone(), canonical(value))).collect();
                sorted.sort_keys();
                Dynamic::Bag(sorted)
            }
            scalar => scalar.clone(),
        }
    }
    match value {
        Value::Dynamic(inner @ (Dynamic::Array(_) | Dynamic::Bag(_))) => {
            string(convert::json_text(&canonical(inner)))
        }
        other => string(convert::text(other).into_owned()),
    }
}

/// <https://learn.microsoft.com/kusto/query/pack-array-function>
pub fn pack_array(values: &[&Value]) -> Value {
    of_array(values.iter().map(|value| convert::to_dynamic(value)).collect())
}

/// Keys and values in turn: <https://learn.microsoft.com/kusto/query/pack-function>
pub fn bag_pack(pairs: &[&Value]) -> Value {
    let mut properties = IndexMap::new();
    for pair in pairs.chunks_exact(2) {
        properties.insert(convert::text(pair[0]).into_owned(), convert::to_dynamic(pair[1]));
    }
    Value::Dynamic(Dynamic::Bag(properties))
}

/// <https://learn.microsoft.com/kusto/query/bag-keys-function>
pub fn bag_keys(value: &Value) -> Value {
    match value {
        Value::Dynamic(Dynamic::Bag(properties)) => {
            of_array(properties.keys().map(|name| Dynamic::String(name.clone())).collect())
        }
        _ => NULL,
    }
}

/// <https://learn.microsoft.com/kusto/query/bag-has-key-function>
pub fn bag_has_key(value: &Value, key: &Value) -> Value {
    match value {
        Value::Dynamic(Dynamic::Bag(properties)) => {
            let key = convert::text(key);
            let path: Vec<&str> = key.strip_prefix("$.").map_or_else(Vec::new, |path| path.split('.').collect());
            let Some((last, front)) = path.split_last() else {
                return Value::Bool(properties.contains_key(key.as_ref()));
            };
            let mut place = Some(properties);
            for step in front {
                place = match place.and_then(|bag| bag.get(*step)) {
                    Some(Dynamic::Bag(inner)) => Some(inner),
                    _ => None,
                };
            }
            Value::Bool(place.is_some_and(|bag| bag.contains_key(*last)))
        }
        _ => Value::Null(Type::Bool),
    }
}

/// Of a key that several bags have, the first bag's value.
///
/// <https://learn.microsoft.com/kusto/query/bag-merge-function>
pub fn bag_merge(bags: &[&Value]) -> Value {
    let mut merged = IndexMap::new();
    for bag in bags {
        match bag {
            Value::Dynamic(Dynamic::Bag(properties)) => {
                for (name, value) in properties {
                    merged.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            Value::Null(_) => {}
            _ => return NULL,
        }
    }
    Value::Dynamic(Dynamic::Bag(merged))
}

/// Keys by name, or by a path `$.a.b`: <https://learn.microsoft.com/kusto/query/bag-remove-keys-function>
pub fn bag_remove_keys(value: &Value, keys: &Value) -> Value {
    fn remove(properties: &mut IndexMap<String, Dynamic>, path: &[&str]) {
        match path {
            [] => {}
            [last] => {
                properties.shift_remove(*last);
            }
            [first, rest @ ..] => {
                if let Some(Dynamic::Bag(inner)) = properties.get_mut(*first) {
                    remove(inner, rest);
                }
            }
        }
    }
    let (Value::Dynamic(Dynamic::Bag(properties)), Some(keys)) = (value, array(keys)) else { return NULL };
    let mut properties = properties.clone();
    for key in keys {
        let key = convert::dynamic_string(key);
        match key.strip_prefix("$.") {
            Some(path) => remove(&mut properties, &path.split('.').collect::<Vec<_>>()),
            None => remove(&mut properties, &[key.as_ref()]),
        }
    }
    Value::Dynamic(Dynamic::Bag(properties))
}

/// <https://learn.microsoft.com/kusto/query/set-union-function>
pub fn set_union(arrays: &[&Value]) -> Value {
    let mut seen = HashSet::new();
    let mut union = Vec::new();
    for value in arrays {
        let Some(elements) = array(value) else { return NULL };
        union.extend(elements.iter().filter(|element| seen.insert(Key::of_dynamic(element))).cloned());
    }
    of_array(union)
}

/// <https://learn.microsoft.com/kusto/query/set-intersect-function>
pub fn set_intersect(arrays: &[&Value]) -> Value {
    keep(arrays, |element, others| others.iter().all(|other| other.contains(element)))
}

/// <https://learn.microsoft.com/kusto/query/set-difference-function>
pub fn set_difference(arrays: &[&Value]) -> Value {
    keep(arrays, |element, others| others.iter().all(|other| !other.contains(element)))
}

fn keep(arrays: &[&Value], wanted: impl Fn(&Key, &[HashSet<Key>]) -> bool) -> Value {
    let parts: Option<Vec<&[Dynamic]>> = arrays.iter().map(|value| array(value)).collect();
    let Some((first, others)) = parts.as_deref().and_then(<[_]>::split_first) else { return NULL };
    let others: Vec<HashSet<Key>> =
        others.iter().map(|elements| elements.iter().map(Key::of_dynamic).collect()).collect();
    let mut seen = HashSet::new();
    let kept = first.iter().filter(|element| {
        let key = Key::of_dynamic(element);
        wanted(&key, &others) && seen.insert(key)
    });
    of_array(kept.cloned().collect())
}

/// <https://learn.microsoft.com/kusto/query/set-has-element-function>
pub fn set_has_element(value: &Value, element: &Value) -> Value {
    array(value).map_or(Value::Null(Type::Bool), |elements| {
        let element = Key::of(element);
        Value::Bool(elements.iter().any(|member| Key::of_dynamic(member) == element))
    })
}

/// <https://learn.microsoft.com/kusto/query/jaccard-index-function>
pub fn jaccard_index(left: &Value, right: &Value) -> Value {
    let (Some(left), Some(right)) = (array(left), array(right)) else { return Value::Null(Type::Real) };
    let left: HashSet<Key> = left.iter().map(Key::of_dynamic).collect();
    let right: HashSet<Key> = right.iter().map(Key::of_dynamic).collect();
    Value::Real(left.intersection(&right).count() as f64 / left.union(&right).count() as f64)
}

/// Numbers, instants or durations from one to another, both included: <https://learn.microsoft.com/kusto/query/range-function>
pub fn range(from: &Value, to: &Value, step: Option<&Value>) -> Value {
    let step = match (step, from) {
        (Some(step), _) => unwrap(step),
        (None, Value::DateTime(_) | Value::TimeSpan(_)) => Value::TimeSpan(time::TICKS_PER_HOUR),
        (None, _) => Value::Long(1),
    };
    let (mut at, to) = (unwrap(from), unwrap(to));
    let zero = arithmetic::arithmetic(ArithmeticOp::Subtract, &step, &step);
    let past = match compare(&step, &zero) {
        Some(Ordering::Greater) => Ordering::Greater,
        Some(Ordering::Less) => Ordering::Less,
        _ => return NULL,
    };
    let mut elements = Vec::new();
    while elements.len() < MOST_ELEMENTS && compare(&at, &to).is_some_and(|order| order != past) {
        elements.push(convert::to_dynamic(&at));
        at = arithmetic::arithmetic(ArithmeticOp::Add, &at, &step);
    }
    of_array(elements)
}

/// Arrays of what stands at the same place, nulls where one is shorter.
///
/// <https://learn.microsoft.com/kusto/query/zip-function>
pub fn zip(arrays: &[&Value]) -> Value {
    let parts: Option<Vec<&[Dynamic]>> = arrays.iter().map(|value| array(value)).collect();
    let Some(parts) = parts else { return NULL };
    let longest = parts.iter().map(|part| part.len()).max().unwrap_or(0);
    let at = |place: usize| parts.iter().map(|part| part.get(place).cloned().unwrap_or(Dynamic::Null)).collect();
    of_array((0..longest).map(|place| Dynamic::Array(at(place))).collect())
}

/// Elements of one array or the other, by the truth of those of a third.
///
/// <https://learn.microsoft.com/kusto/query/array-iff-function>
pub fn array_iff(conditions: &Value, yes: &Value, no: &Value) -> Value {
    let Some(conditions) = array(conditions) else { return NULL };
    let element = |side: &Value, place: usize| match array(side) {
        Some(elements) => elements.get(place).cloned().unwrap_or(Dynamic::Null),
        None => convert::to_dynamic(side),
    };
    let chosen = conditions.iter().enumerate().map(|(place, condition)| match condition {
        Dynamic::Bool(true) => element(yes, place),
        Dynamic::Bool(false) => element(no, place),
        Dynamic::Long(number) => element(if *number == 0 { no } else { yes }, place),
        _ => Dynamic::Null,
    });
    of_array(chosen.collect())
}

/// What a JSONPath finds in JSON text, as text or as the type named by the third argument.
///
/// <https://learn.microsoft.com/kusto/query/extract-json-function>
pub fn extract_json(path: &Value, source: &Value, ty: Option<&Value>) -> Value {
    let ty = ty.and_then(Value::as_str).and_then(Type::from_name).unwrap_or(Type::String);
    let source = match source {
        Value::Dynamic(_) => source.clone(),
        other => convert::parse_json(&convert::text(other)),
    };
    let found = json_path(&convert::text(path)).and_then(|steps| {
        steps.iter().try_fold(source, |value, step| {
            let inner = crate::eval::expression::element(&value, step);
            (!inner.is_null()).then_some(inner)
        })
    });
    found.map_or_else(|| Value::missing(ty), |found| convert::convert(&found, ty))
}

/// `$.a.b[0]['c']` as steps.
fn json_path(path: &str) -> Option<Vec<Value>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            steps.push(string(name.get(..end).filter(|name| !name.is_empty())?));
            rest = &name[end..];
        } else {
            let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = inner.strip_prefix(['\'', '"']).and_then(|inner| inner.strip_suffix(['\'', '"']));
            steps.push(match quoted {
                Some(name) => string(name),
                None => Value::Long(inner.trim().parse().ok()?),
            });
            rest = after;
        }
    }
    Some(steps)
}

/// Parts of a URL; missing ones are empty. <https://learn.microsoft.com/kusto/query/parse-url-function>
pub fn parse_url(source: &Value) -> Value {
    let text = convert::text(source);
    let (scheme, rest) = text.split_once(':').unwrap_or(("", &text));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    // A colon inside brackets belongs to an IPv6 address.
    let (host, port) = match host.rfind(':').filter(|at| !host[*at..].contains(']')) {
        Some(at) => (&host[..at], &host[at + 1..]),
        None => (host, ""),
    };
    let text = |part: &str| Dynamic::String(part.to_owned());
    bag([
        ("Scheme", text(scheme)),
        ("Host", text(host)),
        ("Port", text(port)),
        ("Path", text(path)),
        ("Username", text(name)),
        ("Password", text(password)),
        ("Query Parameters", query_parameters(query)),
        ("Fragment", text(fragment)),
    ])
}

/// <https://learn.microsoft.com/kusto/query/parse-urlquery-function>
pub fn parse_urlquery(source: &Value) -> Value {
    bag([("Query Parameters", query_parameters(&convert::text(source)))])
}

fn query_parameters(query: &str) -> Dynamic {
    let decode = super::text::percent_decode;
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), Dynamic::String(decode(value)))
    });
    Dynamic::Bag(pairs.collect())
}

/// Parts of a file path of Windows or of other systems.
///
/// <https://learn.microsoft.com/kusto/query/parse-path-function>
pub fn parse_path(source: &Value) -> Value {
    let text = convert::text(source);
    let (scheme, rest) = text.split_once("://").unwrap_or(("", &text));
    // An alternate data stream follows a colon behind the drive's.
    let drive = rest.find(':').filter(|at| *at == 1).map_or(0, |at| at + 1);
    let (rest, stream) = match rest[drive..].find(':') {
        Some(at) => (&rest[..drive + at], &rest[drive + at + 1..]),
        None => (rest, ""),
    };
    let (directory, file) = match rest.rfind(['/', '\\']) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => ("", rest),
    };
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let parent = directory.rsplit(['/', '\\']).next().unwrap_or("");
    let root = rest.get(..drive).unwrap_or("");
    let text = |part: &str| Dynamic::String(part.to_owned());
    bag([
        ("Scheme", text(scheme)),
        ("RootPath", text(root)),
        ("DirectoryPath", text(directory)),
        ("DirectoryName", text(parent)),
        ("Filename", text(file)),
        ("Extension", text(extension)),
        ("AlternateDataStreamName", text(stream)),
    ])
}

fn bag<const N: usize>(properties: [(&str, Dynamic); N]) -> Value {
    Value::Dynamic(Dynamic::Bag(properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// Arguments as a shell of Windows would split them.
///
/// <https://learn.microsoft.com/kusto/query/parse-command-line-function>
pub fn parse_command_line(source: &Value) -> Value {
    let source = convert::text(source);
    if source.trim().is_empty() {
        return NULL;
    }
    let (mut arguments, mut argument, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let mut count = 1;
                while letters.peek() == Some(&'\\') {
                    letters.next();
                    count += 1;
                }
                begun = true;
                // Backslashes escape only before a quote: two stand for one, an odd one for the quote itself.
                if letters.peek() == Some(&'"') {
                    argument.push_str(&"\\".repeat(count / 2));
                    if count % 2 == 1 {
                        argument.push('"');
                        letters.next();
                    }
                } else {
                    argument.push_str(&"\\".repeat(count));
                }
            }
            '"' => {
                quoted = !quoted;
                begun = true;
            }
            ' ' | '\t' if !quoted => {
                if std::mem::replace(&mut begun, false) {
                    arguments.push(Dynamic::String(std::mem::take(&mut argument)));
                }
            }
            letter => {
                argument.push(letter);
                begun = true;
            }
        }
    }
    if begun {
        arguments.push(Dynamic::String(argument));
    }
    of_array(arguments)
}

/// The first value that is not null and, of texts, not empty.
///
/// <https://learn.microsoft.com/kusto/query/coalesce-function>
pub fn coalesce(values: &[&Value]) -> Value {
    let present = values.iter().find(|value| !value.is_null() && value.as_str() != Some(""));
    present.or(values.last()).map_or(NULL, |value| (*value).clone())
}

/// A condition that is null chooses as a false one.
///
/// <https://learn.microsoft.com/kusto/query/iff-function>
pub fn iff(condition: &Value, yes: &Value, no: &Value) -> Value {
    if is_true(condition) { yes.clone() } else { no.clone() }
}

/// <https://learn.microsoft.com/kusto/query/case-function>
pub fn case(arguments: &[&Value]) -> Value {
    let (pairs, rest) = arguments.as_chunks::<2>();
    let chosen = pairs.iter().find(|[condition, _]| is_true(condition)).map(|[_, value]| *value);
    chosen.or(rest.first().copied()).cloned().unwrap_or(Value::Null(Type::Unknown))
}

fn is_true(condition: &Value) -> bool {
    match unwrap(condition) {
        Value::Bool(truth) => truth,
        other => equal(&convert::convert(&other, Type::Bool), &Value::Bool(true)) == Truth::True,
    }
}

/// Names of types, of a `dynamic` those of what it holds.
///
/// <https://learn.microsoft.com/kusto/query/gettype-function>
pub fn gettype(value: &Value) -> Value {
    string(match value {
        Value::Null(Type::Dynamic) => "null",
        Value::Dynamic(inner) => match inner {
            Dynamic::Null => "null",
            Dynamic::Bool(_) => "bool",
            Dynamic::Long(_) => "long",
            Dynamic::Real(_) => "double",
            Dynamic::String(_) => "string",
            Dynamic::DateTime(_) => "datetime",
            Dynamic::TimeSpan(_) => "timespan",
            Dynamic::Guid(_) => "guid",
            Dynamic::Array(_) => "array",
            Dynamic::Bag(_) => "dictionary",
        },
        other => other.ty().name(),
    })
}
