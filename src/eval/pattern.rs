//! Regular expressions, compiled once for each pattern.
//!
//! KQL documents its syntax as that of the `regex` crate: <https://learn.microsoft.com/kusto/query/regex>.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;

/// More patterns than any query holds; patterns computed from rows must not pile up.
const CACHED_PATTERNS: usize = 256;

thread_local! {
    static CACHE: RefCell<HashMap<String, Option<Rc<Regex>>>> = RefCell::new(HashMap::new());
}

/// The compiled pattern; none when it is malformed or too large.
pub fn compile(pattern: &str) -> Option<Rc<Regex>> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(known) = cache.get(pattern) {
            return known.clone();
        }
        if cache.len() >= CACHED_PATTERNS {
            cache.clear();
        }
        let compiled = Regex::new(pattern).ok().map(Rc::new);
        cache.insert(pattern.to_owned(), compiled.clone());
        compiled
    })
}

/// Whether the pattern occurs in the text; one that does not compile occurs nowhere.
pub fn is_match(pattern: &str, text: &str) -> bool {
    compile(pattern).is_some_and(|pattern| pattern.is_match(text))
}
