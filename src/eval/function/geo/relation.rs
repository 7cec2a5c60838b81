//! Whether shapes meet, and where.

use s2::edge_crossings::{Crossing, crossing_sign};
use s2::point::Point;

use super::shape::{Lines, Polygons, crossing};
use super::{coordinates, geo_json, place};
use crate::eval::function::dynamic::NULL;
use crate::ir::{Dynamic, Type, Value};

fn truth(answer: Option<bool>) -> Value {
    answer.map_or(Value::Null(Type::Bool), Value::Bool)
}

/// <https://learn.microsoft.com/kusto/query/geo-point-in-polygon-function>
pub fn point_in_polygon(longitude: &Value, latitude: &Value, polygon: &Value) -> Value {
    let inside = || Some((Point::from(place(longitude, latitude)?), Polygons::read(polygon)?));
    truth(inside().map(|(point, polygons)| polygons.contain(&point)))
}

/// Whether some edges cross or share an end.
fn meet(left: &[(Point, Point)], right: &[(Point, Point)]) -> bool {
    left.iter().any(|(a, b)| right.iter().any(|(c, d)| crossing_sign(a, b, c, d) != Crossing::DoNotCross))
}

/// <https://learn.microsoft.com/kusto/query/geo-intersects-2lines-function>
pub fn intersects_2lines(left: &Value, right: &Value) -> Value {
    let lines = || Some((Lines::read(left)?, Lines::read(right)?));
    truth(lines().map(|(left, right)| meet(&left.edges().collect::<Vec<_>>(), &right.edges().collect::<Vec<_>>())))
}

/// <https://learn.microsoft.com/kusto/query/geo-intersects-line-with-polygon-function>
pub fn intersects_line_with_polygon(line: &Value, polygon: &Value) -> Value {
    let shapes = || Some((Lines::read(line)?, Polygons::read(polygon)?));
    truth(shapes().map(|(lines, polygons)| {
        let (edges, sides): (Vec<_>, Vec<_>) = (lines.edges().collect(), polygons.edges().collect());
        lines.0.iter().any(|line| polygons.contain(&line[0])) || meet(&edges, &sides)
    }))
}

/// <https://learn.microsoft.com/kusto/query/geo-intersects-2polygons-function>
pub fn intersects_2polygons(left: &Value, right: &Value) -> Value {
    let polygons = || Some((Polygons::read(left)?, Polygons::read(right)?));
    truth(polygons().map(|(left, right)| {
        let inside = |inner: &Polygons, outer: &Polygons| {
            inner.0.iter().any(|rings| rings.first().is_some_and(|outline| outer.contain(&outline.corners[0])))
        };
        let (sides, others): (Vec<_>, Vec<_>) = (left.edges().collect(), right.edges().collect());
        inside(&left, &right) || inside(&right, &left) || meet(&sides, &others)
    }))
}

/// Points and lines as the GeoJSON that holds them all: one alone is itself.
fn collected(points: &[Point], lines: &[Vec<Point>]) -> Value {
    let line = |line: &Vec<Point>| Dynamic::Array(line.iter().map(coordinates).collect());
    let points: Vec<Dynamic> = points.iter().map(coordinates).collect();
    let lines: Vec<Dynamic> = lines.iter().map(line).collect();
    let single = |ty: &str, mut all: Vec<Dynamic>| match all.len() {
        1 => geo_json(ty, all.remove(0)),
        _ => geo_json(&format!("Multi{ty}"), Dynamic::Array(all)),
    };
    Value::Dynamic(match (points.is_empty(), lines.is_empty()) {
        (false, true) => single("Point", points),
        (true, false) => single("LineString", lines),
        (points_missing, _) => {
            let parts =
                if points_missing { Vec::new() } else { vec![single("Point", points), single("LineString", lines)] };
            Dynamic::Bag(
                [
                    ("type".to_owned(), Dynamic::String("GeometryCollection".to_owned())),
                    ("geometries".to_owned(), Dynamic::Array(parts)),
                ]
                .into_iter()
                .collect(),
            )
        }
    })
}

/// Where edges of the first line cross the second, and those that both have, joined where they follow one another.
///
/// <https://learn.microsoft.com/kusto/query/geo-intersection-2lines-function>
pub fn intersection_2lines(left: &Value, right: &Value) -> Value {
    let (Some(left), Some(right)) = (Lines::read(left), Lines::read(right)) else { return NULL };
    let others: Vec<(Point, Point)> = right.edges().collect();
    let mut lines: Vec<Vec<Point>> = Vec::new();
    let mut points: Vec<Point> = Vec::new();
    for (from, to) in left.edges() {
        if others.iter().any(|other| *other == (from, to) || *other == (to, from)) {
            match lines.last_mut() {
                Some(line) if line.last() == Some(&from) => line.push(to),
                _ => lines.push(vec![from, to]),
            }
            continue;
        }
        for (start, end) in &others {
            match crossing_sign(&from, &to, start, end) {
                Crossing::Cross => points.extend(crossing((&from, &to), (start, end))),
                Crossing::MaybeCross => points.push(if from == *start || from == *end { from } else { to }),
                Crossing::DoNotCross => {}
            }
        }
    }
    points.retain(|point| !lines.iter().flatten().any(|known| known == point));
    collected(&apart(points), &lines)
}

/// The parts of a line that lie in a polygon, and the corners at which it only touches the polygon.
///
/// <https://learn.microsoft.com/kusto/query/geo-intersection-line-with-polygon-function>
pub fn intersection_line_with_polygon(line: &Value, polygon: &Value) -> Value {
    let (Some(lines), Some(polygons)) = (Lines::read(line), Polygons::read(polygon)) else { return NULL };
    let sides: Vec<(Point, Point)> = polygons.edges().collect();
    let mut inside: Vec<Vec<Point>> = Vec::new();
    let mut touched: Vec<Point> = Vec::new();
    for (from, to) in lines.edges() {
        touched.extend([from, to].iter().filter(|end| sides.iter().any(|(start, _)| start == *end)));
        let mut stops: Vec<Point> =
            sides.iter().filter_map(|(start, end)| crossing((&from, &to), (start, end))).collect();
        stops.sort_by(|one, other| (*one - from).0.norm2().total_cmp(&(*other - from).0.norm2()));
        let stops: Vec<Point> = std::iter::once(from).chain(stops).chain([to]).collect();
        for pair in stops.windows(2) {
            if polygons.contain(&(pair[0] + pair[1]).normalize()) {
                match inside.last_mut() {
                    Some(part) if part.last() == Some(&pair[0]) => part.push(pair[1]),
                    _ => inside.push(vec![pair[0], pair[1]]),
                }
            }
        }
    }
    touched.retain(|point| !inside.iter().flatten().any(|known| known == point));
    collected(&apart(touched), &inside)
}

/// Points, each once.
fn apart(points: Vec<Point>) -> Vec<Point> {
    let mut apart: Vec<Point> = Vec::new();
    for point in points {
        if !apart.contains(&point) {
            apart.push(point);
        }
    }
    apart
}
