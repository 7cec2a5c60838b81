//! Distances, lengths, angles, areas and centres.

use s2::edgeutil::distance_from_segment;
use s2::point::{Point, true_centroid};

use super::shape::{Lines, Polygons, triangle_area};
use super::{RADIUS, geo_point, place};
use crate::eval::function::dynamic::NULL;
use crate::eval::function::real;
use crate::ir::{Type, Value};

fn number(number: Option<f64>) -> Value {
    number.map_or(Value::Null(Type::Real), Value::Real)
}

/// <https://learn.microsoft.com/kusto/query/geo-distance-2points-function>
pub fn distance_2points(a: &[&Value]) -> Value {
    let distance = || Some(place(a[0], a[1])?.distance(&place(a[2], a[3])?).rad() * RADIUS);
    number(distance())
}

/// The distance of a point from the nearest of some edges.
fn nearest(point: &Point, edges: impl Iterator<Item = (Point, Point)>) -> Option<f64> {
    edges.map(|(from, to)| distance_from_segment(point, &from, &to).rad() * RADIUS).min_by(f64::total_cmp)
}

/// <https://learn.microsoft.com/kusto/query/geo-distance-point-to-line-function>
pub fn distance_point_to_line(longitude: &Value, latitude: &Value, line: &Value) -> Value {
    let distance = || nearest(&Point::from(place(longitude, latitude)?), Lines::read(line)?.edges());
    number(distance())
}

/// Nothing inside: <https://learn.microsoft.com/kusto/query/geo-distance-point-to-polygon-function>
pub fn distance_point_to_polygon(longitude: &Value, latitude: &Value, polygon: &Value) -> Value {
    let distance = || {
        let (point, polygons) = (Point::from(place(longitude, latitude)?), Polygons::read(polygon)?);
        if polygons.contain(&point) { Some(0.0) } else { nearest(&point, polygons.edges()) }
    };
    number(distance())
}

/// The angle at the second of three points, in radians; null where two neighbours are one.
///
/// <https://learn.microsoft.com/kusto/query/geo-angle-function>
pub fn angle(a: &[&Value]) -> Value {
    let angle = || {
        let point = |at: usize| place(a[at], a[at + 1]).map(Point::from);
        let (first, second, third) = (point(0)?, point(2)?, point(4)?);
        let apart = first != second && second != third;
        apart.then(|| second.cross(&first).0.angle(&second.cross(&third).0).rad())
    };
    number(angle())
}

/// The direction at the first point, clockwise from north, in radians; null where the two are one.
///
/// <https://learn.microsoft.com/kusto/query/geo-azimuth-function>
pub fn azimuth(a: &[&Value]) -> Value {
    let azimuth = || {
        let (from, to) = (place(a[0], a[1])?, place(a[2], a[3])?);
        let (north, other) = (from.lat.rad(), to.lat.rad());
        let turn = to.lng.rad() - from.lng.rad();
        let east = turn.sin() * other.cos();
        let ahead = north.cos() * other.sin() - north.sin() * other.cos() * turn.cos();
        (from != to).then(|| east.atan2(ahead).rem_euclid(std::f64::consts::TAU))
    };
    number(azimuth())
}

fn length(edges: impl Iterator<Item = (Point, Point)>) -> f64 {
    edges.map(|(from, to)| from.distance(&to).rad()).sum::<f64>() * RADIUS
}

/// <https://learn.microsoft.com/kusto/query/geo-line-length-function>
pub fn line_length(line: &Value) -> Value {
    number(Lines::read(line).map(|lines| length(lines.edges())))
}

/// Around the union of polygons, its holes included.
///
/// <https://learn.microsoft.com/kusto/query/geo-polygon-perimeter-function>
pub fn polygon_perimeter(polygon: &Value) -> Value {
    number(Polygons::read(polygon).map(|polygons| length(polygons.boundary().into_iter())))
}

/// Of the union of polygons: <https://learn.microsoft.com/kusto/query/geo-polygon-area-function>
pub fn polygon_area(polygon: &Value) -> Value {
    let area = Polygons::read(polygon).map(|polygons| {
        // Triangles from one point to all edges: those beyond the area are clockwise and take off what they add.
        let boundary = polygons.boundary();
        let areas = boundary.iter().map(|(from, to)| triangle_area(&boundary[0].0, from, to));
        areas.sum::<f64>() * RADIUS * RADIUS
    });
    number(area)
}

/// The centre of mass of a line: <https://learn.microsoft.com/kusto/query/geo-line-centroid-function>
pub fn line_centroid(line: &Value) -> Value {
    let Some(lines) = Lines::read(line) else { return NULL };
    let of_edge = |(from, to): (Point, Point)| {
        let (difference, sum) = (from - to, from + to);
        sum * (difference.0.norm2() / sum.0.norm2()).sqrt()
    };
    lines.edges().map(of_edge).reduce(|all, edge| all + edge).map_or(NULL, |sum| geo_point(&sum.normalize()))
}

/// The centre of mass of the union of polygons: <https://learn.microsoft.com/kusto/query/geo-polygon-centroid-function>
pub fn polygon_centroid(polygon: &Value) -> Value {
    let Some(polygons) = Polygons::read(polygon) else { return NULL };
    let boundary = polygons.boundary();
    let of_triangle = |(from, to): &(Point, Point)| true_centroid(&boundary[0].0, from, to);
    boundary.iter().map(of_triangle).reduce(|all, one| all + one).map_or(NULL, |sum| geo_point(&sum.normalize()))
}

/// Whether a point is no farther from another than a radius.
///
/// <https://learn.microsoft.com/kusto/query/geo-point-in-circle-function>
pub fn point_in_circle(a: &[&Value]) -> Value {
    match (distance_2points(a), real(a[4])) {
        (Value::Real(distance), Some(radius)) if radius >= 0.0 => Value::Bool(distance <= radius),
        _ => Value::Null(Type::Bool),
    }
}
