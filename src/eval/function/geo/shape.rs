//! Lines and polygons, read from GeoJSON.

use s2::edge_crossings::{Crossing, angle_contains_vertex, crossing_sign, edge_or_vertex_crossing, get_intersection};
use s2::edgeutil::distance_from_segment;
use s2::latlng::LatLng;
use s2::point::Point;

use crate::ir::{Dynamic, Value};

/// Most corners that lines and polygons have together: pairs of their edges are compared one by one.
const MOST_POINTS: usize = 20_000;

/// A line, or several.
pub struct Lines(pub Vec<Vec<Point>>);

/// A polygon, or several; of each the outline first, then its holes.
pub struct Polygons(pub Vec<Vec<Ring>>);

/// A closed line around an area that is less than half of the sphere, with the area on its left.
pub struct Ring {
    /// The corners, each once.
    pub corners: Vec<Point>,
    /// Whether the area holds the point from which crossings are counted.
    origin_inside: bool,
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Dynamic> {
    match value {
        Value::Dynamic(Dynamic::Bag(properties)) => properties.get(name),
        _ => None,
    }
}

/// The type of a GeoJSON object, and its coordinates.
fn parts(value: &Value) -> Option<(&str, &[Dynamic])> {
    match (member(value, "type")?, member(value, "coordinates")?) {
        (Dynamic::String(ty), Dynamic::Array(coordinates)) => Some((ty, coordinates)),
        _ => None,
    }
}

fn elements(value: &Dynamic) -> Option<&[Dynamic]> {
    match value {
        Dynamic::Array(elements) => Some(elements),
        _ => None,
    }
}

/// A pair of coordinates; longitudes go round the earth.
fn point(pair: &Dynamic) -> Option<Point> {
    let number = |at: usize| match elements(pair)?.get(at)? {
        Dynamic::Long(number) => Some(*number as f64),
        Dynamic::Real(number) => Some(*number),
        _ => None,
    };
    let (longitude, latitude) = (number(0)?, number(1)?);
    let valid = (-360.0..=360.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
    valid.then(|| Point::from(LatLng::from_degrees(latitude, longitude).normalized()))
}

fn points(pairs: &Dynamic, most: &mut usize) -> Option<Vec<Point>> {
    let pairs = elements(pairs)?;
    *most = most.checked_sub(pairs.len())?;
    pairs.iter().map(point).collect()
}

impl Lines {
    /// A `LineString` or `MultiLineString`, each line of at least two points, neighbours apart.
    pub fn read(value: &Value) -> Option<Lines> {
        let mut most = MOST_POINTS;
        let mut line = |pairs: &Dynamic| {
            let points = points(pairs, &mut most)?;
            let apart = points.len() > 1 && points.windows(2).all(|pair| pair[0] != pair[1]);
            apart.then_some(points)
        };
        match parts(value)? {
            ("LineString", pairs) => Some(Lines(vec![line(&Dynamic::Array(pairs.to_vec()))?])),
            ("MultiLineString", lines) if !lines.is_empty() => {
                lines.iter().map(line).collect::<Option<_>>().map(Lines)
            }
            _ => None,
        }
    }

    /// Pairs of neighbours.
    pub fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        self.0.iter().flat_map(|line| line.windows(2).map(|pair| (pair[0], pair[1])))
    }
}

impl Ring {
    /// A closed line of at least three corners, all apart.
    fn read(pairs: &Dynamic, most: &mut usize) -> Option<Ring> {
        let mut corners = points(pairs, most)?;
        if corners.len() < 4 || corners.pop() != corners.first().copied() {
            return None;
        }
        let mut sorted: Vec<[u64; 3]> =
            corners.iter().map(|corner| [corner.0.x, corner.0.y, corner.0.z].map(f64::to_bits)).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        if signed_area(&corners) < 0.0 {
            corners.reverse();
        }
        let mut ring = Ring { corners, origin_inside: false };
        let [first, second, third] = ring.corners[..3] else { return None };
        ring.origin_inside = ring.contains(&second) != angle_contains_vertex(&first, &second, &third);
        Some(ring)
    }

    /// Pairs of neighbours, the last corner and the first too.
    pub fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        self.corners.iter().copied().zip(self.corners.iter().copied().cycle().skip(1))
    }

    /// Whether a point is inside: by how often the way to it crosses the ring.
    pub fn contains(&self, point: &Point) -> bool {
        let origin = Point::origin();
        let crossings = self.edges().filter(|(from, to)| edge_or_vertex_crossing(&origin, point, from, to)).count();
        self.origin_inside ^ (crossings % 2 == 1)
    }
}

/// The area to the left of a ring, negative when it is the one to the right.
fn signed_area(corners: &[Point]) -> f64 {
    let Some((first, rest)) = corners.split_first() else { return 0.0 };
    rest.windows(2).map(|pair| triangle_area(first, &pair[0], &pair[1])).sum()
}

/// The area of a triangle in units of the squared radius, negative when its corners are clockwise.
///
/// By Eriksson's formula, over differences: of a triangle of a few metres it keeps as many digits as of a large one.
pub fn triangle_area(first: &Point, second: &Point, third: &Point) -> f64 {
    let volume = first.0.dot(&(*second - *first).0.cross(&(*third - *first).0));
    let base = 1.0 + first.0.dot(&second.0) + second.0.dot(&third.0) + third.0.dot(&first.0);
    2.0 * volume.atan2(base)
}

impl Polygons {
    /// A `Polygon` or `MultiPolygon`.
    pub fn read(value: &Value) -> Option<Polygons> {
        let mut most = MOST_POINTS;
        let mut polygon = |rings: &[Dynamic]| -> Option<Vec<Ring>> {
            if rings.is_empty() {
                return None;
            }
            rings.iter().map(|ring| Ring::read(ring, &mut most)).collect()
        };
        match parts(value)? {
            ("Polygon", rings) => Some(Polygons(vec![polygon(rings)?])),
            ("MultiPolygon", polygons) if !polygons.is_empty() => {
                // The documentation has an example whose polygons are each in one more array; the emulator reads it.
                let rings = |rings| match elements(rings)? {
                    [only] if elements(only)?.first().and_then(elements)?.first().and_then(elements).is_some() => {
                        elements(only)
                    }
                    rings => Some(rings),
                };
                polygons.iter().map(|one| polygon(rings(one)?)).collect::<Option<_>>().map(Polygons)
            }
            _ => None,
        }
    }

    /// Pairs of neighbours in all rings.
    pub fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        self.0.iter().flatten().flat_map(Ring::edges)
    }

    /// Whether a point is in one of the outlines and in none of that one's holes.
    pub fn contain(&self, point: &Point) -> bool {
        self.0.iter().any(|rings| contains(rings, point))
    }

    /// The edges around the union, with the area on their left. What overlaps or touches is there once.
    pub fn boundary(&self) -> Vec<(Point, Point)> {
        let mut boundary = Vec::new();
        for (own, rings) in self.0.iter().enumerate() {
            for (ring, (from, to)) in
                rings.iter().enumerate().flat_map(|(ring, one)| one.edges().map(move |edge| (ring, edge)))
            {
                // The area is on the other side of a hole.
                let (from, to) = if ring == 0 { (from, to) } else { (to, from) };
                let stops = self.stops(own, &from, &to);
                boundary
                    .extend(stops.windows(2).map(|pair| (pair[0], pair[1])).filter(|edge| self.bounds(own, edge)));
            }
        }
        boundary
    }

    /// The ends of an edge, and between them where it meets other polygons.
    fn stops(&self, own: usize, from: &Point, to: &Point) -> Vec<Point> {
        let mut stops = vec![*from];
        let others = self.0.iter().enumerate().filter(|(other, _)| *other != own);
        for (start, end) in others.flat_map(|(_, rings)| rings).flat_map(Ring::edges) {
            stops.extend(crossing((from, to), (&start, &end)));
            stops.extend(Some(start).filter(|start| distance_from_segment(start, from, to).rad() < NEAR));
        }
        stops[1..].sort_by(|one, other| (*one - *from).0.norm2().total_cmp(&(*other - *from).0.norm2()));
        stops.push(*to);
        stops.dedup_by(|one, other| one.distance(other).rad() < NEAR);
        stops
    }

    /// Whether a piece of a polygon's edge is a piece of the union's: no other polygon is on its right, and none before
    /// has the same piece.
    fn bounds(&self, own: usize, (from, to): &(Point, Point)) -> bool {
        let (middle, left) = ((*from + *to).normalize(), from.cross(to).normalize());
        let (inner, outer) = ((middle + left * ASIDE).normalize(), (middle - left * ASIDE).normalize());
        self.0
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != own)
            .all(|(other, rings)| !contains(rings, &outer) && (other > own || !contains(rings, &inner)))
    }
}

/// Where two edges cross. Of two that lie almost on one line the place is not known well enough to be one of both.
pub fn crossing((from, to): (&Point, &Point), (start, end): (&Point, &Point)) -> Option<Point> {
    if crossing_sign(from, to, start, end) != Crossing::Cross {
        return None;
    }
    let place = get_intersection(from, to, start, end);
    let on = |from: &Point, to: &Point| distance_from_segment(&place, from, to).rad() < NEAR;
    (on(from, to) && on(start, end)).then_some(place)
}

/// Points at this distance, in radians, are one: some micrometres on earth.
const NEAR: f64 = 1e-12;

/// How far beside an edge one looks for other polygons: some millimetres.
const ASIDE: f64 = 1e-9;

/// Whether a point is inside an outline and in none of the holes.
fn contains(rings: &[Ring], point: &Point) -> bool {
    match rings.split_first() {
        Some((outline, holes)) => outline.contains(point) && !holes.iter().any(|hole| hole.contains(point)),
        None => false,
    }
}
