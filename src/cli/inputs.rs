//! What `check` and `serve --manifests` read: files, folders with all below them, and standard input.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{model::Name, report::ReportError, source::Source};

/// What stands for standard input, in arguments and in reports.
const STDIN: &str = "-";

/// Reads every path: files as they are, folders recursively, each file once and in sorted order, whatever the order of the
/// paths. What cannot be read is an error beside the rest.
pub(super) fn read(paths: &[PathBuf]) -> (Vec<Source>, Vec<ReportError>) {
    let (inputs, mut errors) = find(paths);
    let (sources, unread): (Vec<_>, Vec<_>) = inputs.into_iter().map(Input::read).partition(Result::is_ok);
    errors.extend(unread.into_iter().filter_map(Result::err));
    (sources.into_iter().flatten().collect(), errors)
}

/// Finds what [`read`] would read, so that a large folder need not be in memory as a whole.
pub(super) fn find(paths: &[PathBuf]) -> (Vec<Input>, Vec<ReportError>) {
    let mut walk = Walk::default();
    for path in paths {
        walk.argument(path);
    }
    walk.inputs.sort_by(|a, b| a.name.cmp(&b.name));
    (walk.inputs, walk.errors)
}

/// A manifest that was found.
pub(super) struct Input {
    name: Name,
    place: Place,
}

enum Place {
    File(PathBuf),
    Stdin,
}

impl Input {
    /// Reads it.
    #[allow(clippy::result_large_err, reason = "once per file")]
    pub(super) fn read(self) -> Result<Source, ReportError> {
        let read = match self.place {
            Place::File(path) => fs::read(path),
            Place::Stdin => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
        };
        match read.map(String::from_utf8) {
            Ok(Ok(text)) => Ok(Source::new(self.name, text)),
            Ok(Err(_)) => Err(unreadable(self.name, "not UTF-8 text".to_owned())),
            Err(error) => Err(unreadable(self.name, format!("cannot be read: {error}"))),
        }
    }
}

#[derive(Default)]
struct Walk {
    inputs: Vec<Input>,
    errors: Vec<ReportError>,
    /// How many manifests there were, those that were found before included.
    found: usize,
    /// The real paths that have been found or entered: symbolic links may lead to them again, or in circles.
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn argument(&mut self, path: &Path) {
        if path == Path::new(STDIN) {
            if self.seen.insert(path.to_owned()) {
                self.inputs.push(Input { name: "<stdin>".into(), place: Place::Stdin });
            }
        } else if path.is_dir() {
            let before = self.found;
            let is_new = self.folder(path);
            if is_new && self.found == before {
                self.fail(shown(path), "no manifests in it: files must end in .yaml, .yml or .json".to_owned());
            }
        } else {
            self.file(path);
        }
    }

    /// Finds what is in a folder; false if that was done before or cannot be done.
    fn folder(&mut self, path: &Path) -> bool {
        if !self.is_new(path) {
            return false;
        }
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.fail(shown(path), format!("cannot be read: {error}"));
                return false;
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            // Not `entry.file_type()`: links are followed.
            if path.is_dir() {
                self.folder(&path);
            } else if is_manifest(&path) {
                self.found += 1;
                self.file(&path);
            }
        }
        true
    }

    fn file(&mut self, path: &Path) {
        if self.is_new(path) {
            self.inputs.push(Input { name: shown(path), place: Place::File(path.to_owned()) });
        }
    }

    /// Whether this is the first time; what has no real path is left to the reader to complain of.
    fn is_new(&mut self, path: &Path) -> bool {
        fs::canonicalize(path).map_or(true, |real| self.seen.insert(real))
    }

    fn fail(&mut self, file: Name, reason: String) {
        self.errors.push(unreadable(file, reason));
    }
}

fn unreadable(file: Name, reason: String) -> ReportError {
    ReportError { file, position: None, reason, suggestion: None }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// The path as reports show it: with forward slashes, without a leading `./`.
fn shown(path: &Path) -> Name {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(&text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[PathBuf], below: &Path) -> Vec<String> {
        let (inputs, _) = read(paths);
        let prefix = format!("{}/", below.display());
        inputs.iter().map(|input| input.name.replace(&prefix, "")).collect()
    }

    #[test]
    fn folders_are_read_in_order_without_hidden_ones_and_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in ["b.yaml", "a.yml", "sub/c.json", ".git/d.yaml", ".hidden.yaml", "README.md"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        assert_eq!(names(&[root.to_owned()], root), ["a.yml", "b.yaml", "sub/c.json"]);
        assert_eq!(names(&[root.join("README.md"), root.join("a.yml"), root.to_owned()], root).len(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_in_circles_end() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("a.yaml"), "").unwrap();
        std::os::unix::fs::symlink(root, root.join("again")).unwrap();
        std::os::unix::fs::symlink(root.join("a.yaml"), root.join("b.yaml")).unwrap();
        assert_eq!(names(&[root.to_owned()], root), ["a.yaml"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_beside_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("a.yaml"), "a: 1").unwrap();
        fs::write(root.join("b.yaml"), [0xff, 0xfe]).unwrap();
        let (inputs, errors) = read(&[root.to_owned(), root.join("missing.yaml")]);
        assert_eq!(inputs.len(), 1);
        assert_eq!(errors.iter().map(|error| error.reason.as_str()).next(), Some("not UTF-8 text"));
        assert!(errors[1].reason.starts_with("cannot be read: "));
    }
}
