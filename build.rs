//! The pages are built into the binary: an empty folder stands for them until they are built, and new ones are noticed.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    std::fs::create_dir_all(Path::new(&root).join("web/dist"))?;
    println!("cargo:rerun-if-changed=web/dist");
    println!("cargo:rerun-if-changed=migrations");
    Ok(())
}
