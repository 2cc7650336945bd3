//! A zip package in memory: names that stay inside, entries read up to a bound, nothing unpacked that is not asked for.

use std::io::Cursor;
use std::io::Read;
use zip::ZipArchive;

/// Entries of a package; one with more is refused unread.
const ENTRIES_MAX: usize = 100_000;
/// One entry, unpacked; a longer one is refused.
const ENTRY_BYTES_MAX: u64 = 4 << 20;
/// All that is unpacked of one package; then the rest is refused.
const PACKAGE_BYTES_MAX: u64 = 256 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PackageFault {
    pub(super) code: &'static str,
    pub(super) message: String,
}

fn fault(code: &'static str, message: impl Into<String>) -> PackageFault {
    PackageFault { code, message: message.into() }
}

pub(super) struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    names: Vec<String>,
    left: u64,
}

impl<'b> Package<'b> {
    /// # Errors
    /// It is no zip, or one of its names leads out of it.
    pub(super) fn open(bytes: &'b [u8]) -> Result<Package<'b>, PackageFault> {
        let broken = || fault("bad_zip", "压缩包不完整或已损坏，打不开");
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
        if archive.len() > ENTRIES_MAX {
            return Err(fault("too_many_files", format!("压缩包里的文件超过了 {ENTRIES_MAX} 个")));
        }
        let mut names = Vec::with_capacity(archive.len());
        for name in archive.file_names() {
            names.push(name.map_err(|_| broken())?.into_owned());
        }
        if let Some(name) = names.iter().find(|name| !stays_inside(name)) {
            let name: String = name.chars().take(60).collect();
            return Err(fault("bad_path", format!("压缩包里有指向包外的文件名「{name}」：不读这样的包")));
        }
        Ok(Package { archive, names, left: PACKAGE_BYTES_MAX })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// # Errors
    /// It is not there, encrypted, damaged, or longer than a question can be.
    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, PackageFault> {
        let Some(index) = self.archive.index_for_name(name) else {
            return Err(fault("missing_file", format!("包里没有文件 {name}")));
        };
        let entry = self.archive.by_index(index);
        let mut entry = entry.map_err(|_| fault("bad_zip", format!("包里的文件 {name} 加了密，或者压缩方法不认识")))?;
        // What the directory says of the length may be a lie: the bound is on what comes out.
        let bound = ENTRY_BYTES_MAX.min(self.left);
        let mut bytes = Vec::new();
        let read = entry.by_ref().take(bound + 1).read_to_end(&mut bytes);
        let length = bytes.len() as u64;
        self.left = self.left.saturating_sub(length);
        if length > bound {
            return Err(fault("zip_bomb", format!("包里的文件 {name} 解压后太大")));
        }
        read.map_err(|_| fault("bad_zip", format!("包里的文件 {name} 已损坏")))?;
        Ok(bytes)
    }
}

/// A path below the package's root, on any system.
fn stays_inside(name: &str) -> bool {
    !name.starts_with('/')
        && !name.contains(['\\', ':', '\0'])
        && name.trim_end_matches('/').split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// The path that an address names, seen from a folder; `None`: it leads out, or to another machine.
pub(super) fn resolved(folder: &str, address: &str) -> Option<String> {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let address = percent_decoded(address)?;
    if address.contains([':', '\\', '\0']) || address.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/")).filter(|path| !path.is_empty())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%').then(|| after.get(..2)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../a.xml", "/etc/passwd", "a/../../b", "C:/a", "a\\..\\b", "a//b", "./a"] {
            let code = Package::open(&packed(&[("a.xml", b"<a/>"), (name, b"")])).err().map(|fault| fault.code);
            assert_eq!(code, Some("bad_path"), "{name}");
        }
        assert!(Package::open(&packed(&[("a/", b""), ("a/题.xml", b"")])).is_ok());
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let zeros = vec![0; 64 << 20];
        let bytes = packed(&[("a.xml", &zeros)]);
        assert!(bytes.len() < 1 << 20);
        let told = Package::open(&bytes).map(|mut package| package.read("a.xml").map_err(|fault| fault.code));
        assert_eq!(told, Ok(Err("zip_bomb")));
    }

    #[test]
    fn many_entries_that_unpack_to_the_same_are_stopped_in_all() {
        let zeros = vec![0; ENTRY_BYTES_MAX as usize];
        let names: Vec<String> = (0..70).map(|n| n.to_string()).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), zeros.as_slice())).collect();
        let bytes = packed(&files);
        let mut package = Package::open(&bytes).unwrap_or_else(|fault| panic!("{fault:?}"));
        let codes: Vec<&str> =
            names.iter().filter_map(|name| package.read(name).err()).map(|fault| fault.code).collect();
        assert_eq!(codes, ["zip_bomb"; 6]);
    }

    #[test]
    fn addresses_are_resolved_and_none_leads_out() {
        assert_eq!(resolved("", "items/a%20b.xml").as_deref(), Some("items/a b.xml"));
        assert_eq!(resolved("x/y", "../a.xml?v=1#t").as_deref(), Some("x/a.xml"));
        for address in ["../a.xml", "http://a.cn/b.xml", "/a.xml", "a/%2e%2e/../../b", "%5C..%5Ca", ""] {
            assert_eq!(resolved("", address), None, "{address}");
        }
    }
}
