//! Answers with weights, as GIFT and Moodle have them: a question here is right or wrong as a whole, so that only some of them can be said.

use crate::domain::faults::Part;
use crate::domain::question::Kind;
use crate::formats::import::found::Found;

/// Files round a third to 33.33333 or 33.3.
const ROUNDING: f64 = 0.1;

/// What a person may choose in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choosing {
    One,
    /// The weights of what is chosen are added up.
    Several,
    /// Nothing but exactly the right ones counts.
    AllOrNothing,
}

/// Sets kind and key from the percentages of the options. Weights that would have to be flattened are refused.
pub(super) fn weigh(found: &mut Found, choosing: Choosing, weights: &[f64]) {
    found.draft.kind = Some(if choosing == Choosing::One { Kind::Single } else { Kind::Multiple });
    if weights.iter().any(|weight| !weight.is_finite() || weight.abs() > 100.0 + ROUNDING) {
        return found.refuse(Part::Key, "bad_weight", "分值的百分数应在 −100 到 100 之间");
    }
    let near = |a: f64, b: f64| (a - b).abs() <= ROUNDING;
    let right: Vec<usize> = (0..weights.len()).filter(|&place| weights[place] > 0.0).collect();
    let whole = right.iter().all(|&place| near(weights[place], 100.0));
    match choosing {
        Choosing::One | Choosing::AllOrNothing if !whole => partial(found, weights),
        Choosing::One => {
            found.set_key(false, &right);
            if weights.iter().any(|&weight| weight < 0.0) {
                found.check(Part::Key, "negative_marks", "文件里选错要倒扣分，这里选错只是不得分");
            }
        }
        Choosing::AllOrNothing => found.set_key(true, &right),
        Choosing::Several => {
            let sum: f64 = right.iter().map(|&place| weights[place]).sum();
            let even = right.iter().all(|&place| near(weights[place], weights[right[0]]));
            match right.is_empty() || (even && near(sum, 100.0)) {
                true => found.set_key(true, &right),
                false => partial(found, weights),
            }
        }
    }
}

fn partial(found: &mut Found, weights: &[f64]) {
    let told: Vec<String> = weights.iter().take(10).map(|weight| format!("{weight}%")).collect();
    let message = format!(
        "各选项的分值是 {}：选对一部分也得分，或者几个答案轻重不同；这里的题目只有全对才得分，请重新定答案",
        told.join("、")
    );
    found.refuse(Part::Key, "partial_weights", message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Choices;
    use crate::formats::import::found::START;

    #[track_caller]
    fn check(choosing: Choosing, weights: &[f64], kind: Kind, key: u16, codes: &[&str]) {
        let mut found = Found::at(START, "");
        weigh(&mut found, choosing, weights);
        let told: Vec<&str> = found.remarks.iter().map(|remark| remark.code).collect();
        assert_eq!(
            (found.draft.kind, found.draft.key, told.as_slice()),
            (Some(kind), Choices(key), codes),
            "{weights:?}"
        );
    }

    #[test]
    fn even_weights_of_a_hundred_in_all_are_all_or_nothing() {
        use Choosing::Several;
        check(Several, &[50.0, 50.0, 0.0], Kind::Multiple, 0b011, &[]);
        check(Several, &[33.333, -100.0, 33.333, 33.333], Kind::Multiple, 0b1101, &[]);
        check(Several, &[100.0, -50.0], Kind::Single, 0b01, &["one_right"]);
        check(Choosing::AllOrNothing, &[100.0, 100.0, 0.0], Kind::Multiple, 0b011, &[]);
        check(Choosing::One, &[0.0, 100.0], Kind::Single, 0b10, &[]);
    }

    #[test]
    fn what_would_have_to_be_flattened_is_refused_and_has_no_key() {
        use Choosing::One;
        use Choosing::Several;
        check(Several, &[60.0, 40.0, 0.0], Kind::Multiple, 0, &["partial_weights"]);
        check(Several, &[50.0, 25.0, 25.0], Kind::Multiple, 0, &["partial_weights"]);
        check(Several, &[25.0, 25.0, 0.0], Kind::Multiple, 0, &["partial_weights"]);
        check(Several, &[100.0, 100.0, 0.0], Kind::Multiple, 0, &["partial_weights"]);
        check(One, &[100.0, 50.0, 0.0], Kind::Single, 0, &["partial_weights"]);
        check(One, &[100.0, 100.0, 0.0], Kind::Single, 0, &["several_right"]);
        check(One, &[100.0, -25.0], Kind::Single, 0b01, &["negative_marks"]);
        check(One, &[0.0, 0.0], Kind::Single, 0, &["no_right"]);
        check(Several, &[f64::NAN, 100.0], Kind::Multiple, 0, &["bad_weight"]);
        check(Several, &[1e300, 1.0], Kind::Multiple, 0, &["bad_weight"]);
    }
}
