//! "Did you mean ...?"

/// The candidate that the word was most likely meant to be: at most a third of it is mistyped.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let distances = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

/// How many characters have to be typed, deleted, changed or swapped with their neighbour, case aside.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().flat_map(char::to_lowercase).collect();
    let other: Vec<char> = other.chars().flat_map(char::to_lowercase).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, &left) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &right) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let changed = at(&last, j) + usize::from(left != right);
            let mut best = changed.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && one.get(i - 1) == Some(&right) && other.get(j - 1) == Some(&left);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(one.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_what_was_meant_and_another_word_finds_nothing() {
        let fields = ["podSelector", "policyTypes", "ingress", "egress"];
        assert_eq!(nearest("podSelecter", fields), Some("podSelector"));
        assert_eq!(nearest("podselector", fields), Some("podSelector"));
        assert_eq!(nearest("polciyTypes", fields), Some("policyTypes"));
        assert_eq!(nearest("engress", fields), Some("egress"));
        assert_eq!(nearest("color", fields), None);
        assert_eq!(nearest("", fields), None);
    }
}
