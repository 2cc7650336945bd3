//! Paths inside a zip package: none leads out of it.

/// A name of an archive that would be written, or is meant to be read, outside of it on some system.
pub(super) fn leads_out(name: &str) -> bool {
    name.starts_with('/')
        || name.contains(['\\', ':', '\0'])
        || name.trim_end_matches('/').split('/').any(|part| part.is_empty() || part == "." || part == "..")
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

    #[test]
    fn names_that_lead_out_are_known_on_any_system() {
        for name in ["../a.xml", "/etc/passwd", "a/../../b", "C:/a", "a\\..\\b", "a//b", "./a", "", ".."] {
            assert!(leads_out(name), "{name}");
        }
        assert!(!leads_out("a/") && !leads_out("a/题.xml") && !leads_out("..a/b..xml"));
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
