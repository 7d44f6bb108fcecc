//! Lines within limits. kubectl drops a warning with a line break silently, and the API server cuts what is too long.

use std::borrow::Cow;

/// The longest warning, in characters, that the API server passes on whole.
pub(super) const LINE: usize = 256;
/// The most characters of all warnings of one answer together.
pub(super) const ALL: usize = 4_000;

/// The text without line breaks and other control characters.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let words: Vec<&str> = text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

/// The text, cut to so many characters; a cut shows.
pub(super) fn clip(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept + "…"
}

/// A finding's line within so many characters. What has to go is taken from the message as long as that leaves enough
/// of it, for the fix is what the reader acts on.
pub(super) fn finding(message: &str, fix: &str, limit: usize) -> String {
    let message = one_line(message);
    let tail = format!("; fix: {}", one_line(fix));
    let room = limit.saturating_sub(tail.chars().count());
    if room >= 100 { clip(&message, room) + &tail } else { clip(&format!("{message}{tail}"), limit) }
}

/// The warnings that fit, and a last one that says how many more there are. `hidden` are those that were never written out.
pub(super) fn within_limits(lines: &[String], hidden: usize) -> Vec<String> {
    let lines: Vec<String> = lines.iter().map(|line| clip(&one_line(line), LINE)).collect();
    let mut total = 0;
    let mut fitting = 0;
    for line in &lines {
        total += line.chars().count();
        // Room is kept for the last line.
        if total > ALL - 100 {
            break;
        }
        fitting += 1;
    }
    let more = lines.len() - fitting + hidden;
    let mut kept: Vec<String> = lines.into_iter().take(fitting).collect();
    if more > 0 {
        let findings = if more == 1 { "finding" } else { "findings" };
        kept.push(format!("ringwall: {more} more {findings}"));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_never_has_a_line_break() {
        assert_eq!(one_line("a\n  b\r\nc\td"), "a b c d");
        assert!(!finding("x\ny", "kubectl apply -f - <<EOF\nkind: A\nEOF", LINE).contains('\n'));
    }

    #[test]
    fn a_long_message_gives_way_to_the_fix() {
        let line = finding(&"m".repeat(500), "do this", LINE);
        assert_eq!(line.chars().count(), LINE);
        assert!(line.ends_with("…; fix: do this"));
        assert_eq!(finding(&"m".repeat(500), &"f".repeat(500), LINE).chars().count(), LINE);
    }

    #[test]
    fn all_warnings_together_keep_to_the_limit_and_the_last_counts_the_rest() {
        let lines = within_limits(&vec!["é".repeat(300); 30], 12);
        assert!(lines.iter().all(|line| line.chars().count() <= LINE));
        assert!(lines.iter().map(|line| line.chars().count()).sum::<usize>() <= ALL);
        assert!(lines.len() > 10, "the first ten arrive");
        let more = 30 - (lines.len() - 1) + 12;
        assert_eq!(lines.last().unwrap(), &format!("ringwall: {more} more findings"));
    }

    #[test]
    fn few_warnings_stay_as_they_are() {
        assert_eq!(within_limits(&["one".into()], 0), ["one"]);
        assert_eq!(within_limits(&[], 0), Vec::<String>::new());
    }
}
