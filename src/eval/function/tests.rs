//! Functions by name over JSON, with the documentation's and the emulator's answers.

use serde_json::{Value as Json, json};

use super::call;
use crate::eval::{convert, render};
use crate::ir::{Function, Type, Value};

#[track_caller]
fn check(name: &str, arguments: &[Json], expected: &Json) {
    let function = Function::from_name(name).expect("a known function");
    let values: Vec<Value> = arguments
        .iter()
        .map(|argument| match argument {
            Json::Array(_) | Json::Object(_) => convert::from_dynamic(convert::from_json(argument)),
            scalar => convert::event_value(Some(scalar), Type::Unknown),
        })
        .collect();
    let found = render::value(&call(function, &values.iter().collect::<Vec<_>>(), 0));
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() <= expected.abs() * 1e-9, "{name}: {found} is not {expected}");
        }
        _ => assert_eq!(found, *expected, "{name}"),
    }
}

#[test]
fn series_functions_answer_as_documented() {
    let gaps = json!([null, 111, null, 36, 41, null, null, 16, 61, 33, null, null]);
    let filled = json!([111, 111, 73, 36, 41, 32, 24, 16, 61, 33, 33, 33]);
    check("series_fill_linear", std::slice::from_ref(&gaps), &filled);
    let inner = json!([null, 111, 73, 36, 41, 32, 24, 16, 61, 33, null, null]);
    check("series_fill_linear", &[gaps, json!(null), json!(false)], &inner);
    check("series_fill_linear", &[json!([null, null]), json!(null), json!(true), json!(3.5)], &json!([3.5, 3.5]));
    check("series_fill_forward", &[json!([null, 1, null, 2])], &json!([null, 1, 1, 2]));
    check("series_dot_product", &[json!([1, 2, 4]), json!(1)], &json!(7.0));
    check("series_dot_product", &[json!([]), json!([1])], &json!(null));
    check("series_add", &[json!([1, 2]), json!([1, "x", 3])], &json!([2, null, null]));
    check("series_divide", &[json!([1, 2, 4]), json!([4, 2, 1])], &json!([0.25, 1.0, 4.0]));
    // A filter with negative coefficients cannot be normalised.
    check("series_fir", &[json!([1, 2]), json!([1, -1]), json!(true)], &json!(null));
    check("series_sum", &[json!([1, null])], &json!(null));
    let fit = json!({
        "rsquare": 1.0, "slope": 2.0, "variance": 4.0, "rvariance": 0.0, "interception": 1.0,
        "line_fit": [1.0, 3.0, 5.0]
    });
    check("series_fit_line_dynamic", &[json!([1, 3, 5])], &fit);
    let lines = json!({
        "rsquare": 1.0, "split_idx": 2, "variance": 4.0, "rvariance": 0.0, "line_fit": [1.0, 5.0, 1.0, 5.0],
    });
    let Json::Object(lines) = lines else { panic!("a bag") };
    let found =
        call(Function::SeriesFit2Lines, &[&convert::from_dynamic(convert::from_json(&json!([1, 5, 1, 5])))], 0);
    let Json::Object(found) = render::value(&found) else { panic!("a bag") };
    for name in ["split_idx", "rvariance", "line_fit", "rsquare"] {
        assert_eq!(found[name], lines[name], "{name}");
    }
    assert_eq!((&found["right_slope"], &found["left_interception"]), (&json!(4.0), &json!(1.0)));
}

#[test]
fn collections_are_taken_apart_and_put_together_as_documented() {
    check("array_split", &[json!([1, 2, 3, 4, 5]), json!(2)], &json!([[1, 2], [3, 4, 5]]));
    check("array_split", &[json!([1, 2, 3]), json!([2, 1])], &json!([[1, 2], [], [2, 3]]));
    check("array_split", &[json!([1, 2, 3]), json!(-1)], &json!([[1, 2], [3]]));
    check("array_shift_right", &[json!([1, 2, 3]), json!(-1), json!(0)], &json!([2, 3, 0]));
    check("array_shift_left", &[json!([1, 2]), json!(i64::MIN)], &json!([null, null]));
    check("bag_set_key", &[json!({"a": 1}), json!("b"), json!(2)], &json!({"a": 1, "b": 2}));
    check("bag_set_key", &[json!(7), json!("b"), json!(2)], &json!(null));
    check("set_equals", &[json!([1, 2, 2]), json!([2, 1])], &json!(true));
    check("pack_all", &[json!(true), json!("a"), json!(""), json!("b"), json!(2)], &json!({"b": 2}));
    check("repeat", &[json!(1), json!(3)], &json!([1, 1, 1]));
    check("repeat", &[json!(1), json!(-1)], &json!(null));
}

#[test]
fn encodings_are_undone_within_limits() {
    check(
        "zlib_decompress_from_base64_string",
        &[json!("eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=")],
        &json!("Test string 123"),
    );
    check("zlib_decompress_from_base64_string", &[json!("eJwLSS0u")], &json!(""));
    // A header alone, one that announces more than there is, one whose name does not end.
    for broken in ["H4sIAAAAAAAAAA==", "H4sIBAAAAAAAAP//", "H4sICAAAAAAAAGFh", ""] {
        check("gzip_decompress_from_base64_string", &[json!(broken)], &json!(""));
    }
    check("punycode_from_string", &[json!("académie-française")], &json!("acadmie-franaise-npb1a"));
    check("punycode_to_string", &[json!("\u{ff}\u{ff}")], &json!(""));
    check("base64_decode_toguid", &[json!("abcd1231")], &json!(null));
    check("base64_encode_fromarray", &[json!([75, 256])], &json!(""));
    check("indexof_regex", &[json!("abcabc"), json!("a.c"), json!(0), json!(5), json!(2)], &json!(-1));
}

#[test]
fn probabilities_agree_with_published_tables() {
    check("erf", &[json!(1)], &json!(0.842_700_792_949_714_9));
    check("gamma", &[json!(0.5)], &json!(1.772_453_850_905_516));
    // The chance of ten or more of 29, each with a chance of one in five.
    check("beta_cdf", &[json!(0.2), json!(10.0), json!(20.0)], &json!(0.049_263_517_304_21));
    check("beta_inv", &[json!(1.5), json!(10.0), json!(20.0)], &json!("NaN"));
    check("loggamma", &[json!(-1)], &json!(null));
    check("welch_test", &[json!(1), json!(0), json!(1), json!(1), json!(0), json!(1)], &json!("NaN"));
}

#[test]
fn addresses_make_up_networks() {
    check("ipv4_range_to_cidr_list", &[json!("0.0.0.0"), json!("255.255.255.255")], &json!(["0.0.0.0/0"]));
    check("ipv4_range_to_cidr_list", &[json!("1.1.1.2"), json!("1.1.1.1")], &json!([]));
    check("ipv6_is_in_any_range", &[json!("fe80::1"), json!(["::1", "fe80::/10"])], &json!(true));
    check("ipv6_is_in_range", &[json!("nowhere"), json!("::/0")], &json!(null));
}

#[test]
fn shapes_on_the_sphere_are_measured_as_by_the_emulator() {
    let park = json!([[
        [-73.9495, 40.7969],
        [-73.95807266235352, 40.80068603561921],
        [-73.98201942443848, 40.76825672305777],
        [-73.97317886352539, 40.76455136505513],
        [-73.9495, 40.7969]
    ]]);
    let one = json!({"type": "Polygon", "coordinates": park});
    let twice = json!({"type": "MultiPolygon", "coordinates": [park, park]});
    for shape in [one, twice] {
        check("geo_polygon_area", std::slice::from_ref(&shape), &json!(3_475_207.283_466_06));
        check("geo_polygon_perimeter", std::slice::from_ref(&shape), &json!(9_930.301_496_049_382));
    }
    let square = |west: i64, east: i64, south: f64, north: f64| {
        json!([[[west, south], [east, south], [east, north], [west, north], [west, south]]])
    };
    let area = |squares: &[&Json]| {
        let shape =
            convert::from_dynamic(convert::from_json(&json!({"type": "MultiPolygon", "coordinates": squares})));
        match call(Function::GeoPolygonArea, &[&shape], 0) {
            Value::Real(area) => area,
            other => panic!("{other:?}"),
        }
    };
    // Two squares beside one another, that share a part of a meridian, are as large together as each by itself.
    let (left, right) = (square(0, 1, 0.0, 1.0), square(1, 2, 0.5, 1.5));
    let (apart, together) = (area(&[&left]) + area(&[&right]), area(&[&left, &right]));
    assert!((apart / together - 1.0).abs() < 1e-9, "{apart} {together}");
    let open = json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]});
    check("geo_polygon_area", &[open], &json!(null));
    check("geo_line_length", &[json!({"type": "LineString", "coordinates": [[1, 1], [1, 1]]})], &json!(null));
    check("geo_distance_2points", &[json!(300), json!(1), json!(1), json!(1)], &json!(null));
}

#[test]
fn cells_of_grids_are_named_as_by_the_emulator() {
    check("geo_point_to_geohash", &[json!(-122.303404), json!(47.570482)], &json!("c23n8"));
    check("geo_point_to_geohash", &[json!(180), json!(90), json!(18)], &json!("zzzzzzzzzzzzzzzzzz"));
    check("geo_point_to_geohash", &[json!(1), json!(1), json!(0)], &json!(""));
    check("geo_geohash_to_central_point", &[json!("")], &json!(null));
    // No cell lies beyond the pole, and the one to the east is the first one again.
    check("geo_geohash_neighbors", &[json!("z")], &json!(["y", "w", "x", "8", "b"]));
    check("geo_point_to_s2cell", &[json!(10.1234), json!(53), json!(8)], &json!("47b1d"));
    check("geo_point_to_s2cell", &[json!(1), json!(1), json!(31)], &json!(""));
    check("geo_s2cell_neighbors", &[json!("é")], &json!(null));
    check("geo_h3cell_children", &[json!("862a1072fffffff"), json!(15)], &json!(null));
    check("geo_h3cell_parent", &[json!("862a1072fffffff"), json!(7)], &json!(""));
    check("geo_h3cell_rings", &[json!("862a1072fffffff"), json!(1_000_000)], &json!(null));
}

#[test]
fn well_known_text_is_read_whole_or_not_at_all() {
    let points = json!({"type": "MultiPoint", "coordinates": [[1.0, 2.0], [3.0, 4.0]]});
    check("geo_from_wkt", &[json!("MULTIPOINT ((1 2), (3 4))")], &points);
    check("geo_from_wkt", &[json!("multipoint(1 2, 3 4)")], &points);
    for broken in ["POINT (1)", "POINT (1 2", "POINT (1 2) x", "POLYGON (0 0, 1 1)", "", "POINT (1e999 2)"] {
        check("geo_from_wkt", &[json!(broken)], &json!(null));
    }
    let deep = "GEOMETRYCOLLECTION (".repeat(100_000);
    check("geo_from_wkt", &[json!(deep)], &json!(null));
}
