//! What comes with the program for setting up a season: regions, presets from rule sets that real contests published, and the season of an
//! empty folder.

use crate::contest::clock::chance;
use crate::domain::ids::SeasonId;
use crate::domain::question::Question;
use crate::domain::region::Region;
use crate::domain::season::Season;
use crate::ledger::entry::Deed;
use crate::office::sample;
use data_encoding::BASE32_NOPAD;
use rust_embed::EmbeddedFile;
use rust_embed::RustEmbed;
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/seasons/regions"]
struct Regions;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/seasons/presets"]
struct Presets;

const STARTER: &str = include_str!("../../seasons/starter.toml");
/// Who published the starter, as the ledger has it: nobody at the desk.
pub const STARTER_BY: &str = "科竞";

/// A region that a draft may name.
#[derive(Clone, Debug)]
pub struct ShippedRegion {
    /// `regions/guangxi.toml`
    pub file: String,
    pub region: Region,
}

/// A preset: a season of one real contest's rules.
#[derive(Clone, Debug)]
pub struct Preset {
    /// `nanjing-2018`
    pub id: String,
    pub season: Season,
    /// As its file says it.
    pub written: toml::Table,
}

pub static REGIONS: LazyLock<Vec<ShippedRegion>> = LazyLock::new(|| {
    let read = |name: std::borrow::Cow<'_, str>| {
        let region = Region::read(&text(Regions::get(&name))?).ok()?;
        Some(ShippedRegion { file: format!("regions/{name}"), region })
    };
    let mut regions: Vec<ShippedRegion> = Regions::iter().filter_map(read).collect();
    // The one that this was made for stands first.
    regions.sort_by_key(|one| (one.region.code != "450000", one.file.clone()));
    regions
});

pub static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let read = |name: std::borrow::Cow<'_, str>| {
        let text = text(Presets::get(&name))?;
        let season = Season::read(&text, &|named| named_by(named).ok_or_else(String::new)).ok()?;
        Some(Preset { id: season.id.to_string(), season, written: text.parse().ok()? })
    };
    let mut presets: Vec<Preset> = Presets::iter().filter_map(read).collect();
    presets.sort_by(|one, other| one.id.cmp(&other.id));
    presets
});

fn text(file: Option<EmbeddedFile>) -> Option<String> {
    String::from_utf8(file?.data.into_owned()).ok()
}

/// A shipped region file as season files name it, from `seasons/` or a folder in it.
pub fn named_by(named: &str) -> Option<String> {
    let name = named.strip_prefix("../").unwrap_or(named).strip_prefix("regions/")?;
    let shipped = Regions::iter().any(|shipped| shipped == name);
    text(Regions::get(name).filter(|_| shipped))
}

/// How a draft names this region, where it is a shipped one.
pub fn file_of(region: &Region) -> Option<&'static str> {
    REGIONS.iter().find(|shipped| shipped.region == *region).map(|shipped| shipped.file.as_str())
}

/// The season of a folder in which there is nothing yet, with its bank.
///
/// # Panics
/// Never: the shipped season is read by a test.
pub fn starter(id: SeasonId) -> (Season, Vec<(String, Vec<Question>)>) {
    let season = Season::read(STARTER, &|named| named_by(named).ok_or_else(String::new));
    let season = season.unwrap_or_else(|faults| unreachable!("the shipped season has faults: {faults:?}"));
    (Season { id, ..season }, vec![(sample::ID.to_owned(), sample::QUESTIONS.clone())])
}

/// The starter's deed, under which its season and bank are the ledger's own from the first start on.
pub fn starter_deed() -> Deed {
    Deed { by: STARTER_BY.to_owned(), reason: "还没有设置赛季，先开放练习".to_owned() }
}

/// A name for a season that nobody has named yet. The ledger keeps it.
pub fn fresh_season_id() -> SeasonId {
    SeasonId(format!("season-{}", BASE32_NOPAD.encode(&chance::<5>()).to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_on_the_shelf_can_be_read() {
        assert_eq!(REGIONS.iter().map(|one| one.file.as_str()).collect::<Vec<_>>()[0], "regions/guangxi.toml");
        assert_eq!((REGIONS.len(), PRESETS.len()), (3, 14));
        let (season, banks) = starter(fresh_season_id());
        assert_eq!(season.rounds.len(), 1);
        assert!(!season.rounds[0].counts);
        assert_eq!(banks[0].0, season.rounds[0].bank);
        assert_eq!(file_of(&season.region), Some("regions/guangxi.toml"));
    }

    #[test]
    fn nothing_but_regions_is_named_by_a_draft() {
        for named in ["presets/nanjing-2018.toml", "../../etc/passwd", "regions/../presets/nanjing-2018.toml", ""] {
            assert_eq!(named_by(named), None, "{named}");
        }
    }
}
