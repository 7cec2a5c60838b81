//! What README and the reference show is what the program prints.

use assert_cmd::Command;

fn siemaphore(arguments: &[&str]) -> (String, String) {
    let done =
        Command::cargo_bin("siemaphore").expect("the binary is built").args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    (text(done.stdout), text(done.stderr))
}

/// The text between a marker and the next end marker.
fn block<'a>(readme: &'a str, marker: &str) -> &'a str {
    let (_, rest) = readme.split_once(marker).unwrap_or_else(|| panic!("README has no {marker}"));
    let (block, _) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{marker} has no end"));
    block.trim_matches('\n')
}

#[test]
fn the_table_of_targets_is_that_of_the_code() {
    let readme = include_str!("../README.md");
    let (table, _) = siemaphore(&["list", "targets", "--format", "markdown"]);
    assert_eq!(block(readme, "<!-- table: targets -->"), table.trim_end());
}

#[test]
fn examples_print_what_they_show() {
    for name in ["convert", "test"] {
        example(name);
    }
}

#[track_caller]
fn example(name: &str) {
    let shown = block(include_str!("../README.md"), &format!("<!-- example: {name} -->"));
    let shown = shown.trim_start_matches("```console\n").trim_end_matches("\n```");
    let (command, output) = shown.split_once('\n').expect("a command and its output");
    let arguments: Vec<&str> =
        command.strip_prefix("$ siemaphore ").expect("the example runs siemaphore").split(' ').collect();
    let (out, err) = siemaphore(&arguments);
    assert_eq!(output, format!("{out}{err}").trim_end());
}

#[test]
fn the_reference_of_codes_is_that_of_the_program() {
    let (reference, _) = siemaphore(&["list", "codes", "--format", "markdown"]);
    let is_fresh = include_str!("../docs/codes.md") == reference;
    assert!(is_fresh, "stale: write `siemaphore list codes --format markdown` to docs/codes.md");
}
