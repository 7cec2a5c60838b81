//! Rules in deployment templates: as the portal exports them, as our own Sentinel back end writes them, and as Microsoft's
//! packages hold them.
//!
//! A resource is put in the words of a rule file, every value at its own place, and then read as one: whatever holds for
//! rule files holds for templates. What a resource cannot say (author, references, tags) a rule read from it does not
//! have; what is no part of a rule (workspace, API version, dates) is left out.
//! <https://learn.microsoft.com/azure/templates/microsoft.securityinsights/alertrules>,
//! <https://learn.microsoft.com/azure/templates/microsoft.operationalinsights/workspaces/savedsearches>.

mod expression;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use expression::{Open, Scope, UNKNOWN, budget, entry, expression_of, text_node};

use super::fields::{Fields, Reader};
use super::load::{Loaded, decode, file_stem, finish, read_rule};
use super::many::{self, Part};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Place, SourceMap, Span};
use crate::yaml::{self, Node, NodeKind};

/// Reads every rule of a template in JSON.
///
/// There is always at least one part: a file without rules is one that is no rule.
pub fn load_arm(label: &str, bytes: &[u8]) -> Vec<Part> {
    let one = |loaded| vec![Part { path: None, loaded }];
    let text = match decode(label, bytes) {
        Ok(text) => text,
        Err(broken) => return one(*broken),
    };
    let source = SourceMap::new(label, text);
    if !mentions_rules(source.text()) {
        return one(Loaded::NotARule { reason: "the file names no resource that is a rule" });
    }
    match yaml::read_json(source.text()) {
        Ok(root) => load_template(&source, &root),
        Err(error) => {
            let code = if error.is_limit { Code::TooLarge } else { Code::NotJson };
            let diagnostics = vec![Diagnostic::error(code, Place::File(error.span), error.message)];
            one(Loaded::Broken { source, diagnostics })
        }
    }
}

/// Whether a text can hold a rule at all: there is far more JSON than templates.
fn mentions_rules(text: &str) -> bool {
    const NAMES: [&[u8]; 3] = [b"alertrules", b"alertruletemplates", b"savedsearches"];
    let bytes = text.as_bytes();
    (0..bytes.len()).filter(|at| matches!(bytes[*at], b'a' | b'A' | b's' | b'S')).any(|at| {
        NAMES.iter().any(|name| bytes.get(at..at + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)))
    })
}

/// Whether a mapping is a template: it lists resources, at least one of them with a type.
pub fn is_template(root: &Node) -> bool {
    let typed = |node: &Node| entry(node, "type").is_some() && entry(node, "properties").is_some();
    entry(root, "resources").is_some_and(|resources| members(resources).into_iter().any(typed))
}

/// Reads every rule of a template.
pub fn load_template(source: &SourceMap, root: &Node) -> Vec<Part> {
    let budget = Cell::new(budget(source.text()));
    let mut found = Vec::new();
    let scope = Scope { template: root, outer: None, budget: &budget };
    // A resource alone, cut out of a template.
    if resource_kind(root, WORKSPACE).is_some() {
        found.push(read_resource(source, root, WORKSPACE, &scope, None));
    } else {
        collect(source, &scope, "", None, &mut found);
    }
    if found.is_empty() {
        found.push(Loaded::NotARule { reason: "the template has no rule" });
    }
    many::parts(file_stem(source.label()), found)
}

/// What saved searches are resources in.
const WORKSPACE: &str = "microsoft.operationalinsights/workspaces";

/// What a resource is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResourceKind {
    AlertRule,
    AlertRuleTemplate,
    SavedSearch,
}

/// The resource's kind, if it is one that can hold a rule. Resources in a resource have types relative to its own.
fn resource_kind(resource: &Node, parent: &str) -> Option<ResourceKind> {
    let full = full_type(resource, parent)?;
    let is_ours =
        full.starts_with("microsoft.securityinsights/") || full.starts_with("microsoft.operationalinsights/");
    match full.rsplit('/').next() {
        Some("alertrules") if is_ours => Some(ResourceKind::AlertRule),
        Some("alertruletemplates") if is_ours => Some(ResourceKind::AlertRuleTemplate),
        Some("savedsearches") if is_ours => Some(ResourceKind::SavedSearch),
        _ => None,
    }
}

fn full_type(resource: &Node, parent: &str) -> Option<String> {
    let own = entry(resource, "type")?.as_scalar()?.text.to_ascii_lowercase();
    // Only a full type has a name space with a dot in it.
    let is_full = own.split('/').next().is_some_and(|first| first.contains('.'));
    Some(if is_full || parent.is_empty() { own } else { format!("{parent}/{own}") })
}

/// The resources of a list, or of a mapping from symbolic names.
fn members(resources: &Node) -> Vec<&Node> {
    match &resources.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        NodeKind::Mapping(entries) => entries.iter().map(|(_, value)| value).collect(),
        NodeKind::Scalar(_) => Vec::new(),
    }
}

/// Reads the rules below a template or resource, in the order of the file. The reader's own limit on depth limits this.
fn collect(source: &SourceMap, scope: &Scope<'_>, parent: &str, content: Option<&Node>, found: &mut Vec<Loaded>) {
    collect_below(source, scope.template, scope, parent, content, found);
}

fn collect_below(
    source: &SourceMap,
    owner: &Node,
    scope: &Scope<'_>,
    parent: &str,
    content: Option<&Node>,
    found: &mut Vec<Loaded>,
) {
    for resource in entry(owner, "resources").map(members).unwrap_or_default() {
        if resource_kind(resource, parent).is_some() {
            found.push(read_resource(source, resource, parent, scope, content));
            continue;
        }
        let full = full_type(resource, parent).unwrap_or_default();
        let properties = entry(resource, "properties");
        // Packages wrap each rule in a template of its own, deployments may be nested.
        for name in ["mainTemplate", "template"] {
            if let Some(template) = properties.and_then(|properties| entry(properties, name)) {
                let inner = Scope { template, outer: Some(scope), budget: scope.budget };
                collect(source, &inner, "", properties, found);
            }
        }
        collect_below(source, resource, scope, &full, content, found);
    }
}

fn read_resource(
    source: &SourceMap,
    resource: &Node,
    parent: &str,
    scope: &Scope<'_>,
    content: Option<&Node>,
) -> Loaded {
    let kind = resource_kind(resource, parent).unwrap_or(ResourceKind::AlertRule);
    let nothing = Node { span: resource.span, kind: NodeKind::Mapping(Vec::new()) };
    let properties = entry(resource, "properties").unwrap_or(&nothing);
    let mut words = Words { scope, entries: Vec::new(), errors: Vec::new() };
    match kind {
        ResourceKind::AlertRule | ResourceKind::AlertRuleTemplate => {
            words.put("kind", entry(resource, "kind"));
            // Fusion, machine learning, incidents of other products, threat intelligence: settings without a query.
            const WITH_QUERY: [&str; 2] = ["scheduled", "nrt"];
            let word = words.text("kind").unwrap_or_default().to_ascii_lowercase();
            if !word.is_empty() && !WITH_QUERY.contains(&word.as_str()) && entry(properties, "query").is_none() {
                return Loaded::NotARule { reason: "an alert rule of this kind has no query" };
            }
            words.analytics(properties);
        }
        ResourceKind::SavedSearch => {
            let category = entry(properties, "category").map(|category| scope.resolve_partly(category));
            let category = category.as_ref().and_then(Node::as_scalar).map_or("", |category| category.text.as_str());
            if !category.eq_ignore_ascii_case("Hunting Queries") {
                return Loaded::NotARule { reason: "a saved search of another category than `Hunting Queries`" };
            }
            words.hunting(properties);
        }
    }
    words.identity(resource, content);
    let Words { entries, errors, .. } = words;
    let mut reader = Reader::default();
    if !errors.is_empty() {
        for open in errors {
            let help = "write the value itself in its place, or export the rule from a workspace";
            reader.error(Code::Computed, Place::File(open.span), open.message, help);
        }
        return finish(reader, None, source.clone());
    }
    let fields = Fields::of_mapping(String::new(), resource.span, &entries);
    let (rule, query) = read_rule(&mut reader, fields, source.text());
    finish(reader, rule, source.clone().with_query(query))
}

/// Keys of an alert rule's properties that a rule file has under the same name.
const SAME: &[&str] = &[
    "description",
    "severity",
    "query",
    "queryFrequency",
    "queryPeriod",
    "triggerOperator",
    "triggerThreshold",
    "suppressionDuration",
    "suppressionEnabled",
    "tactics",
    "entityMappings",
    "sentinelEntitiesMappings",
    "customDetails",
    "alertDetailsOverride",
    "eventGroupingSettings",
    "incidentConfiguration",
    "status",
    "requiredDataConnectors",
];

/// Keys that say something about the deployed resource rather than about the rule.
const ABOUT_RESOURCE: &[&str] = &[
    "alertRuleTemplateName",
    "alertRulesCreatedByTemplateCount",
    "createdDateUTC",
    "displayName",
    "enabled",
    "eTag",
    "lastModifiedUtc",
    "lastUpdatedDateUTC",
    "startTimeUtc",
    "subTechniques",
    "techniques",
    "templateVersion",
    "version",
];

/// The words of a rule file that a resource comes to.
struct Words<'a> {
    scope: &'a Scope<'a>,
    entries: Vec<(Node, Node)>,
    errors: Vec<Open>,
}

impl Words<'_> {
    /// Gives a key its value, expressions computed.
    fn put(&mut self, name: &str, value: Option<&Node>) {
        let Some(value) = value else { return };
        match self.scope.resolve(value) {
            Ok(resolved) => self.push(name, value.span, resolved),
            Err(open) => {
                self.errors.push(Open { message: format!("`{name}` cannot be read: {}", open.message), ..open });
            }
        }
    }

    /// The key's place is that of the value: it has another name in the file.
    fn push(&mut self, name: &str, span: Span, value: Node) {
        self.entries.push((text_node(name, span), value));
    }

    fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.entries.iter().find(|(key, _)| key.as_scalar().is_some_and(|key| key.text == name))?;
        value.as_scalar().map(|scalar| scalar.text.clone())
    }

    fn analytics(&mut self, properties: &Node) {
        self.put("name", entry(properties, "displayName"));
        for name in SAME {
            self.put(name, entry(properties, name).filter(|value| !is_empty(value)));
        }
        self.put("version", entry(properties, "templateVersion"));
        // Whoever deploys decides on a parameter, whatever its default: the template leaves it open.
        let is_open = |value: &&Node| value.as_scalar().is_some_and(|scalar| expression_of(&scalar.text).is_some());
        self.put("enabled", entry(properties, "enabled").filter(|value| !is_open(value)));
        self.techniques(entry(properties, "techniques"), entry(properties, "subTechniques"));
        let NodeKind::Mapping(entries) = &properties.kind else { return };
        for (key, value) in entries {
            let Some(name) = key.as_scalar().map(|name| name.text.as_str()) else { continue };
            let is_known = SAME.iter().chain(ABOUT_RESOURCE).any(|known| known.eq_ignore_ascii_case(name));
            if !is_known && !value.is_null() {
                self.entries.push((key.clone(), value.clone()));
            }
        }
    }

    /// Techniques and sub-techniques as one list, as rule files have them. A sub-technique stands for its technique too.
    fn techniques(&mut self, techniques: Option<&Node>, subs: Option<&Node>) {
        let mut lists = [Vec::new(), Vec::new()];
        let mut span = None;
        for (list, given) in lists.iter_mut().zip([techniques, subs]) {
            let Some(given) = given else { continue };
            match self.scope.resolve(given) {
                Ok(Node { kind: NodeKind::Sequence(items), span: place }) => {
                    span = span.or(Some(place));
                    *list = items;
                }
                Ok(other) if other.is_null() => {}
                Ok(other) => {
                    span = span.or(Some(other.span));
                    list.push(other);
                }
                Err(open) => self.errors.push(open),
            }
        }
        let [techniques, mut subs] = lists;
        let text = |node: &Node| node.as_scalar().map(|scalar| scalar.text.clone()).unwrap_or_default();
        let mut all = Vec::new();
        for technique in techniques {
            let parent = format!("{}.", text(&technique));
            let (own, others) = subs.into_iter().partition(|sub| text(sub).starts_with(&parent));
            subs = others;
            let own: Vec<Node> = own;
            if own.is_empty() { all.push(technique) } else { all.extend(own) }
        }
        all.extend(subs);
        if let (Some(span), false) = (span, all.is_empty()) {
            self.push("relevantTechniques", span, Node { span, kind: NodeKind::Sequence(all) });
        }
    }

    /// A saved search: what an analytics rule has in properties stands in tags with a name and a value.
    fn hunting(&mut self, properties: &Node) {
        self.put("name", entry(properties, "displayName"));
        self.put("query", entry(properties, "query"));
        let Some(tags) = entry(properties, "tags") else { return };
        for tag in members(tags) {
            let (Some(name), Some(value)) = (entry(tag, "name"), entry(tag, "value")) else { continue };
            let name = name.as_scalar().map(|name| name.text.to_ascii_lowercase()).unwrap_or_default();
            match name.as_str() {
                "description" => self.put("description", Some(value)),
                "tactics" => self.put_list("tactics", value),
                "techniques" => self.put_list("relevantTechniques", value),
                // The portal's own: who made it, when, and the template it was made of.
                _ => {}
            }
        }
    }

    /// A list that stands in one text, with commas.
    fn put_list(&mut self, name: &str, value: &Node) {
        self.put(name, Some(value));
        let Some((_, value)) =
            self.entries.last_mut().filter(|(key, _)| key.as_scalar().is_some_and(|key| key.text == name))
        else {
            return;
        };
        let span = value.span;
        if let NodeKind::Scalar(scalar) = &value.kind {
            let parts = scalar.text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let items = parts.map(|part| text_node(part, span)).collect();
            *value = Node { span, kind: NodeKind::Sequence(items) };
        }
    }

    /// The id: that of the package's content, or the last part of the resource's name. The version of the content.
    fn identity(&mut self, resource: &Node, content: Option<&Node>) {
        let content_id = content.and_then(|content| entry(content, "contentId"));
        let name = content_id.or_else(|| entry(resource, "name"));
        if let Some(name) = name {
            let resolved = self.scope.resolve_partly(name);
            let text = resolved.as_scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
            let last = text.rsplit('/').next().unwrap_or_default().trim();
            if !last.is_empty() && !last.contains(UNKNOWN) {
                self.push("id", name.span, text_node(last, name.span));
            }
        }
        if self.text("version").is_none()
            && let Some(version) = content.and_then(|content| entry(content, "version"))
        {
            let version = self.scope.resolve_partly(version);
            if version.as_scalar().is_some_and(|version| !version.text.contains(UNKNOWN)) {
                self.push("version", version.span, version);
            }
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(scalar) => node.is_null() || scalar.text.is_empty(),
        NodeKind::Sequence(items) => items.is_empty(),
        NodeKind::Mapping(entries) => entries.is_empty(),
    }
}
