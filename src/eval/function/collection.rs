//! Functions that take arrays and bags apart and put them together. Of anything else they answer null.

use indexmap::IndexMap;

use super::dynamic::{NULL, array, of_array};
use super::integer;
use crate::eval::convert;
use crate::eval::value::Key;
use crate::ir::{Dynamic, Type, Value};

/// To the left by a number of places, to the right by a negative one; a value, or null, takes the places left free.
///
/// <https://learn.microsoft.com/kusto/query/array-shift-left-function>
/// <https://learn.microsoft.com/kusto/query/array-shift-right-function>
pub fn array_shift_left(value: &Value, places: &Value, filler: Option<&Value>, sign: i64) -> Value {
    let (Some(elements), Some(places)) = (array(value), integer(places)) else { return NULL };
    let places = places.saturating_mul(sign);
    let filler = filler.map_or(Dynamic::Null, convert::to_dynamic);
    let shifted = (0i64..).take(elements.len()).map(|place| {
        let source = place.checked_add(places).and_then(|source| usize::try_from(source).ok());
        source.and_then(|source| elements.get(source)).unwrap_or(&filler).clone()
    });
    of_array(shifted.collect())
}

/// Cut before each of the indices, negative ones counted from the end.
///
/// <https://learn.microsoft.com/kusto/query/array-split-function>
pub fn array_split(value: &Value, indices: &Value) -> Value {
    let Some(elements) = array(value) else { return NULL };
    let all = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let index = |index: i64| (if index < 0 { all.saturating_add(index) } else { index }).clamp(0, all) as usize;
    let cuts: Option<Vec<usize>> = match array(indices) {
        Some(indices) => indices.iter().map(|cut| integer(&convert::from_dynamic(cut.clone())).map(index)).collect(),
        None => integer(indices).map(|cut| vec![index(cut)]),
    };
    let Some(cuts) = cuts else { return NULL };
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([elements.len()]);
    let part = |(start, end): (usize, usize)| {
        Dynamic::Array(elements.get(start..end).map(<[Dynamic]>::to_vec).unwrap_or_default())
    };
    of_array(starts.zip(ends).map(part).collect())
}

/// A bag of texts as keys and what stands at the same place as values: what is no text is no key, and a missing value is
/// null. <https://learn.microsoft.com/kusto/query/bag-zip>
pub fn bag_zip(keys: &Value, values: &Value) -> Value {
    let Some(keys) = array(keys) else { return NULL };
    let values = array(values).unwrap_or_default();
    let mut properties = IndexMap::new();
    for (place, key) in keys.iter().enumerate() {
        if let Dynamic::String(key) = key {
            properties.insert(key.clone(), values.get(place).cloned().unwrap_or(Dynamic::Null));
        }
    }
    Value::Dynamic(Dynamic::Bag(properties))
}

/// Sets a key by name, or by a path `$.a.b` whose bags are made where there are none. The key moves to the end.
///
/// <https://learn.microsoft.com/kusto/query/bag-set-key-function>
pub fn bag_set_key(bag: &Value, key: &Value, value: &Value) -> Value {
    fn set(properties: &mut IndexMap<String, Dynamic>, path: &[&str], value: Dynamic) {
        match path {
            [] => {}
            [last] => {
                properties.shift_remove(*last);
                properties.insert((*last).to_owned(), value);
            }
            [first, rest @ ..] => {
                let inner = properties.entry((*first).to_owned()).or_insert(Dynamic::Null);
                if !matches!(inner, Dynamic::Bag(_)) {
                    *inner = Dynamic::Bag(IndexMap::new());
                }
                if let Dynamic::Bag(inner) = inner {
                    set(inner, rest, value);
                }
            }
        }
    }
    /// Deeper than any document that is written by hand; recursion ends here.
    const MOST_STEPS: usize = 256;
    let Value::Dynamic(Dynamic::Bag(properties)) = bag else { return NULL };
    let mut properties = properties.clone();
    let key = convert::text(key);
    let path: Vec<&str> = match key.strip_prefix("$.") {
        Some(path) => path.split('.').collect(),
        None => vec![key.as_ref()],
    };
    if path.len() > MOST_STEPS {
        return NULL;
    }
    set(&mut properties, &path, convert::to_dynamic(value));
    Value::Dynamic(Dynamic::Bag(properties))
}

/// The columns of a row by name; the first argument says whether nulls and empty texts are left out.
///
/// <https://learn.microsoft.com/kusto/query/pack-all-function>
pub fn pack_all(arguments: &[&Value]) -> Value {
    let Some((ignore, columns)) = arguments.split_first() else { return NULL };
    let ignore = **ignore == Value::Bool(true);
    let properties =
        columns.as_chunks::<2>().0.iter().filter(|[_, value]| !ignore || !convert::text(value).is_empty());
    Value::Dynamic(Dynamic::Bag(
        properties.map(|[name, value]| (convert::text(name).into_owned(), convert::to_dynamic(value))).collect(),
    ))
}

/// Whether all arrays have the same elements, however often and in whatever order.
///
/// <https://learn.microsoft.com/kusto/query/set-equals-function>
pub fn set_equals(arrays: &[&Value]) -> Value {
    let sets: Option<Vec<std::collections::HashSet<Key>>> =
        arrays.iter().map(|value| Some(array(value)?.iter().map(Key::of_dynamic).collect())).collect();
    match sets {
        Some(sets) => Value::Bool(sets.windows(2).all(|pair| pair[0] == pair[1])),
        None => Value::Null(Type::Bool),
    }
}

/// The value that many times over: <https://learn.microsoft.com/kusto/query/repeat-function>
pub fn repeat(value: &Value, count: &Value) -> Value {
    /// As many as `range` makes at most; what is repeated is a scalar.
    const MOST_ELEMENTS: i64 = 1_048_576;
    let large = matches!(value, Value::Dynamic(Dynamic::Array(_) | Dynamic::Bag(_)))
        || value.as_str().is_some_and(|text| text.len() > 1024);
    match integer(count).filter(|_| !large) {
        Some(count) if count >= 0 => of_array(vec![convert::to_dynamic(value); count.min(MOST_ELEMENTS) as usize]),
        _ => NULL,
    }
}
