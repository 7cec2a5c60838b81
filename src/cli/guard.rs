//! A bug in one rule must not take the others with it: panics are caught, and told as what they are.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

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
pub(super) fn watch<T>(work: impl FnOnce() -> T) -> Result<T, Bug> {
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
