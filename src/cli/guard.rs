//! A bug in one rule must not take the others with it: panics are caught, and told as what they are.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// A panic: what it said and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bug {
    pub message: String,
    pub place: String,
}

thread_local! {
    /// The last panic of this thread.
    static LAST: RefCell<Option<Bug>> = const { RefCell::new(None) };
}

/// Runs what may hold a bug.
pub(super) fn watch<T>(work: impl FnOnce() -> T) -> Result<T, Bug> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let payload = info.payload();
            let message = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = message.or_else(|| payload.downcast_ref::<String>().cloned());
            let message = message.unwrap_or_else(|| "a panic without message".to_owned());
            let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
            LAST.with(|last| *last.borrow_mut() = Some(Bug { message, place }));
        }));
    });
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let unknown = || Bug { message: "a panic on another thread".to_owned(), place: String::new() };
        LAST.with(|last| last.borrow_mut().take()).unwrap_or_else(unknown)
    })
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
