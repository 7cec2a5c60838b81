//! Missing values of a series: filled with a constant, a neighbour, or the line between two.

use super::{NULL, array, number, of_array};
use crate::eval::convert;
use crate::eval::value::Key;
use crate::ir::{Dynamic, Value};

/// Which elements are missing: nulls, or those equal to a placeholder.
fn missing(elements: &[Dynamic], placeholder: Option<&Value>) -> Vec<bool> {
    let wanted = placeholder.map_or(Key::Null, Key::of);
    elements.iter().map(|element| Key::of_dynamic(element) == wanted).collect()
}

/// <https://learn.microsoft.com/kusto/query/series-fill-const-function>
pub fn fill_const(series: &Value, constant: &Value, placeholder: Option<&Value>) -> Value {
    let Some(elements) = array(series) else { return NULL };
    let constant = convert::to_dynamic(constant);
    let filled = elements
        .iter()
        .zip(missing(elements, placeholder))
        .map(|(element, missing)| if missing { constant.clone() } else { element.clone() });
    of_array(filled.collect())
}

/// With the last value before; what is missing at the start stays so.
///
/// <https://learn.microsoft.com/kusto/query/series-fill-forward-function>
pub fn fill_forward(series: &Value, placeholder: Option<&Value>) -> Value {
    let Some(elements) = array(series) else { return NULL };
    let mut last: Option<&Dynamic> = None;
    let filled = elements.iter().zip(missing(elements, placeholder)).map(|(element, missing)| {
        if !missing {
            last = Some(element);
        }
        last.unwrap_or(element).clone()
    });
    of_array(filled.collect())
}

/// With the next value; what is missing at the end stays so.
///
/// <https://learn.microsoft.com/kusto/query/series-fill-backward-function>
pub fn fill_backward(series: &Value, placeholder: Option<&Value>) -> Value {
    let Some(elements) = array(series) else { return NULL };
    let reversed = of_array(elements.iter().rev().cloned().collect());
    match fill_forward(&reversed, placeholder) {
        Value::Dynamic(Dynamic::Array(filled)) => of_array(filled.into_iter().rev().collect()),
        _ => NULL,
    }
}

/// With the line between the neighbours, without its fraction in a series of whole numbers. The ends take their one neighbour,
/// unless they are to stay; a series with nothing in it takes a constant.
///
/// <https://learn.microsoft.com/kusto/query/series-fill-linear-function>
pub fn fill_linear(
    series: &Value,
    placeholder: Option<&Value>,
    edges: Option<&Value>,
    constant: Option<&Value>,
) -> Value {
    let Some(elements) = array(series) else { return NULL };
    let missing = missing(elements, placeholder);
    let edges = edges.is_none_or(|edges| *edges == Value::Bool(true));
    if missing.iter().all(|missing| *missing) {
        let constant = constant.map_or(Dynamic::Real(0.0), convert::to_dynamic);
        return of_array(vec![constant; elements.len()]);
    }
    let whole = elements.iter().zip(&missing).all(|(one, missing)| *missing || matches!(one, Dynamic::Long(_)));
    let mut filled = elements.to_vec();
    let mut before: Option<usize> = None;
    let mut at = 0;
    while at < elements.len() {
        if !missing[at] {
            before = Some(at);
            at += 1;
            continue;
        }
        let after = (at..elements.len()).find(|place| !missing[*place]);
        let end = after.unwrap_or(elements.len());
        for place in at..end {
            filled[place] = match (before, after) {
                (Some(before), Some(after)) => between(elements, before, after, place, whole),
                (Some(only), None) | (None, Some(only)) if edges => elements[only].clone(),
                _ => elements[place].clone(),
            };
        }
        at = end;
    }
    of_array(filled)
}

/// The value at a place of the line between two elements.
fn between(elements: &[Dynamic], before: usize, after: usize, place: usize, whole: bool) -> Dynamic {
    let (Some(left), Some(right)) = (number(&elements[before]), number(&elements[after])) else {
        return Dynamic::Null;
    };
    let share = (place - before) as f64 / (after - before) as f64;
    let value = left + (right - left) * share;
    if whole { Dynamic::Long(value as i64) } else { Dynamic::Real(value) }
}
