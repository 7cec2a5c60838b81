//! Well-known text, an older notation of what GeoJSON says.

use super::geo_json;
use crate::eval::convert;
use crate::eval::function::dynamic::NULL;
use crate::ir::{Dynamic, Value};

/// Types and how deep their coordinates are nested.
const TYPES: &[(&str, &str, usize)] = &[
    ("POINT", "Point", 0),
    ("LINESTRING", "LineString", 1),
    ("POLYGON", "Polygon", 2),
    ("MULTIPOINT", "MultiPoint", 1),
    ("MULTILINESTRING", "MultiLineString", 2),
    ("MULTIPOLYGON", "MultiPolygon", 3),
];

/// <https://learn.microsoft.com/kusto/query/geo-from-wkt-function>
pub fn geo_from_wkt(text: &Value) -> Value {
    let text = convert::text(text);
    let mut rest = Rest(text.trim());
    match rest.shape(0).filter(|_| rest.0.trim().is_empty()) {
        Some(shape) => Value::Dynamic(shape),
        None => NULL,
    }
}

/// What is left to read.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn accept(&mut self, sign: char) -> bool {
        match self.0.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// A type and its coordinates, or several of them.
    fn shape(&mut self, depth: usize) -> Option<Dynamic> {
        /// Deeper than any collection of collections that means something.
        const MOST_DEPTH: usize = 16;
        self.0 = self.0.trim_start();
        let end = self.0.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        self.0 = rest;
        if name.eq_ignore_ascii_case("GEOMETRYCOLLECTION") && depth < MOST_DEPTH {
            let geometries = self.list(|rest| rest.shape(depth + 1))?;
            return Some(Dynamic::Bag(
                [
                    ("type".to_owned(), Dynamic::String("GeometryCollection".to_owned())),
                    ("geometries".to_owned(), geometries),
                ]
                .into_iter()
                .collect(),
            ));
        }
        let (_, ty, nesting) = TYPES.iter().find(|(known, _, _)| name.eq_ignore_ascii_case(known))?;
        let coordinates = if *nesting == 0 {
            let coordinates = self.accept('(').then(|| self.pair()).flatten()?;
            self.accept(')').then_some(coordinates)?
        } else {
            self.nested(*nesting)?
        };
        Some(geo_json(ty, coordinates))
    }

    fn nested(&mut self, nesting: usize) -> Option<Dynamic> {
        self.list(|rest| if nesting > 1 { rest.nested(nesting - 1) } else { rest.point() })
    }

    /// A pair; `MULTIPOINT` may have parentheses around it.
    fn point(&mut self) -> Option<Dynamic> {
        if !self.accept('(') {
            return self.pair();
        }
        let pair = self.pair()?;
        self.accept(')').then_some(pair)
    }

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> Option<Dynamic>) -> Option<Dynamic> {
        self.accept('(').then_some(())?;
        let mut elements = vec![element(self)?];
        while self.accept(',') {
            elements.push(element(self)?);
        }
        self.accept(')').then_some(Dynamic::Array(elements))
    }

    fn pair(&mut self) -> Option<Dynamic> {
        Some(Dynamic::Array(vec![Dynamic::Real(self.number()?), Dynamic::Real(self.number()?)]))
    }

    fn number(&mut self) -> Option<f64> {
        self.0 = self.0.trim_start();
        let of_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '-' | '.' | 'e' | 'E');
        let end = self.0.find(|letter: char| !of_number(letter)).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits.parse().ok().filter(|number: &f64| number.is_finite())
    }
}
