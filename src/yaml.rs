//! The only file that names a YAML library.

use serde::de::DeserializeOwned;

/// Why a data file could not be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct DataError {
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Reads a data file of our own: crosswalk, profile.
pub fn from_data<T: DeserializeOwned>(text: &str) -> Result<T, DataError> {
    serde_yaml::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        DataError { message: error.to_string(), line, column }
    })
}
