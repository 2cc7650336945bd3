//! A bank to begin with: the shipped questions, or those that the season plays from its files.

use crate::contest::core::Contest;
use crate::domain::question::Question;
use crate::formats;
use crate::ledger::desk::BankRow;
use crate::ledger::desk::DeskStore;
use crate::office::banks;
use crate::office::by::By;
use crate::office::in_season;
use crate::office::refusal::DeskRefusal;
use rust_embed::RustEmbed;
use std::sync::LazyLock;

/// The shipped bank's id, as the shipped seasons name it.
pub const ID: &str = "kexue";
pub const NAME: &str = "示例题库";

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/question-bank/kexue"]
struct Shipped;

pub(crate) static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    let mut files: Vec<(String, Vec<u8>)> =
        Shipped::iter().filter_map(|name| Some((name.to_string(), Shipped::get(&name)?.data.into_owned()))).collect();
    files.sort();
    formats::read_bank(&files).0
});

/// # Errors
/// The id is taken.
pub async fn shipped(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    id: &str,
    name: &str,
    reviews: u8,
) -> Result<BankRow, DeskRefusal> {
    let fresh = banks::version_of(id, QUESTIONS.clone());
    // Where the season plays these very questions, its version is this one, salt and all.
    let same = in_season::playing(contest, id).map(|(_, playing)| playing).filter(|it| it.questions == fresh.questions);
    banks::create_published(desk, by, id, name, reviews, same.as_deref().unwrap_or(&fresh)).await
}

/// # Errors
/// The season has no bank of this id, or the desk has one.
pub async fn of_season(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    id: &str,
    name: &str,
    reviews: u8,
) -> Result<BankRow, DeskRefusal> {
    let (_, playing) = in_season::playing(contest, id).ok_or(DeskRefusal::NotFound("这个编号的赛季题库"))?;
    banks::create_published(desk, by, id, name, reviews, &playing).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::faults::faults_of;

    #[test]
    fn the_shipped_questions_are_all_there_and_sound() {
        assert_eq!(QUESTIONS.len(), 480);
        assert!(faults_of(&QUESTIONS).is_empty());
    }
}
