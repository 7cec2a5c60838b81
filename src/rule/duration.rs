//! Lengths of time as rule files give them: `1d`, `PT5M`, `P1DT2H`.

/// A length of time in ticks of 100 ns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Duration {
    /// Ticks of 100 ns.
    pub ticks: i64,
}

const TICKS_PER_SECOND: i64 = 10_000_000;

/// A length of time, and whether it is spelled as the documentation does. `None` when it is none.
///
/// The resource takes ISO 8601, <https://learn.microsoft.com/rest/api/securityinsights/alert-rules/create-or-update>; rule
/// files have a number and `d`, `h`, `m` or `s`, <https://github.com/Azure/Azure-Sentinel/wiki/Query-Style-Guide>.
pub fn parse_duration(text: &str) -> Option<(Duration, bool)> {
    let trimmed = text.trim();
    let (seconds, is_usual) = match trimmed.strip_prefix(['P', 'p']) {
        Some(rest) => {
            (parse_iso(&rest.to_ascii_uppercase())?, trimmed.bytes().all(|byte| !byte.is_ascii_lowercase()))
        }
        None => {
            let split = trimmed.len().checked_sub(1).filter(|at| trimmed.is_char_boundary(*at))?;
            let (count, unit) = trimmed.split_at(split);
            let unit = unit.chars().next()?;
            let seconds = parse_count(count)?.checked_mul(seconds_of(unit.to_ascii_uppercase(), true)?)?;
            (seconds, unit.is_ascii_lowercase())
        }
    };
    let ticks = seconds.checked_mul(TICKS_PER_SECOND)?;
    Some((Duration { ticks }, is_usual && trimmed == text))
}

/// What stands behind the `P`: days and weeks, then `T` and hours, minutes, seconds, each at most once and in order.
fn parse_iso(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    parse_parts(date, "WD", false)?.checked_add(parse_parts(time, "HMS", true)?)
}

fn parse_parts(mut text: &str, units: &str, is_time: bool) -> Option<i64> {
    let mut seconds = 0_i64;
    let mut units = units.chars();
    while !text.is_empty() {
        let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
        let unit = text[digits..].chars().next()?;
        units.find(|known| *known == unit)?;
        let part = parse_count(&text[..digits])?.checked_mul(seconds_of(unit, is_time)?)?;
        seconds = seconds.checked_add(part)?;
        text = &text[digits + 1..];
    }
    Some(seconds)
}

fn parse_count(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Seconds of a unit. `M` is minutes among hours, and months, which have no fixed length, among days.
fn seconds_of(unit: char, is_time: bool) -> Option<i64> {
    match unit {
        'W' if !is_time => Some(7 * 86_400),
        'D' => Some(86_400),
        'H' => Some(3_600),
        'M' if is_time => Some(60),
        'S' => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(i64, bool)>) {
        let found = parse_duration(text).map(|(duration, usual)| (duration.ticks / TICKS_PER_SECOND, usual));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn short_and_iso_durations_are_read() {
        check("1h", Some((3_600, true)));
        check("14d", Some((14 * 86_400, true)));
        check("90s", Some((90, true)));
        check("5m", Some((300, true)));
        check("PT5M", Some((300, true)));
        check("P1D", Some((86_400, true)));
        check("P1DT2H", Some((93_600, true)));
        check("P2W", Some((14 * 86_400, true)));
        check("PT31M", Some((31 * 60, true)));
    }

    #[test]
    fn unusual_spellings_are_told() {
        check("5H", Some((18_000, false)));
        check("pt1h", Some((3_600, false)));
        check(" 1h", Some((3_600, false)));
    }

    #[test]
    fn anything_else_is_no_duration() {
        for text in ["", "h", "1", "1x", "P", "PT", "P1", "P1M", "P1DT", "PT1D", "1h30m", "-1h", "PT1M1H", "1 é", "é"]
        {
            check(text, None);
        }
        check("99999999999999999999d", None);
        check("9223372036854775807d", None);
    }
}
