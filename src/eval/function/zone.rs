//! Instants in the local time of a time zone, by the data base that the product brings along.

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use crate::eval::time::{self, UNIX_EPOCH};
use crate::eval::{convert, value};
use crate::ir::{Dynamic, TICKS_PER_SECOND, Type, Value};

const NULL: Value = Value::Null(Type::DateTime);

fn zone(name: &Value) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(&convert::text(name)).ok()
}

fn ticks(value: &Value) -> Option<i64> {
    match value::unwrap(value) {
        Value::DateTime(ticks) => Some(ticks),
        _ => None,
    }
}

fn instant(ticks: Option<i64>) -> Value {
    ticks.and_then(time::instant).map_or(NULL, Value::DateTime)
}

/// The names that the data base has, but for the one that says that no zone is set.
///
/// <https://learn.microsoft.com/kusto/query/datetime-list-timezones-function>
pub fn list_timezones() -> Value {
    let database = TimeZoneDatabase::bundled();
    let mut names: Vec<String> = database.available().map(|name| name.to_string()).collect();
    names.retain(|name| name != "Factory");
    names.sort();
    Value::Dynamic(Dynamic::Array(names.into_iter().map(Dynamic::String).collect()))
}

/// An unknown zone is null: <https://learn.microsoft.com/kusto/query/datetime-utc-to-local-function>
pub fn utc_to_local(utc: &Value, name: &Value) -> Value {
    let local = || {
        let (ticks, zone) = (ticks(utc)?, zone(name)?);
        let seconds = (ticks - UNIX_EPOCH).div_euclid(TICKS_PER_SECOND);
        let offset = zone.to_offset(timestamp(seconds)?);
        ticks.checked_add(i64::from(offset.seconds()) * TICKS_PER_SECOND)
    };
    instant(local())
}

/// A local time that a zone skips is counted by the offset after the change: so Microsoft's emulator answers. One that
/// comes twice is too, by analogy: the documentation leaves it open.
///
/// <https://learn.microsoft.com/kusto/query/datetime-local-to-utc-function>
pub fn local_to_utc(local: &Value, name: &Value) -> Value {
    let utc = || {
        let (ticks, zone) = (ticks(local)?, zone(name)?);
        let seconds = (ticks - UNIX_EPOCH).div_euclid(TICKS_PER_SECOND);
        let offset = match zone.to_ambiguous_timestamp(Offset::UTC.to_datetime(timestamp(seconds)?)).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { after, .. } | AmbiguousOffset::Gap { after, .. } => after,
        };
        ticks.checked_sub(i64::from(offset.seconds()) * TICKS_PER_SECOND)
    };
    instant(utc())
}

fn timestamp(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}
