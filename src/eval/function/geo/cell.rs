//! Cells of three grids: geohash, H3, S2.

use h3o::{CellIndex, Resolution};
use s2::cell::Cell;
use s2::cellid::CellID;
use s2::point::Point;

use super::{coordinates, geo_json, geo_point, geo_polygon, place};
use crate::eval::convert;
use crate::eval::function::dynamic::{NULL, of_array};
use crate::eval::function::{integer, string};
use crate::ir::{Dynamic, Type, Value};

/// A level within bounds, or the default when none is given.
fn level(level: Option<&Value>, default: i64, most: i64) -> Option<u8> {
    let level = level.map_or(Some(default), integer)?;
    u8::try_from(level).ok().filter(|level| i64::from(*level) <= most)
}

/// A pair of coordinates in degrees.
fn pair(longitude: f64, latitude: f64) -> Dynamic {
    Dynamic::Array(vec![Dynamic::Real(longitude), Dynamic::Real(latitude)])
}

fn cells(names: impl IntoIterator<Item = String>) -> Dynamic {
    Dynamic::Array(names.into_iter().map(Dynamic::String).collect())
}

/// Letters of a geohash, each five bits of longitude and latitude in turn.
const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// Most letters of a geohash; that is more than other implementations have.
const MOST_LETTERS: i64 = 18;

/// A cell of the geohash grid: its place among as many columns and rows as its length makes.
struct Geohash {
    letters: usize,
    column: u64,
    row: u64,
}

impl Geohash {
    fn bits(letters: usize) -> (u32, u32) {
        let bits = 5 * letters as u32;
        (bits.div_ceil(2), bits / 2)
    }

    fn read(text: &str) -> Option<Geohash> {
        if text.is_empty() || text.len() > MOST_LETTERS as usize {
            return None;
        }
        let (mut column, mut row, mut bit) = (0, 0, 0);
        for letter in text.bytes() {
            let digit = LETTERS.iter().position(|known| *known == letter.to_ascii_lowercase())?;
            for place in (0..5).rev() {
                let part: &mut u64 = if bit % 2 == 0 { &mut column } else { &mut row };
                *part = *part << 1 | (digit as u64 >> place & 1);
                bit += 1;
            }
        }
        Some(Geohash { letters: text.len(), column, row })
    }

    fn text(&self) -> String {
        let (mut columns, mut rows) = Geohash::bits(self.letters);
        let digit = |letter: usize, columns: &mut u32, rows: &mut u32| {
            (0..5).fold(0usize, |digit, place| {
                let (part, left) = if (5 * letter + place).is_multiple_of(2) {
                    (self.column, &mut *columns)
                } else {
                    (self.row, &mut *rows)
                };
                *left -= 1;
                digit << 1 | (part >> *left & 1) as usize
            })
        };
        (0..self.letters).map(|letter| char::from(LETTERS[digit(letter, &mut columns, &mut rows)])).collect()
    }

    /// West, south, east, north.
    fn bounds(&self) -> [f64; 4] {
        let (columns, rows) = Geohash::bits(self.letters);
        let (width, height) = (360.0 / 2f64.powi(columns as i32), 180.0 / 2f64.powi(rows as i32));
        let (west, south) = (self.column as f64 * width - 180.0, self.row as f64 * height - 90.0);
        [west, south, west + width, south + height]
    }
}

/// <https://learn.microsoft.com/kusto/query/geo-point-to-geohash-function>
pub fn point_to_geohash(longitude: &Value, latitude: &Value, accuracy: Option<&Value>) -> Value {
    let hash = || {
        let (place, letters) =
            (place(longitude, latitude)?, level(accuracy, 5, MOST_LETTERS).filter(|level| *level > 0)?);
        let (columns, rows) = Geohash::bits(usize::from(letters));
        // The last column and row hold the far edge too.
        let part = |share: f64, bits: u32| ((share * 2f64.powi(bits as i32)) as u64).min((1 << bits) - 1);
        let column = part((place.lng.rad().to_degrees() + 180.0) / 360.0, columns);
        let row = part((place.lat.rad().to_degrees() + 90.0) / 180.0, rows);
        Some(Geohash { letters: usize::from(letters), column, row }.text())
    };
    string(hash().unwrap_or_default())
}

/// <https://learn.microsoft.com/kusto/query/geo-geohash-to-central-point-function>
pub fn geohash_to_central_point(hash: &Value) -> Value {
    let Some(hash) = Geohash::read(&convert::text(hash)) else { return NULL };
    let [west, south, east, north] = hash.bounds();
    Value::Dynamic(geo_json("Point", pair((west + east) / 2.0, (south + north) / 2.0)))
}

/// <https://learn.microsoft.com/kusto/query/geo-geohash-to-polygon-function>
pub fn geohash_to_polygon(hash: &Value) -> Value {
    let Some(hash) = Geohash::read(&convert::text(hash)) else { return NULL };
    let [west, south, east, north] = hash.bounds();
    geo_polygon([pair(west, south), pair(east, south), pair(east, north), pair(west, north)])
}

/// The cells around one, round the earth, and none beyond the poles.
///
/// <https://learn.microsoft.com/kusto/query/geo-geohash-neighbors-function>
pub fn geohash_neighbors(hash: &Value) -> Value {
    const AROUND: [(i64, i64); 8] = [(-1, 0), (-1, -1), (0, -1), (1, -1), (1, 1), (1, 0), (0, 1), (-1, 1)];
    let Some(hash) = Geohash::read(&convert::text(hash)) else { return NULL };
    let (columns, rows) = Geohash::bits(hash.letters);
    let neighbor = |(east, north): &(i64, i64)| {
        let column = hash.column.wrapping_add_signed(*east) & ((1 << columns) - 1);
        let row = hash.row.checked_add_signed(*north).filter(|row| row >> rows == 0)?;
        Some(Geohash { letters: hash.letters, column, row }.text())
    };
    Value::Dynamic(cells(AROUND.iter().filter_map(neighbor)))
}

fn h3(cell: &Value) -> Option<CellIndex> {
    convert::text(cell).parse().ok()
}

/// <https://learn.microsoft.com/kusto/query/geo-point-to-h3cell-function>
pub fn point_to_h3cell(longitude: &Value, latitude: &Value, resolution: Option<&Value>) -> Value {
    let cell = || {
        let (place, level) = (place(longitude, latitude)?, level(resolution, 6, 15)?);
        let place = h3o::LatLng::from_radians(place.lat.rad(), place.lng.rad()).ok()?;
        Some(place.to_cell(Resolution::try_from(level).ok()?).to_string())
    };
    string(cell().unwrap_or_default())
}

/// <https://learn.microsoft.com/kusto/query/geo-h3cell-level-function>
pub fn h3cell_level(cell: &Value) -> Value {
    h3(cell).map_or(Value::Null(Type::Int), |cell| Value::Int(i32::from(u8::from(cell.resolution()))))
}

/// The cell one level up, or at a level that is not below: <https://learn.microsoft.com/kusto/query/geo-h3cell-parent-function>
pub fn h3cell_parent(cell: &Value, resolution: Option<&Value>) -> Value {
    let parent = || {
        let cell = h3(cell)?;
        let above = i64::from(u8::from(cell.resolution())) - 1;
        cell.parent(Resolution::try_from(level(resolution, above, 15)?).ok()?)
    };
    string(parent().map_or_else(String::new, |cell| cell.to_string()))
}

/// The cells one level down, or at a level that is not above: <https://learn.microsoft.com/kusto/query/geo-h3cell-children-function>
pub fn h3cell_children(cell: &Value, resolution: Option<&Value>) -> Value {
    /// Seven times seven … soon are more than an answer holds.
    const MOST_CELLS: u64 = 1 << 20;
    let children = || {
        let cell = h3(cell)?;
        let below = i64::from(u8::from(cell.resolution())) + 1;
        let resolution = Resolution::try_from(level(resolution, below, 15)?).ok()?;
        let possible = resolution >= cell.resolution() && cell.children_count(resolution) <= MOST_CELLS;
        possible.then(|| cells(cell.children(resolution).map(|child| child.to_string())))
    };
    children().map_or(NULL, Value::Dynamic)
}

/// The cells at each distance up to one, around a cell.
fn rings(cell: CellIndex, distance: u32) -> Vec<Vec<CellIndex>> {
    let around: Vec<(CellIndex, u32)> = cell.grid_disk_distances(distance);
    (0..=distance)
        .map(|ring| around.iter().filter(|(_, distance)| *distance == ring).map(|(cell, _)| *cell).collect())
        .collect()
}

/// <https://learn.microsoft.com/kusto/query/geo-h3cell-neighbors-function>
pub fn h3cell_neighbors(cell: &Value) -> Value {
    match h3(cell).and_then(|cell| rings(cell, 1).pop()) {
        Some(ring) => Value::Dynamic(cells(ring.iter().map(CellIndex::to_string))),
        None => NULL,
    }
}

/// <https://learn.microsoft.com/kusto/query/geo-h3cell-rings-function>
pub fn h3cell_rings(cell: &Value, distance: &Value) -> Value {
    let distance = integer(distance).and_then(|distance| u32::try_from(distance).ok());
    match (h3(cell), distance.filter(|distance| *distance <= 142)) {
        (Some(cell), Some(distance)) => {
            of_array(rings(cell, distance).iter().map(|ring| cells(ring.iter().map(CellIndex::to_string))).collect())
        }
        _ => NULL,
    }
}

/// <https://learn.microsoft.com/kusto/query/geo-h3cell-to-central-point-function>
pub fn h3cell_to_central_point(cell: &Value) -> Value {
    let Some(cell) = h3(cell) else { return NULL };
    let center = h3o::LatLng::from(cell);
    Value::Dynamic(geo_json("Point", pair(center.lng(), center.lat())))
}

/// <https://learn.microsoft.com/kusto/query/geo-h3cell-to-polygon-function>
pub fn h3cell_to_polygon(cell: &Value) -> Value {
    let Some(cell) = h3(cell) else { return NULL };
    geo_polygon(cell.boundary().iter().map(|corner| pair(corner.lng(), corner.lat())))
}

fn s2(cell: &Value) -> Option<CellID> {
    let token = convert::text(cell);
    let plain = (1..=16).contains(&token.len()) && token.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| CellID::from_token(&token)).filter(CellID::is_valid)
}

/// <https://learn.microsoft.com/kusto/query/geo-point-to-s2cell-function>
pub fn point_to_s2cell(longitude: &Value, latitude: &Value, given: Option<&Value>) -> Value {
    match (place(longitude, latitude), level(given, 11, 30)) {
        (Some(place), Some(level)) => string(CellID::from(place).parent(u64::from(level)).to_token()),
        _ => string(""),
    }
}

/// <https://learn.microsoft.com/kusto/query/geo-s2cell-neighbors-function>
pub fn s2cell_neighbors(cell: &Value) -> Value {
    let Some(cell) = s2(cell) else { return NULL };
    let mut neighbors: Vec<CellID> = Vec::new();
    for neighbor in cell.all_neighbors(cell.level()) {
        // At a corner of the cube two of the eight are one.
        if !neighbors.contains(&neighbor) {
            neighbors.push(neighbor);
        }
    }
    Value::Dynamic(cells(neighbors.iter().map(CellID::to_token)))
}

/// <https://learn.microsoft.com/kusto/query/geo-s2cell-to-central-point-function>
pub fn s2cell_to_central_point(cell: &Value) -> Value {
    s2(cell).map_or(NULL, |cell| geo_point(&Point::from(cell)))
}

/// <https://learn.microsoft.com/kusto/query/geo-s2cell-to-polygon-function>
pub fn s2cell_to_polygon(cell: &Value) -> Value {
    s2(cell).map_or(NULL, |cell| geo_polygon(Cell::from(cell).vertices().iter().map(coordinates)))
}
