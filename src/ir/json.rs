//! The IR as JSON, for those who look into it: the fields and variants of its types, in lower case. What has a name in
//! KQL is written by that name.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use super::{AggregateFunction, Function, Type};

macro_rules! by_name {
    ($($type:ty)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    )*};
}

by_name!(AggregateFunction Function Type);

/// For types of other crates: as they are shown.
pub(super) fn shown<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
