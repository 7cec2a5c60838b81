//! The registry of scalar functions that have a meaning here, one line each.
//!
//! A function that is not listed is carried as [`super::ExprKind::Opaque`]. Functions that are tests (`isempty`,
//! `ipv4_is_private`, …), that are constants of the run (`now`, `ago`) or that name columns (`column_ifexists`)
//! are not here: lowering gives them their own nodes.

use super::Type;

/// How the type of an answer follows from those of the arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResultType {
    /// Always this type.
    Is(Type),
    /// The type of the argument at this index.
    Like(usize),
    /// As [`ResultType::Like`], an `int` widened to `long` as in all arithmetic.
    Widened(usize),
    /// The common type of the arguments from this index on (every second one from there for `case`).
    Common(usize),
}

macro_rules! functions {
    ($($variant:ident $name:literal $(| $synonym:literal)* ($least:literal ..= $most:literal) -> $result:expr;)*) => {
        /// A scalar function, by KQL name. Each one's page is
        /// <https://learn.microsoft.com/kusto/query/scalar-functions>.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs, reason = "each variant's meaning is the page of its name, and its function in `eval`")]
        pub enum Function { $($variant,)* }

        impl Function {
            /// Every function, by name.
            pub const ALL: &[Function] = &[$(Function::$variant,)*];

            /// KQL's name.
            pub fn name(self) -> &'static str {
                match self { $(Function::$variant => $name,)* }
            }

            /// The function of this name or synonym.
            pub fn from_name(name: &str) -> Option<Function> {
                match name { $($name $(| $synonym)* => Some(Function::$variant),)* _ => None }
            }

            /// Fewest and most arguments.
            pub fn arity(self) -> (usize, usize) {
                match self { $(Function::$variant => ($least, $most),)* }
            }

            /// The type of its answer.
            pub fn result(self) -> ResultType {
                use ResultType::{Common, Is, Widened};
                use Type::*;
                match self { $(Function::$variant => $result,)* }
            }
        }
    };
}

functions! {
    Abs "abs" (1..=1) -> Widened(0);
    Acos "acos" (1..=1) -> Is(Real);
    ArrayConcat "array_concat" (1..=1023) -> Is(Dynamic);
    ArrayIff "array_iff" | "array_iif" (3..=3) -> Is(Dynamic);
    ArrayIndexOf "array_index_of" (2..=5) -> Is(Long);
    ArrayLength "array_length" | "arraylength" (1..=1) -> Is(Long);
    ArrayReverse "array_reverse" (1..=1) -> Is(Dynamic);
    ArrayRotateLeft "array_rotate_left" (2..=2) -> Is(Dynamic);
    ArrayRotateRight "array_rotate_right" (2..=2) -> Is(Dynamic);
    ArrayShiftLeft "array_shift_left" (2..=3) -> Is(Dynamic);
    ArrayShiftRight "array_shift_right" (2..=3) -> Is(Dynamic);
    ArraySlice "array_slice" (3..=3) -> Is(Dynamic);
    ArraySortAsc "array_sort_asc" (1..=1023) -> Is(Dynamic);
    ArraySortDesc "array_sort_desc" (1..=1023) -> Is(Dynamic);
    ArraySplit "array_split" (2..=2) -> Is(Dynamic);
    ArraySum "array_sum" (1..=1) -> Is(Real);
    Asin "asin" (1..=1) -> Is(Real);
    Atan "atan" (1..=1) -> Is(Real);
    Atan2 "atan2" (2..=2) -> Is(Real);
    BagHasKey "bag_has_key" (2..=2) -> Is(Bool);
    BagKeys "bag_keys" (1..=1) -> Is(Dynamic);
    BagMerge "bag_merge" (2..=1023) -> Is(Dynamic);
    BagPack "bag_pack" | "pack" | "pack_dictionary" (2..=128) -> Is(Dynamic);
    BagRemoveKeys "bag_remove_keys" (2..=2) -> Is(Dynamic);
    BagSetKey "bag_set_key" (3..=3) -> Is(Dynamic);
    BagZip "bag_zip" (2..=2) -> Is(Dynamic);
    Base64DecodeToArray "base64_decode_toarray" (1..=1) -> Is(Dynamic);
    Base64DecodeToGuid "base64_decode_toguid" (1..=1) -> Is(Guid);
    Base64DecodeToString "base64_decode_tostring" | "base64_decodestring" (1..=1) -> Is(String);
    Base64EncodeFromArray "base64_encode_fromarray" (1..=1) -> Is(String);
    Base64EncodeFromGuid "base64_encode_fromguid" (1..=1) -> Is(String);
    Base64EncodeToString "base64_encode_tostring" | "base64_encodestring" (1..=1) -> Is(String);
    BetaCdf "beta_cdf" (3..=3) -> Is(Real);
    BetaInv "beta_inv" (3..=3) -> Is(Real);
    BetaPdf "beta_pdf" (3..=3) -> Is(Real);
    Bin "bin" | "floor" (2..=2) -> Widened(0);
    BinaryAnd "binary_and" (2..=2) -> Is(Long);
    BinaryNot "binary_not" (1..=1) -> Is(Long);
    BinaryOr "binary_or" (2..=2) -> Is(Long);
    BinaryShiftLeft "binary_shift_left" (2..=2) -> Is(Long);
    BinaryShiftRight "binary_shift_right" (2..=2) -> Is(Long);
    BinaryXor "binary_xor" (2..=2) -> Is(Long);
    BinAt "bin_at" (3..=3) -> Widened(0);
    BitsetCountOnes "bitset_count_ones" (1..=1) -> Is(Long);
    Case "case" (3..=1023) -> Common(1);
    Ceiling "ceiling" (1..=1) -> Is(Real);
    Coalesce "coalesce" (1..=1023) -> Common(0);
    Cos "cos" (1..=1) -> Is(Real);
    Cot "cot" (1..=1) -> Is(Real);
    CountOf "countof" (2..=3) -> Is(Long);
    DateTimeAdd "datetime_add" (3..=3) -> Is(DateTime);
    DateTimeDiff "datetime_diff" (3..=3) -> Is(Long);
    DateTimeListTimezones "datetime_list_timezones" (0..=0) -> Is(Dynamic);
    DateTimeLocalToUtc "datetime_local_to_utc" (2..=2) -> Is(DateTime);
    DateTimePart "datetime_part" | "datepart" (2..=2) -> Is(Long);
    DateTimeUtcToLocal "datetime_utc_to_local" (2..=2) -> Is(DateTime);
    DayOfMonth "dayofmonth" (1..=1) -> Is(Long);
    DayOfWeek "dayofweek" (1..=1) -> Is(TimeSpan);
    DayOfYear "dayofyear" (1..=1) -> Is(Long);
    DCountHll "dcount_hll" (1..=1) -> Is(Long);
    Degrees "degrees" (1..=1) -> Is(Real);
    DynamicToJson "dynamic_to_json" (1..=1) -> Is(String);
    EndOfDay "endofday" (1..=2) -> Is(DateTime);
    EndOfMonth "endofmonth" (1..=2) -> Is(DateTime);
    EndOfWeek "endofweek" (1..=2) -> Is(DateTime);
    EndOfYear "endofyear" (1..=2) -> Is(DateTime);
    Erf "erf" (1..=1) -> Is(Real);
    Erfc "erfc" (1..=1) -> Is(Real);
    Exp "exp" (1..=1) -> Is(Real);
    Exp10 "exp10" (1..=1) -> Is(Real);
    Exp2 "exp2" (1..=1) -> Is(Real);
    Extract "extract" (3..=4) -> Is(String);
    ExtractAll "extract_all" | "extractall" (2..=3) -> Is(Dynamic);
    ExtractJson "extract_json" | "extractjson" (2..=3) -> Is(String);
    FormatDateTime "format_datetime" (2..=2) -> Is(String);
    FormatIpv4 "format_ipv4" (1..=2) -> Is(String);
    FormatIpv4Mask "format_ipv4_mask" (1..=2) -> Is(String);
    FormatTimeSpan "format_timespan" (2..=2) -> Is(String);
    Gamma "gamma" (1..=1) -> Is(Real);
    GeoAngle "geo_angle" (6..=6) -> Is(Real);
    GeoAzimuth "geo_azimuth" (4..=4) -> Is(Real);
    GeoClosestPointOnLine "geo_closest_point_on_line" (3..=3) -> Is(Dynamic);
    GeoClosestPointOnPolygon "geo_closest_point_on_polygon" (3..=3) -> Is(Dynamic);
    GeoDistance2Points "geo_distance_2points" (4..=4) -> Is(Real);
    GeoDistancePointToLine "geo_distance_point_to_line" (3..=3) -> Is(Real);
    GeoDistancePointToPolygon "geo_distance_point_to_polygon" (3..=3) -> Is(Real);
    GeoFromWkt "geo_from_wkt" (1..=1) -> Is(Dynamic);
    GeoGeohashNeighbors "geo_geohash_neighbors" (1..=1) -> Is(Dynamic);
    GeoGeohashToCentralPoint "geo_geohash_to_central_point" (1..=1) -> Is(Dynamic);
    GeoGeohashToPolygon "geo_geohash_to_polygon" (1..=1) -> Is(Dynamic);
    GeoH3CellChildren "geo_h3cell_children" (1..=2) -> Is(Dynamic);
    GeoH3CellLevel "geo_h3cell_level" (1..=1) -> Is(Int);
    GeoH3CellNeighbors "geo_h3cell_neighbors" (1..=1) -> Is(Dynamic);
    GeoH3CellParent "geo_h3cell_parent" (1..=2) -> Is(String);
    GeoH3CellRings "geo_h3cell_rings" (2..=2) -> Is(Dynamic);
    GeoH3CellToCentralPoint "geo_h3cell_to_central_point" (1..=1) -> Is(Dynamic);
    GeoH3CellToPolygon "geo_h3cell_to_polygon" (1..=1) -> Is(Dynamic);
    GeoIntersection2Lines "geo_intersection_2lines" (2..=2) -> Is(Dynamic);
    GeoIntersectionLineWithPolygon "geo_intersection_line_with_polygon" (2..=2) -> Is(Dynamic);
    GeoIntersects2Lines "geo_intersects_2lines" (2..=2) -> Is(Bool);
    GeoIntersects2Polygons "geo_intersects_2polygons" (2..=2) -> Is(Bool);
    GeoIntersectsLineWithPolygon "geo_intersects_line_with_polygon" (2..=2) -> Is(Bool);
    GeoLineCentroid "geo_line_centroid" (1..=1) -> Is(Dynamic);
    GeoLineInterpolatePoint "geo_line_interpolate_point" (2..=2) -> Is(Dynamic);
    GeoLineLength "geo_line_length" (1..=1) -> Is(Real);
    GeoLineLocatePoint "geo_line_locate_point" (3..=3) -> Is(Real);
    GeoPointInCircle "geo_point_in_circle" (5..=5) -> Is(Bool);
    GeoPointInPolygon "geo_point_in_polygon" (3..=3) -> Is(Bool);
    GeoPointToGeohash "geo_point_to_geohash" (2..=3) -> Is(String);
    GeoPointToH3Cell "geo_point_to_h3cell" (2..=3) -> Is(String);
    GeoPointToS2Cell "geo_point_to_s2cell" (2..=3) -> Is(String);
    GeoPolygonArea "geo_polygon_area" (1..=1) -> Is(Real);
    GeoPolygonCentroid "geo_polygon_centroid" (1..=1) -> Is(Dynamic);
    GeoPolygonPerimeter "geo_polygon_perimeter" (1..=1) -> Is(Real);
    GeoS2CellNeighbors "geo_s2cell_neighbors" (1..=1) -> Is(Dynamic);
    GeoS2CellToCentralPoint "geo_s2cell_to_central_point" (1..=1) -> Is(Dynamic);
    GeoS2CellToPolygon "geo_s2cell_to_polygon" (1..=1) -> Is(Dynamic);
    GetMonth "getmonth" | "monthofyear" (1..=1) -> Is(Long);
    GetType "gettype" (1..=1) -> Is(String);
    GetYear "getyear" (1..=1) -> Is(Long);
    GzipDecompress "gzip_decompress_from_base64_string" (1..=1) -> Is(String);
    Hash "hash" | "hash_xxhash64" (1..=2) -> Is(Long);
    HashMd5 "hash_md5" (1..=1) -> Is(String);
    HashSha1 "hash_sha1" (1..=1) -> Is(String);
    HashSha256 "hash_sha256" (1..=1) -> Is(String);
    HllMerge "hll_merge" (1..=64) -> Is(Dynamic);
    HourOfDay "hourofday" | "hour_of_day" (1..=1) -> Is(Long);
    Iff "iff" | "iif" (3..=3) -> Common(1);
    IndexOf "indexof" (2..=5) -> Is(Long);
    IndexOfRegex "indexof_regex" (2..=5) -> Is(Long);
    Ipv4Compare "ipv4_compare" (2..=3) -> Is(Long);
    Ipv4IsMatch "ipv4_is_match" (2..=3) -> Is(Bool);
    Ipv4NetmaskSuffix "ipv4_netmask_suffix" (1..=1) -> Is(Long);
    Ipv4RangeToCidrList "ipv4_range_to_cidr_list" (2..=2) -> Is(Dynamic);
    Ipv6Compare "ipv6_compare" (2..=3) -> Is(Long);
    Ipv6IsInAnyRange "ipv6_is_in_any_range" (2..=64) -> Is(Bool);
    Ipv6IsInRange "ipv6_is_in_range" (2..=2) -> Is(Bool);
    Ipv6IsMatch "ipv6_is_match" (2..=3) -> Is(Bool);
    IsAscii "isascii" (1..=1) -> Is(Bool);
    IsFinite "isfinite" (1..=1) -> Is(Bool);
    IsInf "isinf" (1..=1) -> Is(Bool);
    IsNan "isnan" (1..=1) -> Is(Bool);
    IsUtf8 "isutf8" (1..=1) -> Is(Bool);
    JaccardIndex "jaccard_index" (2..=2) -> Is(Real);
    Log "log" (1..=1) -> Is(Real);
    Log10 "log10" (1..=1) -> Is(Real);
    Log2 "log2" (1..=1) -> Is(Real);
    LogGamma "loggamma" (1..=1) -> Is(Real);
    MakeDateTime "make_datetime" | "datetime_make" (3..=7) -> Is(DateTime);
    MakeTimeSpan "make_timespan" (2..=4) -> Is(TimeSpan);
    MaxOf "max_of" (2..=1023) -> Common(0);
    MinOf "min_of" (2..=1023) -> Common(0);
    Negate "-" (1..=1) -> Widened(0);
    PackAll "pack_all" (1..=2047) -> Is(Dynamic);
    PackArray "pack_array" (0..=1023) -> Is(Dynamic);
    ParseCommandLine "parse_command_line" (2..=2) -> Is(Dynamic);
    ParseCsv "parse_csv" (1..=1) -> Is(Dynamic);
    ParseIpv4 "parse_ipv4" (1..=1) -> Is(Long);
    ParseIpv4Mask "parse_ipv4_mask" (2..=2) -> Is(Long);
    ParseIpv6 "parse_ipv6" (1..=1) -> Is(String);
    ParseIpv6Mask "parse_ipv6_mask" (2..=2) -> Is(String);
    ParseJson "parse_json" | "todynamic" | "toobject" | "parsejson" (1..=1) -> Is(Dynamic);
    ParsePath "parse_path" (1..=1) -> Is(Dynamic);
    ParseUrl "parse_url" | "parseurl" (1..=1) -> Is(Dynamic);
    ParseUrlQuery "parse_urlquery" | "parseurlquery" (1..=1) -> Is(Dynamic);
    ParseVersion "parse_version" (1..=1) -> Is(Decimal);
    ParseXml "parse_xml" (1..=1) -> Is(Dynamic);
    PercentilesArrayTdigest "percentiles_array_tdigest" (2..=64) -> Is(Dynamic);
    PercentileTdigest "percentile_tdigest" (2..=3) -> Is(Dynamic);
    Pi "pi" (0..=0) -> Is(Real);
    Pow "pow" (2..=2) -> Is(Real);
    PunycodeFromString "punycode_from_string" (1..=1) -> Is(String);
    PunycodeToString "punycode_to_string" (1..=1) -> Is(String);
    Radians "radians" (1..=1) -> Is(Real);
    Range "range" (2..=3) -> Is(Dynamic);
    RegexQuote "regex_quote" (1..=1) -> Is(String);
    Repeat "repeat" (2..=2) -> Is(Dynamic);
    Replace "replace" (3..=3) -> Is(String);
    ReplaceRegex "replace_regex" (3..=3) -> Is(String);
    ReplaceString "replace_string" (3..=3) -> Is(String);
    ReplaceStrings "replace_strings" (3..=3) -> Is(String);
    Reverse "reverse" (1..=1) -> Is(String);
    Round "round" (1..=2) -> Is(Real);
    SeriesAbs "series_abs" (1..=1) -> Is(Dynamic);
    SeriesAcos "series_acos" (1..=1) -> Is(Dynamic);
    SeriesAdd "series_add" (2..=2) -> Is(Dynamic);
    SeriesAsin "series_asin" (1..=1) -> Is(Dynamic);
    SeriesAtan "series_atan" (1..=1) -> Is(Dynamic);
    SeriesCeiling "series_ceiling" (1..=1) -> Is(Dynamic);
    SeriesCos "series_cos" (1..=1) -> Is(Dynamic);
    SeriesCosineSimilarity "series_cosine_similarity" (2..=4) -> Is(Real);
    SeriesDivide "series_divide" (2..=2) -> Is(Dynamic);
    SeriesDotProduct "series_dot_product" (2..=2) -> Is(Real);
    SeriesEquals "series_equals" (2..=2) -> Is(Dynamic);
    SeriesExp "series_exp" (1..=1) -> Is(Dynamic);
    SeriesFillBackward "series_fill_backward" (1..=2) -> Is(Dynamic);
    SeriesFillConst "series_fill_const" (2..=3) -> Is(Dynamic);
    SeriesFillForward "series_fill_forward" (1..=2) -> Is(Dynamic);
    SeriesFillLinear "series_fill_linear" (1..=4) -> Is(Dynamic);
    SeriesFir "series_fir" (2..=4) -> Is(Dynamic);
    SeriesFit2Lines "series_fit_2lines" (1..=1) -> Is(Dynamic);
    SeriesFit2LinesDynamic "series_fit_2lines_dynamic" (1..=1) -> Is(Dynamic);
    SeriesFitLine "series_fit_line" (1..=1) -> Is(Dynamic);
    SeriesFitLineDynamic "series_fit_line_dynamic" (1..=1) -> Is(Dynamic);
    SeriesFloor "series_floor" (1..=1) -> Is(Dynamic);
    SeriesGreater "series_greater" (2..=2) -> Is(Dynamic);
    SeriesGreaterEquals "series_greater_equals" (2..=2) -> Is(Dynamic);
    SeriesIir "series_iir" (3..=3) -> Is(Dynamic);
    SeriesLess "series_less" (2..=2) -> Is(Dynamic);
    SeriesLessEquals "series_less_equals" (2..=2) -> Is(Dynamic);
    SeriesLog "series_log" (1..=1) -> Is(Dynamic);
    SeriesMagnitude "series_magnitude" (1..=1) -> Is(Real);
    SeriesMultiply "series_multiply" (2..=2) -> Is(Dynamic);
    SeriesNotEquals "series_not_equals" (2..=2) -> Is(Dynamic);
    SeriesOutliers "series_outliers" (1..=5) -> Is(Dynamic);
    SeriesPearsonCorrelation "series_pearson_correlation" (2..=2) -> Is(Real);
    SeriesPow "series_pow" (2..=2) -> Is(Dynamic);
    SeriesProduct "series_product" (1..=1) -> Is(Real);
    SeriesSeasonal "series_seasonal" (1..=3) -> Is(Dynamic);
    SeriesSign "series_sign" (1..=1) -> Is(Dynamic);
    SeriesSin "series_sin" (1..=1) -> Is(Dynamic);
    SeriesStats "series_stats" (1..=2) -> Is(Dynamic);
    SeriesStatsDynamic "series_stats_dynamic" (1..=2) -> Is(Dynamic);
    SeriesSubtract "series_subtract" (2..=2) -> Is(Dynamic);
    SeriesSum "series_sum" (1..=1) -> Is(Real);
    SeriesTan "series_tan" (1..=1) -> Is(Dynamic);
    SetDifference "set_difference" (2..=1023) -> Is(Dynamic);
    SetEquals "set_equals" (2..=2) -> Is(Bool);
    SetHasElement "set_has_element" (2..=2) -> Is(Bool);
    SetIntersect "set_intersect" (2..=1023) -> Is(Dynamic);
    SetUnion "set_union" (2..=1023) -> Is(Dynamic);
    Sign "sign" (1..=1) -> Is(Real);
    Sin "sin" (1..=1) -> Is(Real);
    Split "split" (2..=3) -> Is(Dynamic);
    Sqrt "sqrt" (1..=1) -> Is(Real);
    StartOfDay "startofday" (1..=2) -> Is(DateTime);
    StartOfMonth "startofmonth" (1..=2) -> Is(DateTime);
    StartOfWeek "startofweek" (1..=2) -> Is(DateTime);
    StartOfYear "startofyear" (1..=2) -> Is(DateTime);
    Strcat "strcat" (1..=1023) -> Is(String);
    StrcatArray "strcat_array" | "array_strcat" (2..=2) -> Is(String);
    StrcatDelim "strcat_delim" (2..=1023) -> Is(String);
    Strcmp "strcmp" (2..=2) -> Is(Long);
    StringSize "string_size" (1..=1) -> Is(Long);
    Strlen "strlen" (1..=1) -> Is(Long);
    Strrep "strrep" (2..=3) -> Is(String);
    Substring "substring" (2..=3) -> Is(String);
    Tan "tan" (1..=1) -> Is(Real);
    TdigestMerge "tdigest_merge" | "merge_tdigest" (1..=64) -> Is(Dynamic);
    ToBool "tobool" | "toboolean" (1..=1) -> Is(Bool);
    ToDateTime "todatetime" (1..=1) -> Is(DateTime);
    ToDecimal "todecimal" (1..=1) -> Is(Decimal);
    ToGuid "toguid" (1..=1) -> Is(Guid);
    ToHex "tohex" (1..=2) -> Is(String);
    ToInt "toint" (1..=1) -> Is(Int);
    ToLong "tolong" (1..=1) -> Is(Long);
    ToLower "tolower" (1..=1) -> Is(String);
    ToReal "toreal" | "todouble" (1..=1) -> Is(Real);
    ToString "tostring" (1..=1) -> Is(String);
    ToTimeSpan "totimespan" | "totime" (1..=1) -> Is(TimeSpan);
    ToUpper "toupper" (1..=1) -> Is(String);
    Translate "translate" (3..=3) -> Is(String);
    Trim "trim" (2..=2) -> Is(String);
    TrimEnd "trim_end" (2..=2) -> Is(String);
    TrimStart "trim_start" (2..=2) -> Is(String);
    UnicodeCodepointsFromString "unicode_codepoints_from_string" | "to_utf8" (1..=1) -> Is(Dynamic);
    UnicodeCodepointsToString "unicode_codepoints_to_string" (1..=1023) -> Is(String);
    UnixTimeMicroseconds "unixtime_microseconds_todatetime" (1..=1) -> Is(DateTime);
    UnixTimeMilliseconds "unixtime_milliseconds_todatetime" (1..=1) -> Is(DateTime);
    UnixTimeNanoseconds "unixtime_nanoseconds_todatetime" (1..=1) -> Is(DateTime);
    UnixTimeSeconds "unixtime_seconds_todatetime" (1..=1) -> Is(DateTime);
    UrlDecode "url_decode" (1..=1) -> Is(String);
    UrlEncode "url_encode" (1..=1) -> Is(String);
    UrlEncodeComponent "url_encode_component" (1..=1) -> Is(String);
    WeekOfYear "week_of_year" | "weekofyear" (1..=1) -> Is(Long);
    WelchTest "welch_test" (6..=6) -> Is(Real);
    Zip "zip" (2..=16) -> Is(Dynamic);
    ZlibDecompress "zlib_decompress_from_base64_string" (1..=1) -> Is(String);
}

impl Function {
    /// The type of the answer over arguments of these types.
    pub fn result_type(self, arguments: &[Type]) -> Type {
        match self.result() {
            ResultType::Is(ty) => ty,
            ResultType::Like(index) => arguments.get(index).copied().unwrap_or(Type::Unknown),
            ResultType::Widened(index) => match arguments.get(index).copied() {
                Some(Type::Int) => Type::Long,
                other => other.unwrap_or(Type::Unknown),
            },
            ResultType::Common(first) => {
                let branches: Vec<Type> = match self {
                    // `case(p1, v1, p2, v2, …, else)`: values stand at odd places and at the end.
                    Function::Case => arguments
                        .iter()
                        .enumerate()
                        .filter(|(index, _)| index % 2 == 1 || index + 1 == arguments.len())
                        .map(|(_, ty)| *ty)
                        .collect(),
                    _ => arguments.iter().skip(first).copied().collect(),
                };
                Type::common(&branches)
            }
        }
    }
}

impl Type {
    /// The type that holds all of these: the widest number, the known one beside unknowns, what stands beside `dynamic`;
    /// `dynamic` for any other mixture.
    pub fn common(types: &[Type]) -> Type {
        let rank = |ty: &Type| match ty {
            Type::Int => Some(0),
            Type::Long => Some(1),
            Type::Decimal => Some(2),
            Type::Real => Some(3),
            _ => None,
        };
        types
            .iter()
            .copied()
            .reduce(|one, other| match (one, other) {
                (Type::Unknown, known) | (known, Type::Unknown) => known,
                (one, other) if one == other => one,
                (Type::Dynamic, scalar) | (scalar, Type::Dynamic) => scalar,
                (one, other) => match (rank(&one), rank(&other)) {
                    (Some(left), Some(right)) => {
                        if left >= right {
                            one
                        } else {
                            other
                        }
                    }
                    _ => Type::Dynamic,
                },
            })
            .unwrap_or(Type::Unknown)
    }
}
