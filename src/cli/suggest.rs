//! What was probably meant.

/// The candidate nearest to a word, if one is near enough.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let _ = (word, candidates.into_iter());
    None
}
