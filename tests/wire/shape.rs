//! Whether what the server says has the keys and JSON types of a sample.

use serde_json::Value;

/// Fields that protocol.md marks with `?`, or that only some participants have: a sample may show them where the server has none.
const MAY_BE_ABSENT: &[&str] = &[
    "participant.county",
    "participant.organisation",
    "participant.organisation_name",
    "participant.group",
    // `[{id,left_today?,left_week?,left?,best?,rank?}]`: the samples' rounds differ in their limits.
    "rounds[].left_today",
    // Of the region's own, which are in no city.
    "organisations[].city",
    // Of a round without the limit.
    "rounds[].question_ms",
    "rounds[].paper_ms",
    // "movement since the last hour": unknown before the first hour is over.
    "entries[].rank_hour_ago",
    // Only challenges say when one has passed; the season file has no such sentence of its own.
    "rounds[].pass_text",
];

/// Fields that the server adds and the samples don't show; "fields may be added".
const MAY_BE_ADDED: &[&str] = &[
    "prefetch",
    "number",
    "attempts[].number",
    "rounds[].groups",
    "link",
    "review[].link",
    "rounds[].attempts.per_week",
    "rounds[].attempts.in_all",
];

/// Fields that are null where there is nothing to tell, and are not null in every sample.
const MAY_BE_NULL: &[&str] = &["entries[].rank", "entries[].value", "review[].chosen"];

/// Every difference between the samples of one message and a real one; none: they have the same shape.
pub(crate) fn differences(samples: &[&Value], real: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(samples, real, "", &mut found);
    found
}

fn compare(samples: &[&Value], real: &Value, at: &str, found: &mut Vec<String>) {
    match real {
        Value::Object(fields) => {
            let samples: Vec<_> = samples.iter().filter_map(|sample| sample.as_object()).collect();
            if samples.is_empty() {
                return found.push(format!("{at}: an object, which no sample has here"));
            }
            for (key, value) in fields {
                let place = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let variants: Vec<&Value> = samples.iter().filter_map(|sample| sample.get(key)).collect();
                if !variants.is_empty() {
                    compare(&variants, value, &place, found);
                } else if !MAY_BE_ADDED.contains(&place.as_str()) {
                    found.push(format!("{place}: in no sample"));
                }
            }
            for key in samples[0].keys() {
                let place = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let everywhere = samples.iter().all(|sample| sample.contains_key(key));
                if everywhere && !fields.contains_key(key) && !MAY_BE_ABSENT.contains(&place.as_str()) {
                    found.push(format!("{place}: in every sample and not here"));
                }
            }
        }
        Value::Array(items) => {
            let variants: Vec<&Value> = samples.iter().filter_map(|sample| sample.as_array()).flatten().collect();
            if !samples.iter().any(|sample| sample.is_array()) {
                found.push(format!("{at}: a list, which no sample has here"));
            }
            for item in items.iter().filter(|_| !variants.is_empty()) {
                compare(&variants, item, &format!("{at}[]"), found);
            }
        }
        scalar => {
            let known = samples.iter().any(|sample| kind(sample) == kind(scalar));
            let allowed = scalar.is_null() && MAY_BE_NULL.contains(&at);
            if !(known || allowed) {
                found.push(format!("{at}: {scalar} is a {}, which no sample has here", kind(scalar)));
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

#[test]
fn a_missing_an_added_and_a_retyped_field_are_each_found() {
    let sample = serde_json::json!({"a": 1, "b": [{"c": "x"}]});
    let check = |real: Value, expected: &[&str]| assert_eq!(differences(&[&sample], &real), expected);
    check(serde_json::json!({"a": 2, "b": []}), &[]);
    check(serde_json::json!({"a": 2}), &["b: in every sample and not here"]);
    check(serde_json::json!({"a": "2", "b": []}), &["a: \"2\" is a text, which no sample has here"]);
    check(serde_json::json!({"a": 2, "b": [{"c": "y", "d": 1}]}), &["b[].d: in no sample"]);
}
