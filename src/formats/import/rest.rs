//! Tables for people to fill in: what could not go on by itself, with its reasons, and a template. Both load back.

use crate::domain::draft::Draft;
use crate::domain::faults::letter;
use crate::domain::question::Kind;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use crate::formats::columns::REST;
use crate::formats::columns::TO_CHECK;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Standing;
use rust_xlsxwriter::Color;
use rust_xlsxwriter::DataValidation;
use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::FormatAlign;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

/// Characters of a cell; the rest of a longer text is cut off.
const CELL_MAX: usize = 32_000;
/// Rows for which the template offers choices.
const OFFERED_ROWS: u32 = 5_000;
const KINDS: [&str; 3] = ["判断题", "单选题", "多选题"];
const LEVELS: [&str; 3] = ["易", "中", "难"];

/// Columns of a question, and how wide they are.
fn columns() -> Vec<(String, f64)> {
    let named = |name: &str, width| (name.to_owned(), width);
    let mut columns = vec![named("题型", 9.0), named("题干", 48.0)];
    columns.extend((0..OPTIONS_MAX).map(|place| (format!("选项{}", letter(place)), 16.0)));
    columns.extend([named("答案", 9.0), named("解析", 40.0), named("来源", 24.0), named("难度", 7.0)]);
    columns.extend([named("主题", 16.0), named("供题单位", 16.0), named("链接", 16.0), named("选项不打乱", 11.0)]);
    columns
}

/// A draft by these columns.
fn cells_of(draft: &Draft) -> Vec<String> {
    let is_truth = draft.kind == Some(Kind::TrueFalse);
    let mut cells = vec![draft.kind.map_or(String::new(), |kind| kind.name().to_owned()), draft.stem.clone()];
    let option = |place: usize| draft.options.get(place).filter(|_| !is_truth).cloned().unwrap_or_default();
    cells.extend((0..OPTIONS_MAX).map(option));
    cells.push(match draft.key {
        key if key.is_empty() => String::new(),
        key if is_truth => if key.has(0) { Question::TRUE } else { Question::FALSE }.to_owned(),
        key => key.places().map(letter).collect(),
    });
    let level = draft.difficulty.and_then(|level| LEVELS.get(usize::from(level).wrapping_sub(1)));
    cells.extend([draft.explanation.clone(), draft.source.clone(), level.copied().unwrap_or_default().to_owned()]);
    let or_blank = |text: &Option<String>| text.clone().unwrap_or_default();
    cells.extend([draft.topic.clone(), or_blank(&draft.contributor), or_blank(&draft.link)]);
    cells.push(if draft.fixed_order { "是" } else { "" }.to_owned());
    cells
}

/// The questions to check and the refused ones as .xlsx, each with what is to be done; the columns that say so are passed over when it is read again.
///
/// # Errors
/// The table is too large for the format.
pub fn rest_sheet(items: &[Item]) -> Result<Vec<u8>, XlsxError> {
    let mut book = book();
    let sheet = book.add_worksheet().set_name("待处理的题目")?;
    let reasons = REST.iter().zip([9.0, 48.0, 11.0, 30.0]).map(|(name, width)| ((*name).to_owned(), width));
    let columns: Vec<(String, f64)> = reasons.chain(columns()).collect();
    write_header(sheet, &columns)?;
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let left = items.iter().filter(|item| item.standing() != Standing::Ready);
    for (row, item) in (1..).zip(left) {
        let result = if item.standing() == Standing::Refused { "不能导入" } else { TO_CHECK };
        let mut reasons: Vec<&str> = Vec::new();
        for remark in item.remarks.iter().filter(|remark| remark.gravity > Gravity::Note) {
            if !reasons.contains(&remark.message.as_str()) {
                reasons.push(&remark.message);
            }
        }
        let place = format!("第 {} 行", item.at.row);
        let told = [result.to_owned(), reasons.join("\n"), place, item.raw.clone()];
        for (column, text) in (0..).zip(told.into_iter().chain(cells_of(&item.draft))) {
            write(sheet, row, column, &text, &wrapped)?;
        }
    }
    offer_choices(sheet, &columns)?;
    book.save_to_buffer()
}

/// An empty table with choices, and how it is filled in.
///
/// # Errors
/// None that depends on anything.
pub fn template() -> Result<Vec<u8>, XlsxError> {
    let mut book = book();
    let columns = columns();
    let sheet = book.add_worksheet().set_name("题目")?;
    write_header(sheet, &columns)?;
    offer_choices(sheet, &columns)?;
    let notes = book.add_worksheet().set_name("填写说明")?;
    let bold = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    for (column, (title, width)) in
        (0..).zip([("这一列", 12.0), ("怎样填", 60.0), ("例一", 24.0), ("例二", 24.0), ("例三", 24.0)])
    {
        notes.write_string_with_format(0, column, title, &bold)?.set_column_width(column, width)?;
    }
    for (row, texts) in (1..).zip(NOTES) {
        for (column, text) in (0..).zip(texts) {
            write(notes, row, column, text, &wrapped)?;
        }
    }
    book.save_to_buffer()
}

const NOTES: [[&str; 5]; 13] = [
    ["题型", "必填：判断题、单选题、多选题。", "判断题", "单选题", "多选题"],
    [
        "题干",
        "必填，最多 500 字。不用写题号；括号里不要写答案。",
        "声音能在真空里传播。",
        "水的化学式是（　）。",
        "下列哪些是行星？（　）",
    ],
    [
        "选项A",
        "单选题 2 到 8 个，多选题 3 到 8 个，依次填写，中间不要空；前面不用写字母。判断题不填。",
        "",
        "H2O",
        "水星",
    ],
    ["选项B", "", "", "CO2", "月球"],
    ["选项C", "", "", "O2", "金星"],
    ["选项D", "后面还有 E 到 H，不用的空着。", "", "N2", "土星"],
    ["答案", "必填：判断题写 正确 或 错误，其余写字母，如 B、ACD。", "错误", "A", "ACD"],
    [
        "解析",
        "提交前要有。选项会打乱，不要用字母指称选项。",
        "声音的传播需要介质。",
        "水分子由两个氢原子和一个氧原子组成。",
        "月球是卫星。",
    ],
    [
        "来源",
        "提交前要有：教材、法律条文、标准或机构。",
        "人教版物理八年级上册",
        "人教版化学九年级上册",
        "人教版地理七年级上册",
    ],
    ["难度", "提交前要有：易、中、难。", "易", "易", "中"],
    ["主题", "提交前要有，如 卫生健康。", "科学精神与方法", "科学精神与方法", "航天航空"],
    ["供题单位", "可以不填。", "", "", "南宁市科协"],
    ["选项不打乱", "选项次序不能变的填 是，如由小到大的一串数、以上都对。", "", "", ""],
];

fn book() -> Workbook {
    let mut book = Workbook::new();
    // The same questions make the same file, whenever.
    let moment = ExcelDateTime::from_ymd(2026, 1, 1).ok();
    let properties = DocProperties::new().set_author("科竞");
    let properties = match &moment {
        Some(moment) => properties.set_creation_datetime(moment),
        None => properties,
    };
    book.set_properties(&properties);
    book
}

fn write_header(sheet: &mut Worksheet, columns: &[(String, f64)]) -> Result<(), XlsxError> {
    let look = Format::new().set_bold().set_background_color(Color::RGB(0xE8_F1_EC));
    for (column, (title, width)) in (0..).zip(columns) {
        sheet.write_string_with_format(0, column, title, &look)?.set_column_width(column, *width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// Always as text: nothing that a stranger typed becomes a formula.
fn write(sheet: &mut Worksheet, row: u32, column: u16, text: &str, look: &Format) -> Result<(), XlsxError> {
    if !text.is_empty() {
        let text: String = text.chars().take(CELL_MAX).collect();
        sheet.write_string_with_format(row, column, text, look)?;
    }
    Ok(())
}

fn offer_choices(sheet: &mut Worksheet, columns: &[(String, f64)]) -> Result<(), XlsxError> {
    for (name, choices) in [("题型", &KINDS[..]), ("难度", &LEVELS[..]), ("选项不打乱", &["是", "否"][..])] {
        let Some(column) = columns.iter().position(|(title, _)| title == name) else { continue };
        let rule = DataValidation::new()
            .allow_list_strings(choices)?
            .set_error_title(name)?
            .set_error_message(format!("请从列表里选：{}", choices.join("、")))?;
        sheet.add_data_validation(1, column as u16, OFFERED_ROWS, column as u16, &rule)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::import::Preview;
    use crate::formats::import::Source;
    use crate::formats::import::read;

    fn read_bytes(bytes: &[u8]) -> Preview {
        read(&Source { bytes, ..Source::default() }, &mut |_, _| true).unwrap()
    }

    #[test]
    fn what_is_left_loads_back_with_its_reasons_passed_over() {
        let table = "题型,题干,A,B,C,答案,难度\n单选题,甲？,水,火,土,A,易\n,乙？,=1+1,火,土,AB,0.5\n单选题,丙？,水,,土,A,难\n判断题,丁。,,,,错,4\n";
        let first = read_bytes(table.as_bytes());
        let bytes = rest_sheet(&first.import.items).unwrap();
        let again = read_bytes(&bytes);
        let left: Vec<&Item> = first.import.items.iter().filter(|item| item.standing() != Standing::Ready).collect();
        assert_eq!((left.len(), again.import.items.len()), (3, 3));
        assert_eq!(again.import.items[0].draft, left[0].draft);
        assert_eq!(again.import.items[0].draft.options[0], "=1+1");
        let standings: Vec<Standing> = again.import.items.iter().map(Item::standing).collect();
        // A level of five and a kind that were assumed are written out now; nobody has said yet that they are right.
        assert_eq!(standings, [Standing::ToCheck, Standing::Refused, Standing::ToCheck]);
        let codes = again.import.items[0].remarks.iter().filter(|remark| remark.gravity > Gravity::Note);
        assert_eq!(codes.map(|remark| remark.code).collect::<Vec<_>>(), ["still_to_check"]);
        assert!(again.import.remarks.iter().all(|remark| remark.code != "unused_column"), "{:?}", again.import.remarks);
        assert_eq!(rest_sheet(&first.import.items).unwrap(), bytes);
    }

    #[test]
    fn the_template_is_a_table_without_questions_whose_columns_are_all_known() {
        let preview = read_bytes(&template().unwrap());
        assert_eq!(preview.import.items, []);
        let table = preview.table.unwrap();
        assert!(!table.mapping_needed);
        assert_eq!(table.sheets.iter().map(|sheet| sheet.read).collect::<Vec<_>>(), [true, false]);
        assert!(table.columns.iter().all(|column| column.field.is_some()), "{:?}", table.columns);
    }
}
