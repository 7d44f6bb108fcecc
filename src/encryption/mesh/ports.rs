//! Lists of ports as annotations write them.

use std::ops::RangeInclusive;

/// The ports in a list with commas between; ranges are `from-to`. `None` where an entry is none: what a mesh makes of it is to be said
/// by the caller.
pub(super) fn list(text: &str) -> Option<Vec<RangeInclusive<u16>>> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(range).collect()
}

fn range(entry: &str) -> Option<RangeInclusive<u16>> {
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    match entry.split_once('-') {
        None => port(entry).map(|port| port..=port),
        Some((from, to)) => Some(port(from)?..=port(to)?).filter(|range| !range.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn ports_and_ranges_are_read_and_anything_else_is_none() {
        assert_eq!(list(" 80, 90-92 ,"), Some(vec![80..=80, 90..=92]));
        assert_eq!(list(""), Some(vec![]));
        for bad in ["x", "0", "70000", "5-2", "1-", "80;90"] {
            assert_eq!(list(bad), None, "{bad}");
        }
    }
}
