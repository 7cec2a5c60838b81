use siemaphore::rule::{self, Loaded};
use std::{fs, path::PathBuf};
fn files(folder: &std::path::Path, into: &mut Vec<PathBuf>) {
    let mut e: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    e.sort();
    for e in e {
        if e.is_dir() { files(&e, into) } else { into.push(e) }
    }
}
fn main() {
    let root = PathBuf::from(std::env::args().nth(1).unwrap());
    let mut paths = Vec::new();
    files(&root, &mut paths);
    for p in paths {
        let name = p.strip_prefix(&root).unwrap().display().to_string();
        let bytes = fs::read(&p).unwrap();
        let parts = if name.ends_with("json") {
            rule::load_arm(&name, &bytes).into_iter().map(|p| p.loaded).collect()
        } else {
            vec![rule::load(&name, &bytes)]
        };
        for l in parts {
            match l {
                Loaded::Rule { source, diagnostics, .. } => {
                    println!("ok\t{name}");
                    for d in diagnostics {
                        let l = source.locate(d.place);
                        println!("  w\t{}\t{}\t{}:{}\t{name}", d.code.name(), d.message, l.line, l.column);
                    }
                }
                Loaded::NotARule { reason } => println!("skipped\t{name}\t{reason}"),
                Loaded::Broken { source, diagnostics } => {
                    println!("error\t{name}");
                    for d in diagnostics {
                        let l = source.locate(d.place);
                        println!(
                            "  {}\t{}\t{}\t{}:{}\t{name}",
                            if d.is_error() { "E" } else { "w" },
                            d.code.name(),
                            d.message,
                            l.line,
                            l.column
                        );
                    }
                }
            }
        }
    }
}
