//! Scalar functions: the table from each to what it does.
//!
//! Functions take values and answer one; they know nothing of rows. What they cannot make sense of is null, or
//! empty text.

mod collection;
mod datetime;
mod dynamic;
mod encoding;
mod hash;
mod math;
pub mod network;
mod series;
pub mod sketch;
mod special;
mod text;
mod xml;
mod zone;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use super::arithmetic;
use super::convert::convert;
use super::value::{Number, unwrap};
use crate::ir::{ArithmeticOp, Function, Type, Value};
use datetime::Period;

/// The answer of a function; null when it is given fewer or more arguments than it takes.
pub fn call(function: Function, a: &[&Value], _now: i64) -> Value {
    let (least, most) = function.arity();
    if a.len() < least || a.len() > most {
        return Value::Null(Type::Unknown);
    }
    let at = |index: usize| a.get(index).copied();
    match function {
        Function::Abs => math::abs(a[0]),
        Function::Acos => math::of_domain(a[0], |number| number.abs() <= 1.0, f64::acos),
        Function::ArrayConcat => dynamic::array_concat(a),
        Function::ArrayIff => dynamic::array_iff(a[0], a[1], a[2]),
        Function::ArrayIndexOf => dynamic::array_index_of(a),
        Function::ArrayLength => dynamic::array_length(a[0]),
        Function::ArrayReverse => dynamic::array_reverse(a[0]),
        Function::ArrayRotateLeft => dynamic::array_rotate_left(a[0], a[1], 1),
        Function::ArrayRotateRight => dynamic::array_rotate_left(a[0], a[1], -1),
        Function::ArrayShiftLeft => collection::array_shift_left(a[0], a[1], at(2), 1),
        Function::ArrayShiftRight => collection::array_shift_left(a[0], a[1], at(2), -1),
        Function::ArraySlice => dynamic::array_slice(a[0], a[1], a[2]),
        Function::ArraySortAsc => dynamic::array_sort(a, false),
        Function::ArraySortDesc => dynamic::array_sort(a, true),
        Function::ArraySplit => collection::array_split(a[0], a[1]),
        Function::ArraySum => dynamic::array_sum(a[0]),
        Function::Asin => math::of_domain(a[0], |number| number.abs() <= 1.0, f64::asin),
        Function::Atan => math::of_real(a[0], f64::atan),
        Function::Atan2 => math::atan2(a[0], a[1]),
        Function::BagHasKey => dynamic::bag_has_key(a[0], a[1]),
        Function::BagKeys => dynamic::bag_keys(a[0]),
        Function::BagMerge => dynamic::bag_merge(a),
        Function::BagPack => dynamic::bag_pack(a),
        Function::BagRemoveKeys => dynamic::bag_remove_keys(a[0], a[1]),
        Function::BagSetKey => collection::bag_set_key(a[0], a[1], a[2]),
        Function::BagZip => collection::bag_zip(a[0], a[1]),
        Function::Base64DecodeToArray => text::base64_decode_array(a[0]),
        Function::Base64DecodeToGuid => encoding::base64_decode_guid(a[0]),
        Function::Base64DecodeToString => text::base64_decode(a[0]),
        Function::Base64EncodeFromArray => encoding::base64_encode_array(a[0]),
        Function::Base64EncodeFromGuid => encoding::base64_encode_guid(a[0]),
        Function::Base64EncodeToString => text::base64_encode(a[0]),
        Function::BetaCdf => special::beta_cdf(a[0], a[1], a[2]),
        Function::BetaInv => special::beta_inv(a[0], a[1], a[2]),
        Function::BetaPdf => special::beta_pdf(a[0], a[1], a[2]),
        Function::Bin => arithmetic::bin(a[0], a[1]),
        Function::BinaryAnd => math::binary(a[0], a[1], |left, right| left & right),
        Function::BinaryNot => math::binary_not(a[0]),
        Function::BinaryOr => math::binary(a[0], a[1], |left, right| left | right),
        Function::BinaryShiftLeft => math::binary(a[0], a[1], |number, places| number.wrapping_shl(places as u32)),
        Function::BinaryShiftRight => math::binary(a[0], a[1], |number, places| number.wrapping_shr(places as u32)),
        Function::BinaryXor => math::binary(a[0], a[1], |left, right| left ^ right),
        Function::BinAt => math::bin_at(a[0], a[1], a[2]),
        Function::BitsetCountOnes => math::bitset_count_ones(a[0]),
        Function::Case => chosen(function, a, dynamic::case(a)),
        Function::Ceiling => math::ceiling(a[0]),
        Function::Coalesce => chosen(function, a, dynamic::coalesce(a)),
        Function::Cos => math::of_real(a[0], f64::cos),
        Function::Cot => math::of_real(a[0], |number| number.tan().recip()),
        Function::CountOf => text::countof(a[0], a[1], at(2)),
        Function::DateTimeAdd => datetime::datetime_add(a[0], a[1], a[2]),
        Function::DateTimeDiff => datetime::datetime_diff(a[0], a[1], a[2]),
        Function::DateTimeListTimezones => zone::list_timezones(),
        Function::DateTimeLocalToUtc => zone::local_to_utc(a[0], a[1]),
        Function::DateTimePart => datetime::datetime_part(a[0], a[1]),
        Function::DateTimeUtcToLocal => zone::utc_to_local(a[0], a[1]),
        Function::DayOfMonth => datetime::part("day", a[0]),
        Function::DayOfWeek => datetime::dayofweek(a[0]),
        Function::DayOfYear => datetime::part("dayofyear", a[0]),
        Function::DCountHll => sketch::dcount_hll(a[0]),
        Function::Degrees => math::of_real(a[0], f64::to_degrees),
        Function::DynamicToJson => dynamic::dynamic_to_json(a[0]),
        Function::EndOfDay => datetime::end_of(Period::Day, a[0], at(1)),
        Function::EndOfMonth => datetime::end_of(Period::Month, a[0], at(1)),
        Function::EndOfWeek => datetime::end_of(Period::Week, a[0], at(1)),
        Function::EndOfYear => datetime::end_of(Period::Year, a[0], at(1)),
        Function::Erf => special::error(a[0]),
        Function::Erfc => special::error_complement(a[0]),
        Function::Exp => math::of_real(a[0], f64::exp),
        Function::Exp10 => math::of_real(a[0], |number| 10f64.powf(number)),
        Function::Exp2 => math::of_real(a[0], f64::exp2),
        Function::Extract => text::extract(a[0], a[1], a[2], at(3)),
        Function::ExtractAll => match a {
            [regex, groups, source] => text::extract_all(regex, Some(groups), source),
            _ => text::extract_all(a[0], None, a[1]),
        },
        Function::ExtractJson => dynamic::extract_json(a[0], a[1], at(2)),
        Function::FormatDateTime => datetime::format_datetime(a[0], a[1]),
        Function::FormatIpv4 => network::format_ipv4(a[0], at(1), false),
        Function::FormatIpv4Mask => network::format_ipv4(a[0], at(1), true),
        Function::FormatTimeSpan => datetime::format_timespan(a[0], a[1]),
        Function::Gamma => special::gamma(a[0]),
        Function::GetMonth => datetime::part("month", a[0]),
        Function::GetType => dynamic::gettype(a[0]),
        Function::GetYear => datetime::part("year", a[0]),
        Function::GzipDecompress => encoding::gzip_decompress(a[0]),
        Function::Hash => hash::xxhash64(a[0], at(1)),
        Function::HashMd5 => hash::md5(a[0]),
        Function::HashSha1 => hash::sha1(a[0]),
        Function::HashSha256 => hash::sha256(a[0]),
        Function::HllMerge => sketch::hll_merge(a),
        Function::HourOfDay => datetime::part("hour", a[0]),
        Function::Iff => chosen(function, a, dynamic::iff(a[0], a[1], a[2])),
        Function::IndexOf => text::indexof(a),
        Function::IndexOfRegex => text::indexof_regex(a),
        Function::Ipv4Compare => network::ipv4_compare(a[0], a[1], at(2)),
        Function::Ipv4IsMatch => network::ipv4_is_match(a[0], a[1], at(2)),
        Function::Ipv4NetmaskSuffix => network::ipv4_netmask_suffix(a[0]),
        Function::Ipv4RangeToCidrList => network::ipv4_range_to_cidr_list(a[0], a[1]),
        Function::Ipv6Compare => network::ipv6_compare(a[0], a[1], at(2)),
        Function::Ipv6IsInAnyRange => network::ipv6_is_in_any_range(a[0], &a[1..]),
        Function::Ipv6IsInRange => network::ipv6_is_in_range(a[0], a[1]),
        Function::Ipv6IsMatch => network::ipv6_is_match(a[0], a[1], at(2)),
        Function::IsAscii => text::isascii(a[0]),
        Function::IsFinite => math::is(a[0], f64::is_finite),
        Function::IsInf => math::is(a[0], f64::is_infinite),
        Function::IsNan => math::is(a[0], f64::is_nan),
        Function::IsUtf8 => text::isutf8(a[0]),
        Function::JaccardIndex => dynamic::jaccard_index(a[0], a[1]),
        Function::Log => math::of_real(a[0], f64::ln),
        Function::Log10 => math::of_real(a[0], f64::log10),
        Function::Log2 => math::of_real(a[0], f64::log2),
        Function::LogGamma => special::log_gamma(a[0]),
        Function::MakeDateTime => datetime::make_datetime(a),
        Function::MakeTimeSpan => datetime::make_timespan(a),
        Function::MaxOf => math::extreme_of(a, Ordering::Greater),
        Function::MinOf => math::extreme_of(a, Ordering::Less),
        Function::Negate => math::negate(a[0]),
        Function::PackAll => collection::pack_all(a),
        Function::PackArray => dynamic::pack_array(a),
        Function::ParseCommandLine => dynamic::parse_command_line(a[0]),
        Function::ParseCsv => text::parse_csv(a[0]),
        Function::ParseIpv4 => network::parse_ipv4(a[0]),
        Function::ParseIpv4Mask => network::parse_ipv4_mask(a[0], a[1]),
        Function::ParseIpv6 => network::parse_ipv6(a[0]),
        Function::ParseIpv6Mask => network::parse_ipv6_mask(a[0], a[1]),
        Function::ParseJson => dynamic::parse_json(a[0]),
        Function::ParsePath => dynamic::parse_path(a[0]),
        Function::ParseUrl => dynamic::parse_url(a[0]),
        Function::ParseUrlQuery => dynamic::parse_urlquery(a[0]),
        Function::ParseVersion => text::parse_version(a[0]),
        Function::ParseXml => xml::parse_xml(a[0]),
        Function::PercentilesArrayTdigest => sketch::percentiles_array_tdigest(a[0], &a[1..]),
        Function::PercentileTdigest => sketch::percentile_tdigest(a[0], a[1], at(2)),
        Function::Pi => Value::Real(std::f64::consts::PI),
        Function::Pow => math::pow(a[0], a[1]),
        Function::PunycodeFromString => encoding::punycode_encode(a[0]),
        Function::PunycodeToString => encoding::punycode_decode(a[0]),
        Function::Radians => math::of_real(a[0], f64::to_radians),
        Function::Range => dynamic::range(a[0], a[1], at(2)),
        Function::RegexQuote => text::regex_quote(a[0]),
        Function::Repeat => collection::repeat(a[0], a[1]),
        Function::Replace => text::replace_regex(a[2], a[0], a[1]),
        Function::ReplaceRegex => text::replace_regex(a[0], a[1], a[2]),
        Function::ReplaceString => text::replace_string(a[0], a[1], a[2]),
        Function::ReplaceStrings => text::replace_strings(a[0], a[1], a[2]),
        Function::Reverse => text::reverse(a[0]),
        Function::Round => math::round(a[0], at(1)),
        Function::SeriesAbs => series::map(a[0], f64::abs),
        Function::SeriesAcos => series::map(a[0], f64::acos),
        Function::SeriesAdd => series::combine(ArithmeticOp::Add, a[0], a[1]),
        Function::SeriesAsin => series::map(a[0], f64::asin),
        Function::SeriesAtan => series::map(a[0], f64::atan),
        Function::SeriesCeiling => series::map(a[0], f64::ceil),
        Function::SeriesCos => series::map(a[0], f64::cos),
        Function::SeriesCosineSimilarity => series::cosine_similarity(a[0], a[1]),
        Function::SeriesDivide => series::combine(ArithmeticOp::Divide, a[0], a[1]),
        Function::SeriesDotProduct => series::dot_product(a[0], a[1]),
        Function::SeriesEquals => series::order(a[0], a[1], &[Ordering::Equal]),
        Function::SeriesExp => series::map(a[0], f64::exp),
        Function::SeriesFillBackward => series::fill_backward(a[0], at(1)),
        Function::SeriesFillConst => series::fill_const(a[0], a[1], at(2)),
        Function::SeriesFillForward => series::fill_forward(a[0], at(1)),
        Function::SeriesFillLinear => series::fill_linear(a[0], at(1), at(2), at(3)),
        Function::SeriesFir => series::fir(a[0], a[1], at(2), at(3)),
        Function::SeriesFit2LinesDynamic => series::fit_2lines(a[0]),
        Function::SeriesFitLineDynamic => series::fit_line(a[0]),
        Function::SeriesFloor => series::map(a[0], f64::floor),
        Function::SeriesGreater => series::order(a[0], a[1], &[Ordering::Greater]),
        Function::SeriesGreaterEquals => series::order(a[0], a[1], &[Ordering::Greater, Ordering::Equal]),
        Function::SeriesIir => series::iir(a[0], a[1], a[2]),
        Function::SeriesLess => series::order(a[0], a[1], &[Ordering::Less]),
        Function::SeriesLessEquals => series::order(a[0], a[1], &[Ordering::Less, Ordering::Equal]),
        Function::SeriesLog => series::map(a[0], f64::ln),
        Function::SeriesMagnitude => series::magnitude(a[0]),
        Function::SeriesMultiply => series::combine(ArithmeticOp::Multiply, a[0], a[1]),
        Function::SeriesNotEquals => series::order(a[0], a[1], &[Ordering::Less, Ordering::Greater]),
        Function::SeriesOutliers => series::outliers(a[0]),
        Function::SeriesPearsonCorrelation => series::pearson_correlation(a[0], a[1]),
        Function::SeriesPow => series::pow(a[0], a[1]),
        Function::SeriesProduct => series::product(a[0]),
        Function::SeriesSeasonal => series::seasonal(a[0], at(1).unwrap_or(&Value::Null(Type::Long))),
        Function::SeriesSign => series::map(a[0], |number| if number == 0.0 { 0.0 } else { number.signum() }),
        Function::SeriesSin => series::map(a[0], f64::sin),
        Function::SeriesStatsDynamic => series::stats(a[0], at(1)),
        Function::SeriesSubtract => series::combine(ArithmeticOp::Subtract, a[0], a[1]),
        Function::SeriesSum => series::sum(a[0]),
        Function::SeriesTan => series::map(a[0], f64::tan),
        Function::SetDifference => dynamic::set_difference(a),
        Function::SetEquals => collection::set_equals(a),
        Function::SetHasElement => dynamic::set_has_element(a[0], a[1]),
        Function::SetIntersect => dynamic::set_intersect(a),
        Function::SetUnion => dynamic::set_union(a),
        Function::Sign => math::sign(a[0]),
        Function::Sin => math::of_real(a[0], f64::sin),
        Function::Split => text::split(a[0], a[1], at(2)),
        Function::Sqrt => math::of_real(a[0], f64::sqrt),
        Function::StartOfDay => datetime::start_of(Period::Day, a[0], at(1)),
        Function::StartOfMonth => datetime::start_of(Period::Month, a[0], at(1)),
        Function::StartOfWeek => datetime::start_of(Period::Week, a[0], at(1)),
        Function::StartOfYear => datetime::start_of(Period::Year, a[0], at(1)),
        Function::Strcat => text::strcat(a),
        Function::StrcatArray => text::strcat_array(a[0], a[1]),
        Function::StrcatDelim => text::strcat_delim(a[0], &a[1..]),
        Function::Strcmp => text::strcmp(a[0], a[1]),
        Function::StringSize => text::string_size(a[0]),
        Function::Strlen => text::strlen(a[0]),
        Function::Strrep => text::strrep(a[0], a[1], at(2)),
        Function::Substring => text::substring(a[0], a[1], at(2)),
        Function::Tan => math::of_real(a[0], f64::tan),
        Function::TdigestMerge => sketch::tdigest_merge(a),
        Function::ToBool => convert(a[0], Type::Bool),
        Function::ToDateTime => convert(a[0], Type::DateTime),
        Function::ToDecimal => convert(a[0], Type::Decimal),
        Function::ToGuid => convert(a[0], Type::Guid),
        Function::ToHex => math::tohex(a[0], at(1)),
        Function::ToInt => convert(a[0], Type::Int),
        Function::ToLong => convert(a[0], Type::Long),
        Function::ToLower => text::tolower(a[0]),
        Function::ToReal => convert(a[0], Type::Real),
        Function::ToString => convert(a[0], Type::String),
        Function::ToTimeSpan => convert(a[0], Type::TimeSpan),
        Function::ToUpper => text::toupper(a[0]),
        Function::Translate => text::translate(a[0], a[1], a[2]),
        Function::Trim => text::trim(a[0], a[1]),
        Function::TrimEnd => text::trim_end(a[0], a[1]),
        Function::TrimStart => text::trim_start(a[0], a[1]),
        Function::UnicodeCodepointsFromString => encoding::codepoints_from_string(a[0]),
        Function::UnicodeCodepointsToString => text::codepoints_to_string(a),
        Function::UnixTimeMicroseconds => datetime::from_unix(a[0], 10.0),
        Function::UnixTimeMilliseconds => datetime::from_unix(a[0], 10_000.0),
        Function::UnixTimeNanoseconds => datetime::from_unix(a[0], 0.01),
        Function::UnixTimeSeconds => datetime::from_unix(a[0], 10_000_000.0),
        Function::UrlDecode => text::url_decode(a[0]),
        Function::UrlEncode => text::url_encode(a[0]),
        Function::UrlEncodeComponent => text::url_encode_component(a[0]),
        Function::WeekOfYear => datetime::part("week_of_year", a[0]),
        Function::WelchTest => special::welch_test(a),
        Function::Zip => dynamic::zip(a),
        Function::ZlibDecompress => encoding::zlib_decompress(a[0]),
    }
}

/// One of several values as the type that they have in common: a `dynamic` one beside strings is a string.
fn chosen(function: Function, arguments: &[&Value], value: Value) -> Value {
    let types: Vec<Type> = arguments.iter().map(|argument| argument.ty()).collect();
    match (value.ty(), function.result_type(&types)) {
        (Type::Dynamic, Type::Dynamic | Type::Unknown) => value,
        (Type::Dynamic, common) => convert(&value, common),
        _ => value,
    }
}

/// Text as a value.
fn string(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

/// A whole number, of another number its whole part.
fn integer(value: &Value) -> Option<i64> {
    match convert(&unwrap(value), Type::Long) {
        Value::Long(number) => Some(number),
        _ => None,
    }
}

/// A number as a double; text is none.
fn real(value: &Value) -> Option<f64> {
    Number::of(&unwrap(value)).map(Number::real)
}
