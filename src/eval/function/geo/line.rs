//! Places on lines.

use s2::edgeutil::interpolate_at_distance;
use s2::point::Point;

use super::shape::{Lines, Polygons};
use super::{geo_point, place};
use crate::eval::function::dynamic::NULL;
use crate::eval::function::real;
use crate::ir::{Type, Value};

/// The place on an edge that is nearest to a point.
fn project(point: &Point, from: &Point, to: &Point) -> Point {
    let normal = from.cross(to);
    let foot = *point - normal * (point.0.dot(&normal.0) / normal.0.norm2());
    // On the edge if it lies between the two half planes through the ends.
    let between = normal.0.cross(&from.0).dot(&foot.0) > 0.0 && foot.0.cross(&to.0).dot(&normal.0) > 0.0;
    if between {
        return foot.normalize();
    }
    if (*point - *from).0.norm2() <= (*point - *to).0.norm2() { *from } else { *to }
}

/// The place on some edges that is nearest to a point, and the edge's number.
fn closest(point: &Point, edges: impl Iterator<Item = (Point, Point)>) -> Option<(usize, Point)> {
    let places = edges.enumerate().map(|(edge, (from, to))| (edge, project(point, &from, &to)));
    places.min_by(|(_, one), (_, other)| (*one - *point).0.norm2().total_cmp(&(*other - *point).0.norm2()))
}

/// <https://learn.microsoft.com/kusto/query/geo-closest-point-on-line-function>
pub fn closest_point_on_line(longitude: &Value, latitude: &Value, line: &Value) -> Value {
    let found = || closest(&Point::from(place(longitude, latitude)?), Lines::read(line)?.edges());
    found().map_or(NULL, |(_, place)| geo_point(&place))
}

/// A point inside is its own: <https://learn.microsoft.com/kusto/query/geo-closest-point-on-polygon-function>
pub fn closest_point_on_polygon(longitude: &Value, latitude: &Value, polygon: &Value) -> Value {
    let found = || {
        let (point, polygons) = (Point::from(place(longitude, latitude)?), Polygons::read(polygon)?);
        if polygons.contain(&point) { Some(point) } else { closest(&point, polygons.edges()).map(|(_, place)| place) }
    };
    found().map_or(NULL, |place| geo_point(&place))
}

/// A single line.
fn single(line: &Value) -> Option<Vec<Point>> {
    match Lines::read(line)?.0.as_mut_slice() {
        [only] => Some(std::mem::take(only)),
        _ => None,
    }
}

fn lengths(line: &[Point]) -> Vec<f64> {
    line.windows(2).map(|pair| pair[0].distance(&pair[1]).rad()).collect()
}

/// The point at a share of a line's length from its start.
///
/// <https://learn.microsoft.com/kusto/query/geo-line-interpolate-point-function>
pub fn interpolate_point(line: &Value, share: &Value) -> Value {
    let found = || {
        let (line, share) = (single(line)?, real(share).filter(|share| (0.0..=1.0).contains(share))?);
        let lengths = lengths(&line);
        let mut left = share * lengths.iter().sum::<f64>();
        for (pair, length) in line.windows(2).zip(&lengths) {
            if left < *length {
                let angle = s2::s1::Angle::from(s2::s1::angle::Rad(left));
                return Some(if left == 0.0 { pair[0] } else { interpolate_at_distance(&angle, &pair[0], &pair[1]) });
            }
            left -= length;
        }
        line.last().copied()
    };
    found().map_or(NULL, |place| geo_point(&place))
}

/// The share of a line's length up to the place that is nearest to a point.
///
/// <https://learn.microsoft.com/kusto/query/geo-line-locate-point-function>
pub fn locate_point(line: &Value, longitude: &Value, latitude: &Value) -> Value {
    let share = || {
        let (line, point) = (single(line)?, Point::from(place(longitude, latitude)?));
        let (edge, place) = closest(&point, line.windows(2).map(|pair| (pair[0], pair[1])))?;
        let lengths = lengths(&line);
        let before = lengths[..edge].iter().sum::<f64>() + line[edge].distance(&place).rad();
        Some((before / lengths.iter().sum::<f64>()).min(1.0))
    };
    share().map_or(Value::Null(Type::Real), Value::Real)
}
