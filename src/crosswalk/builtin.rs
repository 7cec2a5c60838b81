//! The tables that come with the program: their files, embedded, and each read once, when first asked for.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use super::{Table, file};
use crate::yaml;

/// An embedded file.
#[derive(Debug)]
pub(super) struct Builtin {
    text: &'static str,
    table: OnceLock<Table>,
}

impl Builtin {
    /// The table it defines.
    pub(super) fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            let file: file::TableFile = yaml::from_data(self.text).expect("a test reads every embedded table");
            file.table()
        })
    }

    /// The file's text.
    pub(super) fn text(&self) -> &'static str {
        self.text
    }
}

/// The embedded files, by the names of their tables.
pub(super) fn tables() -> BTreeMap<&'static str, &'static Builtin> {
    FILES.iter().map(|(name, builtin)| (*name, builtin)).collect()
}

macro_rules! files {
    ($($name:literal)*) => {
        vec![$(($name, Builtin {
            text: include_str!(concat!("../../crosswalk/", $name, ".yaml")),
            table: OnceLock::new(),
        })),*]
    };
}

static FILES: LazyLock<Vec<(&'static str, Builtin)>> = LazyLock::new(|| {
    files! {
        "AADNonInteractiveUserSignInLogs"
        "AuditLogs"
        "AzureActivity"
        "CommonSecurityLog"
        "DeviceEvents"
        "DeviceFileCertificateInfo"
        "DeviceFileEvents"
        "DeviceImageLoadEvents"
        "DeviceLogonEvents"
        "DeviceNetworkEvents"
        "DeviceProcessEvents"
        "DeviceRegistryEvents"
        "DnsEvents"
        "EmailEvents"
        "Event"
        "OfficeActivity"
        "SecurityEvent"
        "SigninLogs"
        "Syslog"
    }
});
