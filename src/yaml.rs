//! Reading and writing YAML: the only file that names a YAML library.
//!
//! Three doors. [`from_data`] reads our own data files into types. [`read`] reads what users wrote, as a tree that
//! knows where each value stands and how it was spelled. [`quote`], [`quote_single`] and [`block`] write a text so
//! that every reader, of YAML 1.1 or 1.2, gets the same text back.

mod write;

pub use write::{block, quote, quote_double, quote_single};

use serde::de::DeserializeOwned;

/// Why a data file cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct DataError {
    /// What is wrong, without the position.
    pub message: String,
    /// Line, from 1; 1 when the reader does not know it.
    pub line: usize,
    /// Column, from 1; 1 when the reader does not know it.
    pub column: usize,
}

/// Reads one of our own data files (crosswalk, profile).
///
/// # Errors
///
/// When the text is not YAML or does not fit the type.
pub fn from_data<T: DeserializeOwned>(text: &str) -> Result<T, DataError> {
    // The reader takes a byte order mark for indentation.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        // The reader repeats the position in its message.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        DataError { message, line, column }
    })
}
