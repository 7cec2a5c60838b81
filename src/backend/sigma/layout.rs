//! A condition of items as named selections and the condition over them, in the style of Sigma's own rules.
//!
//! Items that must all hold share one mapping; alternatives are a list of mappings; what must not hold is a
//! `filter_main_…`. What that cannot say is said by the condition.

use std::collections::{BTreeMap, BTreeSet};

use crate::span::Origins;
use crate::template::Text;

use super::item::{Item, Part, not};

/// A named search.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Selection {
    /// Its name.
    pub name: String,
    /// The alternatives; each a mapping of items that must all hold.
    pub maps: Vec<Vec<Item>>,
}

/// Selections, and what is asked of them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Layout {
    /// The searches, in order of appearance.
    pub selections: Vec<Selection>,
    /// The condition.
    pub condition: Text,
}

/// Lays out a condition. `routed` are items of the source that come first.
pub(super) fn layout(part: Part, routed: Vec<Item>) -> Layout {
    let mut builder = Builder { selections: Vec::new(), names: BTreeSet::new(), numbers: BTreeMap::new() };
    let part = flatten(part);
    if routed.is_empty()
        && let Some(condition) = builder.alone(&part)
    {
        return Layout { selections: builder.selections, condition };
    }
    let (parts, origins) = match part {
        Part::All(parts, origins) => (parts, origins),
        Part::Item(_) | Part::Not(_) | Part::Any(..) => (vec![part], Origins::none()),
    };
    let (held, dropped): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| !matches!(part, Part::Not(_)));
    let mut terms = Vec::new();
    let held: Vec<Part> = routed.into_iter().map(Part::Item).chain(held).collect();
    if !held.is_empty() {
        terms.extend(builder.conjunction(held, "selection"));
    }
    terms.extend(builder.filters(dropped));
    let condition = Text::join(terms, &Text::piece(" and ", origins.clone()));
    // Conjuncts in one mapping need no `and`: its leaves stand behind the name then.
    Layout { selections: builder.selections, condition: condition.with_origins(&origins) }
}

/// The condition of an empty source: routing alone.
pub(super) fn routing(routed: Vec<Item>) -> Layout {
    let condition = Text::glue("selection");
    Layout { selections: vec![Selection { name: "selection".to_owned(), maps: vec![routed] }], condition }
}

/// A condition that every event or no event meets, whatever the item asks.
pub(super) fn constant(truth: bool, item: Item) -> Layout {
    let condition = if truth { "selection or not selection" } else { "selection and not selection" };
    let selections = vec![Selection { name: "selection".to_owned(), maps: vec![vec![item]] }];
    Layout { selections, condition: Text::glue(condition) }
}

/// Nested conjunctions and disjunctions in one; alternatives for one field in one item.
fn flatten(part: Part) -> Part {
    match part {
        Part::Item(_) => part,
        Part::Not(inner) => not(flatten(*inner)),
        Part::All(parts, mut origins) => {
            let mut flat = Vec::new();
            for part in parts {
                match flatten(part) {
                    Part::All(inner, more) => {
                        origins.extend(&more);
                        flat.extend(inner);
                    }
                    other @ (Part::Item(_) | Part::Not(_) | Part::Any(..)) => flat.push(other),
                }
            }
            let mut merged: Vec<Part> = Vec::new();
            for part in flat {
                match part {
                    Part::Item(item) => match merged.iter_mut().find_map(|other| joinable(other, &item)) {
                        Some(list) => {
                            if !list.modifiers.contains(&"all") {
                                list.modifiers.push("all");
                            }
                            list.values.extend(item.values);
                            list.origins.extend(&item.origins);
                            list.origins.extend(&origins);
                        }
                        None => merged.push(Part::Item(item)),
                    },
                    other @ (Part::Not(_) | Part::All(..) | Part::Any(..)) => merged.push(other),
                }
            }
            one_or(merged, |parts| Part::All(parts, origins))
        }
        Part::Any(parts, mut origins) => {
            let mut flat: Vec<Part> = Vec::new();
            for part in parts {
                match flatten(part) {
                    Part::Any(inner, more) => {
                        origins.extend(&more);
                        flat.extend(inner);
                    }
                    other @ (Part::Item(_) | Part::Not(_) | Part::All(..)) => flat.push(other),
                }
            }
            // `not a or not b` is one filter.
            if flat.len() > 1 && flat.iter().all(|part| matches!(part, Part::Not(_))) {
                return not(flatten(Part::All(flat.into_iter().map(not).collect(), origins)));
            }
            let mut merged: Vec<Part> = Vec::new();
            for part in flat {
                match part {
                    Part::Item(item) => match merged.iter_mut().find_map(|other| listable(other, &item)) {
                        Some(list) => {
                            list.values.extend(item.values);
                            list.origins.extend(&item.origins);
                            list.origins.extend(&origins);
                        }
                        None => merged.push(Part::Item(item)),
                    },
                    other @ (Part::Not(_) | Part::All(..) | Part::Any(..)) => merged.push(other),
                }
            }
            one_or(merged, |parts| Part::Any(parts, origins))
        }
    }
}

/// The item, if alternatives of `item` can join its list. `null` cannot stand in a list, and under `all` a list
/// holds no alternatives.
fn listable<'a>(part: &'a mut Part, item: &Item) -> Option<&'a mut Item> {
    let Part::Item(list) = part else { return None };
    let lists = |item: &Item| {
        !item.modifiers.iter().any(|modifier| matches!(*modifier, "all" | "lt" | "lte" | "gt" | "gte" | "fieldref"))
            && !item.values.iter().any(|(value, _)| *value == super::item::Scalar::Null)
    };
    (list.field == item.field && list.modifiers == item.modifiers && lists(list) && lists(item)).then_some(list)
}

/// The item, if `item` asks the same question of the same field, so that both are one list under `all`.
fn joinable<'a>(part: &'a mut Part, item: &Item) -> Option<&'a mut Item> {
    let Part::Item(list) = part else { return None };
    let question = |item: &Item| item.modifiers.iter().copied().filter(|one| *one != "all").collect::<Vec<_>>();
    let searches = |item: &Item| {
        let alone = item.values.len() == 1 || item.modifiers.contains(&"all");
        alone && item.modifiers.first() == Some(&"contains")
    };
    (list.field == item.field && question(list) == question(item) && searches(list) && searches(item)).then_some(list)
}

fn one_or(mut parts: Vec<Part>, several: impl FnOnce(Vec<Part>) -> Part) -> Part {
    if parts.len() == 1 { parts.remove(0) } else { several(parts) }
}

struct Builder {
    selections: Vec<Selection>,
    /// The names of all selections.
    names: BTreeSet<String>,
    /// The last number that a name was given for a namesake.
    numbers: BTreeMap<String, usize>,
}

impl Builder {
    /// Parts that must all hold, none of them a conjunction, as terms of a conjunction.
    fn conjunction(&mut self, parts: Vec<Part>, prefix: &str) -> Vec<Text> {
        let mut map: Vec<Item> = Vec::new();
        let mut rest = Vec::new();
        for part in parts {
            match part {
                // A key stands once in a mapping.
                Part::Item(item) if map.iter().all(|other| other.key() != item.key()) => map.push(item),
                other @ (Part::Item(_) | Part::Not(_) | Part::All(..) | Part::Any(..)) => rest.push(other),
            }
        }
        let alone = rest.is_empty() || map.is_empty() && rest.len() == 1;
        let mut terms = Vec::new();
        if !map.is_empty() {
            let name = if alone { prefix.to_owned() } else { suffixed(prefix, &map[0].field) };
            terms.push(self.select(&name, vec![map]));
        }
        for part in rest {
            terms.push(self.term(part, prefix, alone));
        }
        terms
    }

    /// The whole condition, where it is one disjunction that no selection can say.
    fn alone(&mut self, part: &Part) -> Option<Text> {
        (matches!(part, Part::Any(..)) && maps(part).is_none()).then(|| self.nested(part.clone(), "selection"))
    }

    /// What must not hold.
    fn filters(&mut self, parts: Vec<Part>) -> Vec<Text> {
        let parts: Vec<Part> = parts.into_iter().map(not).collect();
        let several = parts.len() > 1 && parts.iter().all(|part| maps(part).is_some());
        let mut names = Vec::with_capacity(parts.len());
        for part in parts {
            let name = match (maps(&part), &part) {
                (Some(maps), _) => {
                    let name = suffixed("filter_main", &maps[0][0].field);
                    self.select(&name, maps)
                }
                (None, _) => self.nested(part, "filter_part").parenthesised(),
            };
            names.push(name);
        }
        if several {
            // Every filter's name has the prefix, and nothing else has.
            let origins =
                names.iter().flat_map(Text::pieces).fold(Origins::none(), |all, piece| all.and(&piece.origins));
            return vec![Text::piece("not 1 of filter_main_*", origins)];
        }
        names.into_iter().map(|name| Text::glue("not ").then(name)).collect()
    }

    /// A part as one operand of `and` or `not`.
    fn term(&mut self, part: Part, prefix: &str, alone: bool) -> Text {
        if let Some(maps) = maps(&part) {
            let name = if alone { prefix.to_owned() } else { suffixed(prefix, &maps[0][0].field) };
            let origins = match part {
                Part::Any(_, origins) | Part::All(_, origins) => origins,
                Part::Item(_) | Part::Not(_) => Origins::none(),
            };
            return self.select(&name, maps).with_origins(&origins);
        }
        match part {
            Part::Not(inner) => Text::glue("not ").then(self.term(*inner, prefix, false)),
            Part::Item(_) | Part::All(..) | Part::Any(..) => self.nested(part, prefix).parenthesised(),
        }
    }

    /// A conjunction or disjunction that no selection can say alone, without parentheses around it.
    fn nested(&mut self, part: Part, prefix: &str) -> Text {
        match part {
            Part::All(parts, origins) => {
                let terms = self.conjunction(parts, &format!("{prefix}_all"));
                Text::join(terms, &Text::piece(" and ", origins.clone())).with_origins(&origins)
            }
            Part::Any(parts, origins) => {
                let (simple, rest): (Vec<Part>, Vec<Part>) =
                    parts.into_iter().partition(|part| mapping(part).is_some());
                let mut terms = Vec::new();
                if !simple.is_empty() {
                    let maps: Vec<Vec<Item>> = simple.iter().filter_map(mapping).collect();
                    terms.push(self.select(&suffixed(prefix, &maps[0][0].field), maps));
                }
                for part in rest {
                    terms.push(self.term(part, prefix, false));
                }
                Text::join(terms, &Text::piece(" or ", origins.clone())).with_origins(&origins)
            }
            Part::Item(_) | Part::Not(_) => self.term(part, prefix, false),
        }
    }

    /// Adds a selection, under another name where the name is taken; its name stands for nothing in the source.
    fn select(&mut self, name: &str, maps: Vec<Vec<Item>>) -> Text {
        let mut unique = name.to_owned();
        let mut number = self.numbers.get(name).copied().unwrap_or(1);
        while !self.names.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        self.numbers.insert(name.to_owned(), number);
        self.selections.push(Selection { name: unique.clone(), maps });
        Text::glue(&unique)
    }
}

/// The mappings of one selection that says this part, if one can.
fn maps(part: &Part) -> Option<Vec<Vec<Item>>> {
    match part {
        Part::Any(parts, _) => parts.iter().map(mapping).collect(),
        Part::Item(_) | Part::All(..) | Part::Not(_) => Some(vec![mapping(part)?]),
    }
}

/// The one mapping that says this part, if there is one.
fn mapping(part: &Part) -> Option<Vec<Item>> {
    match part {
        Part::Item(item) => Some(vec![item.clone()]),
        Part::All(parts, origins) => {
            let mut map: Vec<Item> = Vec::with_capacity(parts.len());
            for part in parts {
                match part {
                    Part::Item(item) if map.iter().all(|other| other.key() != item.key()) => {
                        let mut item = item.clone();
                        item.origins.extend(origins);
                        map.push(item);
                    }
                    Part::Item(_) | Part::Not(_) | Part::All(..) | Part::Any(..) => return None,
                }
            }
            Some(map)
        }
        Part::Not(_) | Part::Any(..) => None,
    }
}

/// `selection` and a field as `selection_commandline`.
fn suffixed(prefix: &str, field: &str) -> String {
    let mut name = format!("{prefix}_");
    for letter in field.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name.trim_end_matches('_').to_owned()
}
