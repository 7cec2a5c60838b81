//! Plugins that count who was there in windows of a timeline.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Evaluator, Group, Rows, placed, whole};
use crate::eval::Refused;
use crate::eval::relation::MOST_ROWS;
use crate::eval::value::Key;
use crate::ir::{Evaluate, RelationId, Type, Value};

/// Windows of one length from a start to an end, both on the timeline; the end itself is in the last window.
struct Timeline {
    start: i64,
    end: i64,
    step: i64,
    ty: Type,
}

impl Timeline {
    /// The number of the window that holds a place; negative before the start, none behind the end.
    fn window(&self, place: i64) -> Option<i64> {
        (place <= self.end).then(|| place.checked_sub(self.start))?.map(|distance| distance.div_euclid(self.step))
    }

    /// The window that holds the end.
    fn last(&self) -> i64 {
        self.end.saturating_sub(self.start).div_euclid(self.step)
    }

    /// Where a window starts.
    fn start_of(&self, window: i64) -> Value {
        placed(self.start.saturating_add(window.saturating_mul(self.step)), self.ty)
    }
}

/// A row as these plugins see it: where it is on the timeline, and who is there; nobody where that is null.
struct Appearance {
    place: i64,
    who: Option<Key>,
}

impl Evaluator<'_> {
    /// The timeline of a plugin whose first constants are its start and its end, and all of its constants.
    fn timeline(&self, id: RelationId, evaluate: &Evaluate, step: usize) -> Result<(Timeline, Vec<i64>), Refused> {
        let constants: Option<Vec<i64>> = self.constants(&evaluate.constants).iter().map(whole).collect();
        let constants = constants.ok_or_else(|| self.not_documented(id, "null as a constant"))?;
        let ty = self.query.column(evaluate.read[1]).ty;
        let timeline = Timeline { start: constants[0], end: constants[1], step: constants[step], ty };
        if timeline.step <= 0 || timeline.end < timeline.start {
            return Err(self.not_documented(id, "windows without length"));
        }
        Ok((timeline, constants))
    }

    /// The rows of a group that have a place on the timeline.
    fn appearances(
        &self,
        id: RelationId,
        evaluate: &Evaluate,
        input: &Rows,
        group: &Group,
    ) -> Result<Vec<Appearance>, Refused> {
        let places = self.read(id, input, &evaluate.read)?;
        let appearance = |at: &usize| {
            let row = &input.rows[*at];
            let who = Some(Key::of(&row[places[0]])).filter(|key| *key != Key::Null);
            Some(Appearance { place: whole(&row[places[1]])?, who })
        };
        Ok(group.rows.iter().filter_map(appearance).collect())
    }

    /// Rows, ids, ids that no earlier window has, and ids up to the window.
    ///
    /// What is told of a window without rows the page does not say.
    ///
    /// <https://learn.microsoft.com/kusto/query/activity-counts-metrics-plugin>
    pub(super) fn activity_counts_metrics(
        &self,
        id: RelationId,
        evaluate: &Evaluate,
        input: &Rows,
    ) -> Result<Rows, Refused> {
        let (timeline, _) = self.timeline(id, evaluate, 2)?;
        let mut rows = Vec::new();
        for group in self.groups(id, input, &evaluate.dimensions)? {
            let mut windows: BTreeMap<i64, (i64, HashSet<Key>)> = BTreeMap::new();
            for appearance in self.appearances(id, evaluate, input, &group)? {
                if let Some(window) = timeline.window(appearance.place).filter(|window| *window >= 0) {
                    let (count, who) = windows.entry(window).or_default();
                    *count += 1;
                    who.extend(appearance.who);
                }
            }
            if i64::try_from(windows.len()) != Ok(timeline.last() + 1) {
                return Err(self.not_documented(id, "a window without rows"));
            }
            let mut known: HashSet<Key> = HashSet::new();
            for (window, (count, who)) in windows {
                let distinct = who.len();
                let before = known.len();
                known.extend(who);
                let mut row = vec![timeline.start_of(window)];
                row.extend(group.dimensions.iter().cloned());
                row.push(Value::Long(count));
                row.extend([distinct, known.len() - before, known.len()].map(long));
                rows.push(row);
            }
        }
        Ok(self.found(id, rows))
    }

    /// Rows and ids of each window together with those before it that a look-back reaches.
    ///
    /// A window has a row when its look-back holds one, as in the technique that the page refers to. Whether rows before
    /// the start count for the first windows it does not say.
    ///
    /// <https://learn.microsoft.com/kusto/query/sliding-window-counts-plugin>
    pub(super) fn sliding_window_counts(
        &self,
        id: RelationId,
        evaluate: &Evaluate,
        input: &Rows,
    ) -> Result<Rows, Refused> {
        let (timeline, constants) = self.timeline(id, evaluate, 3)?;
        // A look-back that is no multiple of the windows is made shorter.
        let reach = constants[2] / timeline.step;
        if reach < 1 {
            return Err(self.not_documented(id, "a look-back shorter than a window"));
        }
        let mut rows = Vec::new();
        let mut work = 0_usize;
        for group in self.groups(id, input, &evaluate.dimensions)? {
            let mut windows: BTreeMap<i64, Vec<Option<Key>>> = BTreeMap::new();
            for appearance in self.appearances(id, evaluate, input, &group)? {
                let Some(window) = timeline.window(appearance.place) else { continue };
                if window < 0 && window.saturating_add(reach) > 0 {
                    return Err(self.not_documented(id, "rows before its start"));
                }
                if window >= 0 {
                    windows.entry(window).or_default().push(appearance.who);
                }
            }
            let mut sums: BTreeMap<i64, (i64, HashSet<&Key>)> = BTreeMap::new();
            for (window, appearances) in &windows {
                for later in *window..=timeline.last().min(window.saturating_add(reach - 1)) {
                    work += appearances.len();
                    if work > MOST_ROWS {
                        return Err(self.too_many(id));
                    }
                    let (count, who) = sums.entry(later).or_default();
                    *count += i64::try_from(appearances.len()).unwrap_or(i64::MAX);
                    who.extend(appearances.iter().flatten());
                }
            }
            for (window, (count, who)) in sums {
                let mut row = vec![timeline.start_of(window)];
                row.extend(group.dimensions.iter().cloned());
                row.extend([Value::Long(count), long(who.len())]);
                rows.push(row);
            }
        }
        Ok(self.found(id, rows))
    }

    /// How many ids of each window have, at some appearance in it, been there in enough periods of the look-back that
    /// ends with the appearance. The look-back's beginning is outside it, as the page's example shows; windows without
    /// such ids have no row.
    ///
    /// Where periods begin the page does not say: data are refused for which that matters.
    ///
    /// <https://learn.microsoft.com/kusto/query/active-users-count-plugin>
    pub(super) fn active_users_count(
        &self,
        id: RelationId,
        evaluate: &Evaluate,
        input: &Rows,
    ) -> Result<Rows, Refused> {
        let (timeline, constants) = self.timeline(id, evaluate, 5)?;
        let (lookback, period, wanted) = (constants[2], constants[3], constants[4]);
        if lookback <= 0 || period <= 0 || wanted <= 0 {
            return Err(self.not_documented(id, "periods without length"));
        }
        let mut rows = Vec::new();
        let mut work = 0_usize;
        for group in self.groups(id, input, &evaluate.dimensions)? {
            let mut appearances: HashMap<Key, Vec<i64>> = HashMap::new();
            for appearance in self.appearances(id, evaluate, input, &group)? {
                if let Some(who) = appearance.who {
                    appearances.entry(who).or_default().push(appearance.place);
                }
            }
            let mut windows: BTreeMap<i64, i64> = BTreeMap::new();
            for mut places in appearances.into_values() {
                places.sort_unstable();
                places.dedup();
                let mut active: HashSet<i64> = HashSet::new();
                for (at, place) in places.iter().enumerate() {
                    let Some(window) = timeline.window(*place).filter(|window| *window >= 0) else { continue };
                    let first = places[..=at].partition_point(|before| *before <= place.saturating_sub(lookback));
                    let seen = &places[first..=at];
                    work += seen.len();
                    if work > MOST_ROWS {
                        return Err(self.too_many(id));
                    }
                    let periods = |from: i64| {
                        let periods: HashSet<i64> =
                            seen.iter().map(|place| place.saturating_sub(from).div_euclid(period)).collect();
                        i64::try_from(periods.len()).unwrap_or(i64::MAX) >= wanted
                    };
                    if periods(0) != periods(timeline.start) {
                        return Err(self.not_documented(id, "periods that do not begin with the start"));
                    }
                    if periods(0) {
                        active.insert(window);
                    }
                }
                for window in active {
                    *windows.entry(window).or_default() += 1;
                }
            }
            for (window, count) in windows {
                let mut row = vec![timeline.start_of(window)];
                row.extend(group.dimensions.iter().cloned());
                row.push(Value::Long(count));
                rows.push(row);
            }
        }
        Ok(self.found(id, rows))
    }
}

fn long(count: usize) -> Value {
    Value::Long(i64::try_from(count).unwrap_or(i64::MAX))
}
