//! Promises of season files, on the shipped ones and on small ones made wrong in one place.

use crate::domain::season::Season;
use std::path::Path;

/// Reads what a season file in `folder` names.
fn from(folder: &Path) -> impl Fn(&str) -> Result<String, String> {
    let folder = folder.to_owned();
    move |path| std::fs::read_to_string(folder.join(path)).map_err(|error| error.to_string())
}

/// A shipped season file, by its path below `seasons/`.
pub(super) fn shipped(path: &str) -> Season {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("seasons").join(path);
    let text = std::fs::read_to_string(&file).unwrap();
    Season::read(&text, &from(file.parent().unwrap())).unwrap_or_else(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{path}:\n{}", told.join("\n"))
    })
}

#[test]
fn the_seasons_that_everyone_starts_with_read_without_fault() {
    for path in ["demo.toml", "bench.toml"] {
        shipped(path);
    }
}
