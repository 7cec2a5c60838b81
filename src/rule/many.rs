//! Files that hold several rules: their parts, and the paths of these.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Loaded;

/// A rule of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    /// Its path below the file's folder, without extension, where the file holds several: `file/name-of-the-rule`.
    pub path: Option<String>,
    /// The rule.
    pub loaded: Loaded,
}

/// What was found in a file, each with its path if there are several.
pub(super) fn parts(stem: &str, found: Vec<Loaded>) -> Vec<Part> {
    let is_single = found.len() <= 1;
    let paths = paths(stem, &found);
    found.into_iter().zip(paths).map(|(loaded, path)| Part { path: (!is_single).then_some(path), loaded }).collect()
}

/// The documents of a YAML stream, between lines that begin with `---` or `...`.
///
/// <https://yaml.org/spec/1.2.2/#92-streams>
pub(super) fn documents(text: &str) -> Vec<Range<usize>> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        let is_marker = |marker: &str| {
            content.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        };
        if is_marker("---") || is_marker("...") {
            documents.push(start..at);
            // What stands behind the marker belongs to the document that it begins.
            start = at;
        }
        at += line.len();
    }
    documents.push(start..text.len());
    let has_content = |document: &Range<usize>| {
        text[document.clone()].lines().any(|line| {
            let line = line.trim_start_matches("---").trim_start_matches("...").trim();
            !line.is_empty() && !line.starts_with(['#', '%'])
        })
    };
    documents.retain(has_content);
    documents
}

/// A text in which only one range is left; all else is blank, so that every place stays where it is.
pub(super) fn only(text: &str, range: &Range<usize>) -> String {
    let blank = |text: &str| -> String {
        text.chars()
            .map(
                |letter| {
                    if matches!(letter, '\n' | '\r') { letter.to_string() } else { " ".repeat(letter.len_utf8()) }
                },
            )
            .collect()
    };
    [blank(&text[..range.start]), text[range.clone()].to_owned(), blank(&text[range.end..])].concat()
}

/// A path for each rule: the file's name, and the rule's in small letters. Rules of one name have their ids besides,
/// so that none is called otherwise because another one comes or goes before it.
fn paths(stem: &str, found: &[Loaded]) -> Vec<String> {
    let names: Vec<String> = found
        .iter()
        .enumerate()
        .map(|(index, loaded)| match loaded {
            Loaded::Rule { rule, .. } => kebab(&rule.name.value),
            Loaded::NotARule { .. } | Loaded::Broken { .. } => format!("rule-{}", index + 1),
        })
        .collect();
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &names {
        *shared.entry(name).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let mut paths = Vec::new();
    for (name, loaded) in names.iter().zip(found) {
        let is_shared = shared.get(name.as_str()).is_some_and(|count| *count > 1);
        let base = match loaded {
            Loaded::Rule { rule, .. } if is_shared || name.is_empty() => {
                let id = kebab(&rule.id.value);
                if name.is_empty() { id } else { format!("{name}-{id}") }
            }
            _ => name.clone(),
        };
        let mut path = base.clone();
        let mut count = 1;
        while !taken.insert(path.clone()) {
            count += 1;
            path = format!("{base}-{count}");
        }
        paths.push(format!("{stem}/{path}"));
    }
    paths
}

/// Letters and digits, in small letters, with a dash for what is between them.
fn kebab(name: &str) -> String {
    const LENGTH: usize = 80;
    let mut text = String::new();
    for letter in name.chars().take(LENGTH) {
        if letter.is_alphanumeric() {
            text.extend(letter.to_lowercase());
        } else if !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
    }
    text.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{documents, only};

    #[test]
    fn documents_stand_between_markers() {
        let text = "# a\n---\na: é\n---  \n# none\n--- # x\r\nb: |\n  ---\n...\n";
        let found = documents(text);
        let parts: Vec<&str> = found.iter().map(|document| &text[document.clone()]).collect();
        assert_eq!(parts, ["---\na: é\n", "--- # x\r\nb: |\n  ---\n"]);
        let kept = only(text, &found[1]);
        assert_eq!((kept.len(), kept.lines().count()), (text.len(), text.lines().count()));
        assert_eq!(&kept[found[1].clone()], parts[1]);
        assert_eq!(kept.trim(), parts[1].trim());
    }
}
