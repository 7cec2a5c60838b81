//! Tokens: what the lexer makes of a text, and which words are reserved.

use crate::span::Span;

/// A piece of the text. All of them together, in order, are the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands; never empty.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// White space, line breaks included.
    Whitespace,
    /// `// …` up to the end of the line.
    Comment,
    /// A name, or a word that is a keyword in some places and a name in all others.
    Name,
    /// A word that is no name, dashes included: `project-away`, `!contains`, `matches regex`.
    Keyword,
    /// `true`, `False`.
    Bool,
    /// `12`, `0x1F`.
    Long,
    /// `1.5`, `1e9`.
    Real,
    /// `1d`, `1.5h`.
    TimeSpan,
    /// A string in any of its forms.
    String {
        /// Whether its closing quote is there and its escapes are known ones.
        well_formed: bool,
    },
    /// A literal with its type: `datetime(2020-01-01)`, `guid(…)`; never `dynamic`.
    Typed {
        /// Whether its closing parenthesis is there.
        closed: bool,
    },
    /// A bare UUID.
    Guid,
    /// `#connect …` up to the end of the line.
    Directive,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `|`
    Pipe,
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// `:`
    Colon,
    /// `=`
    Assign,
    /// `=>`
    Arrow,
    /// `==`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `=~`
    EqualFold,
    /// `!~`
    NotEqualFold,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `@`
    At,
    /// `?`
    Question,
    /// A character that is not part of the language.
    Unknown,
}

impl TokenKind {
    /// Whether the parser does not see it.
    pub fn is_trivia(self) -> bool {
        matches!(self, TokenKind::Whitespace | TokenKind::Comment)
    }
}

/// Words that are never a name, and are not taken for one where an assignment names its column.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "!between", "!contains", "!contains_cs", "!endswith", "!endswith_cs", "!has", "!has_cs", "!hasprefix",
    "!hasprefix_cs", "!hassuffix", "!hassuffix_cs", "!in", "!in~", "!startswith", "!startswith_cs", "3Dchart",
    "__contextual_datatable", "__crossCluster", "__crossDB", "__executeAndCache", "__id", "__isFuzzy",
    "__noWithSource", "__packedColumn", "__projectAway", "__sourceColumnIndex", "and", "anomalychart", "areachart",
    "asc", "assert-schema", "bagexpansion", "barchart", "between", "bin_legacy", "boolean", "byte", "cachingpolicy",
    "callout", "cancel", "card", "char", "columnchart", "contains_cs", "containscs", "cycles", "dataexport",
    "datascope", "date", "datetime", "decimal", "decodeblocks", "desc", "double", "dynamic", "encodingpolicy",
    "endswith", "endswith_cs", "expandoutput", "extent_tags_retention", "external_data", "first", "flags", "float",
    "force_remote", "granny-asc", "granny-desc", "graph-mark-components", "graph-match", "graph-shortest-paths",
    "graph-to-table", "graph-where-edges", "graph-where-nodes", "harddelete", "hardretention", "has_all", "has_any",
    "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "hotcache", "int", "int16", "int32",
    "int64", "int8", "in~", "isfuzzy", "journal", "kind", "ladderchart", "last", "like", "likecs", "linechart",
    "long", "macro-expand", "make-graph", "make-series", "matches regex", "materialized-view-combine", "missing",
    "mv-apply", "mv-expand", "nooptimization", "notcontains", "notcontainscs", "notlike", "notlikecs", "or",
    "others", "parse-kv", "parse-where", "partitioned-by", "pathformat", "piechart", "pivotchart", "project",
    "project-away", "project-by-names", "project-keep", "project-rename", "project-reorder", "project-smart",
    "queries", "query_results", "real", "relaxed", "restricted_view_access", "row_level_security", "rowstore",
    "rowstore_references", "rowstore_sealinfo", "rowstorepolicy", "rowstores", "scatterchart", "seal", "seals",
    "shards", "simple", "softdelete", "softretention", "stackedareachart", "startswith", "startswith_cs",
    "statistics", "storedqueryresultcontainers", "string", "tablepurge", "time", "timechart", "timeline",
    "timepivot", "timespan", "treemap", "uint", "uint16", "uint32", "uint64", "uint8", "ulong", "union", "uniqueid",
    "unrestrictedviewers", "views", "with_itemindex", "with_match_id", "with_source", "with_step_name",
    "withsource", "writeaheadlog",
];

/// Words that are not names in an expression, but may name the column of an assignment.
#[rustfmt::skip]
const RESERVED_BUT_ASSIGNABLE: &[&str] = &[
    "accumulate", "as", "by", "contains", "datatable", "earliest", "externaldata", "find", "has", "in", "invoke",
    "latest", "materialize", "mdm", "of", "print", "sample", "sample-distinct", "search", "set", "sql", "title",
    "to", "top-hitters", "top-nested", "toscalar", "totable", "verbose", "viewers", "where",
];

/// Whether a word is a keyword wherever it stands.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok() || is_assignable(word)
}

/// Whether a reserved word may still stand left of `=` to name a column.
pub fn is_assignable(word: &str) -> bool {
    RESERVED_BUT_ASSIGNABLE.binary_search(&word).is_ok()
}

/// Whether a word is written as a name without brackets and quotes.
pub fn is_plain_name(word: &str) -> bool {
    let mut bytes = word.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_' || first == b'$');
    starts
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !is_reserved(word)
        && !matches!(word, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

#[cfg(test)]
mod tests {
    use super::{RESERVED, RESERVED_BUT_ASSIGNABLE};

    #[test]
    fn word_lists_are_in_order() {
        assert!(RESERVED.is_sorted());
        assert!(RESERVED_BUT_ASSIGNABLE.is_sorted());
    }
}
