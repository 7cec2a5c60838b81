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
        "AADManagedIdentitySignInLogs"
        "AADNonInteractiveUserSignInLogs"
        "AADRiskyUsers"
        "AADServicePrincipalRiskEvents"
        "AADServicePrincipalSignInLogs"
        "AADSignInEventsBeta"
        "AADSpnSignInEventsBeta"
        "AADUserRiskEvents"
        "ADFSSignInLogs"
        "ADOAuditLogs_CL"
        "AIAgentsInfo"
        "AKSAudit"
        "AKSAuditAdmin"
        "ASimAuditEventLogs"
        "ASimAuthenticationEventLogs"
        "ASimDhcpEventLogs"
        "ASimDnsActivityLogs"
        "ASimFileEventLogs"
        "ASimNetworkSessionLogs"
        "ASimProcessEventLogs"
        "ASimRegistryEventLogs"
        "ASimUserManagementActivityLogs"
        "ASimWebSessionLogs"
        "AWSCloudTrail"
        "AWSGuardDuty"
        "AWSVPCFlow"
        "AZFWApplicationRule"
        "AZFWDnsQuery"
        "AZFWFlowTrace"
        "AZFWIdpsSignature"
        "AZFWNatRule"
        "AZFWNetworkRule"
        "AZFWThreatIntel"
        "AZKVAuditLogs"
        "AgentsInfo"
        "AlertEvidence"
        "AlertInfo"
        "Anomalies"
        "ApiManagementGatewayLogs"
        "AppServiceAntivirusScanAuditLogs"
        "AppServiceAuditLogs"
        "AppServiceHTTPLogs"
        "AppServiceIPSecAuditLogs"
        "AppTraces"
        "AuditLogs"
        "AwsBucketAPILogs_CL"
        "AzureActivity"
        "AzureDevOpsAuditing"
        "AzureDiagnostics"
        "AzureNetworkAnalytics_CL"
        "BehaviorAnalytics"
        "BehaviorEntities"
        "BehaviorInfo"
        "CarbonBlackEvents_CL"
        "CarbonBlackNotifications_CL"
        "Cisco_Meraki_CL"
        "Cisco_Umbrella_dns_CL"
        "CloudAppEvents"
        "CloudAppRiskCatalog_CL"
        "CloudAuditEvents"
        "CloudProcessEvents"
        "Cloudflare"
        "CommonSecurityLog"
        "ConfigurationChange"
        "ContainerLog"
        "ContainerRegistryLoginEvents"
        "ContainerRegistryRepositoryEvents"
        "CopilotActivity"
        "CyberpionActionItems_CL"
        "DataverseActivity"
        "DeviceBaselineComplianceAssessment"
        "DeviceBaselineComplianceAssessmentKB"
        "DeviceEvents"
        "DeviceFileCertificateInfo"
        "DeviceFileEvents"
        "DeviceImageLoadEvents"
        "DeviceInfo"
        "DeviceLogonEvents"
        "DeviceNetworkEvents"
        "DeviceNetworkInfo"
        "DeviceProcessEvents"
        "DeviceRegistryEvents"
        "DeviceTvmBrowserExtensions"
        "DeviceTvmBrowserExtensionsKB"
        "DeviceTvmCertificateInfo"
        "DeviceTvmHardwareFirmware"
        "DeviceTvmInfoGathering"
        "DeviceTvmInfoGatheringKB"
        "DeviceTvmSecureConfigurationAssessment"
        "DeviceTvmSecureConfigurationAssessmentKB"
        "DeviceTvmSoftwareEvidenceBeta"
        "DeviceTvmSoftwareInventory"
        "DeviceTvmSoftwareVulnerabilities"
        "DeviceTvmSoftwareVulnerabilitiesKB"
        "DisruptionAndResponseEvents"
        "DnsEvents"
        "DockerFlow_CL"
        "Dynamics365Activity"
        "EmailAttachmentInfo"
        "EmailEvents"
        "EmailPostDeliveryEvents"
        "EmailUrlInfo"
        "EntraIdSignInEvents"
        "Event"
        "ExposureGraphEdges"
        "ExposureGraphNodes"
        "FileMaliciousContentInfo"
        "GCPAuditLogs"
        "GitHubAuditLogPolling_CL"
        "GoogleCloudSCC"
        "GraphAPIAuditEvents"
        "Heartbeat"
        "HuntingBookmark"
        "IdentityAccountInfo"
        "IdentityDirectoryEvents"
        "IdentityInfo"
        "IdentityLogonEvents"
        "IdentityQueryEvents"
        "IntuneAuditLogs"
        "IntuneDeviceComplianceOrg"
        "IntuneDevices"
        "IntuneOperationalLogs"
        "LAQueryLogs"
        "LLMActivity"
        "Maester_CL"
        "McasShadowItReporting"
        "MessageEvents"
        "MessagePostDeliveryEvents"
        "MessageUrlInfo"
        "MicrosoftAzureBastionAuditLogs"
        "MicrosoftGraphActivityLogs"
        "NetworkAccessTraffic"
        "OAuthAppInfo"
        "OfficeActivity"
        "OktaV2_CL"
        "Okta_CL"
        "Operation"
        "Perf"
        "PowerAppsActivity"
        "PowerBIActivity"
        "PowerPlatformAdminActivity"
        "PowerPlatformConnectorActivity"
        "ProofPointTAPClicksPermitted_CL"
        "ProofPointTAPMessagesDelivered_CL"
        "ProtectionStatus"
        "QualysHostDetection_CL"
        "RegisteredDomains_CL"
        "Samsung_Knox_User_CL"
        "SecurityAlert"
        "SecurityEvent"
        "SecurityIncident"
        "SecurityIoTRawEvent"
        "SecurityNestedRecommendation"
        "SecurityRecommendation"
        "SenservaPro_CL"
        "SentinelAudit"
        "SentinelHealth"
        "SigninLogs"
        "SlackAudit"
        "StorageBlobLogs"
        "StorageFileLogs"
        "StorageQueueLogs"
        "StorageTableLogs"
        "Syslog"
        "Sysmon"
        "TailscaleAudit_CL"
        "ThreatIntelIndicators"
        "ThreatIntelObjects"
        "ThreatIntelligenceIndicator"
        "TrendMicro_XDR_CL"
        "Update"
        "UpdateSummary"
        "UrlClickEvents"
        "Usage"
        "UserPeerAnalytics"
        "VMComputer"
        "VMConnection"
        "VMProcess"
        "W3CIISLog"
        "Watchlist"
        "WindowsEvent"
        "WindowsFirewall"
        "WireData"
        "blacklens_CL"
        "eset_CL"
        "http_proxy_oab_CL"
        "pfsense_logstash_CL"
        "psfsense_logstash_CL"
    }
});
