//! Lines through series, by least squares.

use indexmap::IndexMap;

use super::{NULL, numbers, of_numbers};
use crate::ir::{Dynamic, Value};

/// A line through values at places 0, 1, 2, ….
struct Line {
    rsquare: f64,
    slope: f64,
    variance: f64,
    rvariance: f64,
    interception: f64,
}

impl Line {
    /// The best line through values; spreads are those of a sample, as in the documentation's example.
    ///
    /// A series without spread is met by its line: the share that the line explains is 1.
    fn through(values: &[f64]) -> Line {
        let count = values.len() as f64;
        let (middle, mean) = ((count - 1.0) / 2.0, values.iter().sum::<f64>() / count);
        let mut products = 0.0;
        let mut squares = 0.0;
        for (place, value) in values.iter().enumerate() {
            let distance = place as f64 - middle;
            products += distance * (value - mean);
            squares += distance * distance;
        }
        let slope = if squares > 0.0 { products / squares } else { 0.0 };
        let interception = mean - slope * middle;
        let freedom = (count - 1.0).max(1.0);
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / freedom;
        let residual = |(place, value): (usize, &f64)| (value - interception - slope * place as f64).powi(2);
        let rvariance = values.iter().enumerate().map(residual).sum::<f64>() / freedom;
        let rsquare = if variance > 0.0 { 1.0 - rvariance / variance } else { 1.0 };
        Line { rsquare, slope, variance, rvariance, interception }
    }

    /// The value of the line at a place.
    fn at(&self, place: usize) -> f64 {
        self.interception + self.slope * place as f64
    }

    /// The sum of the squared distances from the line.
    fn left_over(&self, count: usize) -> f64 {
        self.rvariance * (count as f64 - 1.0)
    }

    fn bag(&self) -> IndexMap<String, Dynamic> {
        properties([
            ("rsquare", self.rsquare),
            ("slope", self.slope),
            ("variance", self.variance),
            ("rvariance", self.rvariance),
            ("interception", self.interception),
        ])
    }
}

fn properties<const N: usize>(numbers: [(&str, f64); N]) -> IndexMap<String, Dynamic> {
    numbers.into_iter().map(|(name, number)| (name.to_owned(), Dynamic::Real(number))).collect()
}

/// A bag, of which `series_fit_line` yields each property as a column.
///
/// <https://learn.microsoft.com/kusto/query/series-fit-line-dynamic-function>
/// <https://learn.microsoft.com/kusto/query/series-fit-line-function>
pub fn fit_line(series: &Value) -> Value {
    let Some(values) = numbers(series).filter(|values| !values.is_empty()) else { return NULL };
    let line = Line::through(&values);
    let mut bag = line.bag();
    bag.insert("line_fit".to_owned(), of_numbers((0..values.len()).map(|place| line.at(place))));
    Value::Dynamic(Dynamic::Bag(bag))
}

/// Two lines that meet nowhere: the series is cut where the two explain most of it.
///
/// Each part has at least two values. <https://learn.microsoft.com/kusto/query/series-fit-2lines-dynamic-function>
pub fn fit_2lines(series: &Value) -> Value {
    /// The cut is sought by trying each, in time that grows as the square of the length.
    const MOST_VALUES: usize = 16_384;
    let Some(values) = numbers(series).filter(|values| (4..=MOST_VALUES).contains(&values.len())) else {
        return NULL;
    };
    let count = values.len();
    let left_over = |cut: usize| {
        let (left, right) = values.split_at(cut);
        Line::through(left).left_over(left.len()) + Line::through(right).left_over(right.len())
    };
    let Some((cut, left_over)) =
        (2..=count - 2).map(|cut| (cut, left_over(cut))).min_by(|(_, one), (_, other)| one.total_cmp(other))
    else {
        return NULL;
    };
    let (left, right) = (Line::through(&values[..cut]), Line::through(&values[cut..]));
    let variance = Line::through(&values).variance;
    let rvariance = left_over / (count as f64 - 1.0);
    let rsquare = if variance > 0.0 { 1.0 - rvariance / variance } else { 1.0 };
    let mut bag = properties([("rsquare", rsquare)]);
    bag.insert("split_idx".to_owned(), Dynamic::Long(i64::try_from(cut).unwrap_or(i64::MAX)));
    bag.extend(properties([("variance", variance), ("rvariance", rvariance)]));
    let fitted = (0..count).map(|place| if place < cut { left.at(place) } else { right.at(place - cut) });
    bag.insert("line_fit".to_owned(), of_numbers(fitted));
    bag.insert("right".to_owned(), Dynamic::Bag(right.bag()));
    bag.insert("left".to_owned(), Dynamic::Bag(left.bag()));
    Value::Dynamic(Dynamic::Bag(bag))
}

/// As [`fit_2lines`], what is said of each line beside the rest, under names that begin with the side.
///
/// <https://learn.microsoft.com/kusto/query/series-fit-2lines-function>
pub fn fit_2lines_columns(series: &Value) -> Value {
    let Value::Dynamic(Dynamic::Bag(fitted)) = fit_2lines(series) else { return NULL };
    let mut columns = IndexMap::new();
    for (name, value) in fitted {
        match value {
            Dynamic::Bag(side) => {
                columns.extend(side.into_iter().map(|(part, value)| (format!("{name}_{part}"), value)))
            }
            value => {
                columns.insert(name, value);
            }
        }
    }
    Value::Dynamic(Dynamic::Bag(columns))
}
