//! What a participant may be called.

/// A name has so many characters.
pub const NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    #[error("姓名要有 2 到 20 个字")]
    Length,
    #[error("姓名只能用汉字、字母和间隔号「·」，间隔号要在中间")]
    Characters,
    #[error("这个名字不能使用，请换一个")]
    Blocked,
}

/// Words that no name may contain, from a file with one a line; `#` begins a comment.
#[derive(Clone, Debug, Default)]
pub struct BlockedNames(Vec<String>);

impl BlockedNames {
    pub fn read(text: &str) -> BlockedNames {
        let words = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        BlockedNames(words.filter(|word| !word.is_empty()).map(folded).collect())
    }

    /// The name as it is kept: trimmed, with one kind of middle dot.
    ///
    /// # Errors
    /// What is wrong with it, for the person.
    pub fn check(&self, name: &str) -> Result<String, NameFault> {
        let name: String = name.trim().chars().map(|c| if "•‧・．・".contains(c) { '·' } else { c }).collect();
        if !NAME_CHARACTERS.contains(&name.chars().count()) {
            return Err(NameFault::Length);
        }
        let dots_inside = !name.starts_with('·') && !name.ends_with('·') && !name.contains("··");
        let allowed = |c: char| c == '·' || is_han(c) || (c.is_alphabetic() && !is_invisible(c));
        if !dots_inside || !name.chars().all(allowed) {
            return Err(NameFault::Characters);
        }
        let plain = folded(&name);
        if self.0.iter().any(|word| plain.contains(word.as_str())) {
            return Err(NameFault::Blocked);
        }
        Ok(name)
    }
}

/// Lower case and half width, without dots and spaces, so that none of these hides a blocked word.
fn folded(text: &str) -> String {
    text.chars().filter(|c| !"· ".contains(*c)).map(half_width).flat_map(char::to_lowercase).collect()
}

/// `Ａ` as `A`: the full-width forms stand in the order of ASCII.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        other => other,
    }
}

fn is_han(c: char) -> bool {
    matches!(c, '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Letters to Unicode that nobody sees: fillers, which would make an empty name.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// A name as public boards show it: the first and the last character stay, the rest is one star.
pub fn masked(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().unwrap_or('*');
    match (characters.next_back(), characters.next()) {
        (None, _) => first.to_string(),
        // Two characters: the last is a given name whole, so it is the star.
        (Some(_), None) => format!("{first}*"),
        (Some(last), Some(_)) => format!("{first}*{last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_han_or_letters_of_two_to_twenty() {
        let blocked = BlockedNames::read("管理员 # 冒充\nadmin\n");
        let check = |name: &str, expected: Result<&str, NameFault>| {
            assert_eq!(blocked.check(name), expected.map(str::to_owned), "{name}");
        };
        check(" 韦小兰 ", Ok("韦小兰"));
        check("阿卜杜·热合曼", Ok("阿卜杜·热合曼"));
        check("阿卜杜•热合曼", Ok("阿卜杜·热合曼"));
        check("Mary·Smith", Ok("Mary·Smith"));
        check("Mary Smith", Err(NameFault::Characters));
        check("Ａｄｍｉｎ", Err(NameFault::Blocked));
        check("𠮷野", Ok("𠮷野"));
        check("韦", Err(NameFault::Length));
        check(&"长".repeat(21), Err(NameFault::Length));
        check("韦1兰", Err(NameFault::Characters));
        check("<b>韦", Err(NameFault::Characters));
        check("·韦兰", Err(NameFault::Characters));
        check("\u{3164}\u{3164}", Err(NameFault::Characters));
        check("系统管·理员", Err(NameFault::Blocked));
        check("ADMIN", Err(NameFault::Blocked));
    }

    #[test]
    fn names_on_boards_keep_their_first_and_last_character() {
        assert_eq!(masked("韦小兰"), "韦*兰");
        assert_eq!(masked("韦兰"), "韦*");
        assert_eq!(masked("欧阳娜娜"), "欧*娜");
        assert_eq!(masked("韦"), "韦");
    }
}
