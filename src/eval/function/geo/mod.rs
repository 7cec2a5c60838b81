//! Geography. Points lie on a sphere, and what joins two of them is the shortest way: the model of Google's S2.
//!
//! Coordinates are degrees, the longitude first; distances are metres. What is no place, line or polygon is null.

pub mod cell;
pub mod line;
pub mod measure;
pub mod relation;
mod shape;
pub mod wkt;

use s2::latlng::LatLng;
use s2::point::Point;

use super::real;
use crate::ir::{Dynamic, Value};

/// The radius of S2's earth: <https://github.com/google/s2geometry/blob/master/src/s2/s2earth.h>
const RADIUS: f64 = 6_371_010.0;

/// A place: its longitude within 180 degrees, its latitude within 90.
fn place(longitude: &Value, latitude: &Value) -> Option<LatLng> {
    let (longitude, latitude) = (real(longitude)?, real(latitude)?);
    let valid = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
    valid.then(|| LatLng::from_degrees(latitude, longitude))
}

/// Longitude and latitude of a point.
fn coordinates(point: &Point) -> Dynamic {
    let (longitude, latitude) = (point.longitude().rad().to_degrees(), point.latitude().rad().to_degrees());
    Dynamic::Array(vec![Dynamic::Real(longitude), Dynamic::Real(latitude)])
}

/// A GeoJSON object of this type.
fn geo_json(ty: &str, coordinates: Dynamic) -> Dynamic {
    Dynamic::Bag(
        [("type".to_owned(), Dynamic::String(ty.to_owned())), ("coordinates".to_owned(), coordinates)]
            .into_iter()
            .collect(),
    )
}

fn geo_point(point: &Point) -> Value {
    Value::Dynamic(geo_json("Point", coordinates(point)))
}

/// A polygon without holes as GeoJSON: its first corner comes again at the end.
fn geo_polygon(corners: impl IntoIterator<Item = Dynamic>) -> Value {
    let mut ring: Vec<Dynamic> = corners.into_iter().collect();
    ring.extend(ring.first().cloned());
    Value::Dynamic(geo_json("Polygon", Dynamic::Array(vec![Dynamic::Array(ring)])))
}
