//! A bug in one rule must not take the others with it: panics are caught, and told as what they are.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use anyhow::{Context, Result};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

/// Nesting is limited where rules are read; the limits fit this stack in builds without optimisation too.
const STACK_BYTES: usize = 64 << 20;

/// A panic: what it said and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bug {
    pub message: String,
    pub place: String,
}

thread_local! {
    /// Whether this thread's panics are caught, and the last of them.
    static WATCHED: RefCell<(bool, Option<Bug>)> = const { RefCell::new((false, None)) };
}

/// Runs what may hold a bug.
pub(super) fn watch<T>(work: impl FnOnce() -> T) -> std::result::Result<T, Bug> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_watched = WATCHED.with_borrow_mut(|(is_watched, last)| {
                if *is_watched {
                    *last = Some(Bug::new(info));
                }
                *is_watched
            });
            if !is_watched {
                others(info);
            }
        }));
    });
    let was_watched = WATCHED.with_borrow_mut(|(is_watched, _)| std::mem::replace(is_watched, true));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    WATCHED.with_borrow_mut(|(is_watched, last)| {
        *is_watched = was_watched;
        let unknown = || Bug { message: "a panic on another thread".to_owned(), place: String::new() };
        result.map_err(|_| last.take().unwrap_or_else(unknown))
    })
}

/// Runs what may hold a bug on each item, `jobs` at a time (0: one for each processor); the results in order.
pub(super) fn watch_all<I: Sync, T: Send>(
    items: &[I],
    jobs: usize,
    work: impl Fn(&I) -> T + Sync,
) -> Result<Vec<std::result::Result<T, Bug>>> {
    let pool = ThreadPoolBuilder::new().num_threads(jobs).stack_size(STACK_BYTES).build();
    let pool = pool.context("cannot start the threads that read rules")?;
    Ok(pool.install(|| items.par_iter().map(|item| watch(|| work(item))).collect()))
}

impl Bug {
    fn new(info: &PanicHookInfo) -> Bug {
        let payload = info.payload();
        let message = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = message.or_else(|| payload.downcast_ref::<String>().cloned());
        let message = message.unwrap_or_else(|| "a panic without message".to_owned());
        let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        Bug { message, place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message() {
        let bug = watch(|| -> u8 { panic!("no {}", "way") }).unwrap_err();
        assert_eq!(bug.message, "no way");
        assert!(bug.place.contains("guard.rs:"), "{}", bug.place);
        assert_eq!(watch(|| 1), Ok(1));
    }
}
