//! Series of a replica's `/metrics`.

/// The values of a series' samples, with their labels as they are written.
pub(super) fn samples<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once('}')?,
            None => ("", rest),
        };
        let value = value.strip_prefix(' ')?.split(' ').next()?.parse().ok()?;
        Some((labels, value))
    })
}

/// The value of a label.
pub(super) fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let start = labels.find(&format!("{name}=\""))?;
    labels.get(start..)?.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_labels_and_values() {
        let text = "# TYPE ringwall_watch_state gauge\nringwall_watch_state{kind=\"Pod\",state=\"synced\"} 1\n\
                    ringwall_watch_state_other 3\nringwall_snapshot_age_seconds 0.25\n";
        let watches: Vec<_> = samples(text, "ringwall_watch_state").collect();
        assert_eq!(watches, [("kind=\"Pod\",state=\"synced\"", 1.0)]);
        assert_eq!(label(watches[0].0, "state"), Some("synced"));
        assert_eq!(label(watches[0].0, "other"), None);
        assert_eq!(samples(text, "ringwall_snapshot_age_seconds").next(), Some(("", 0.25)));
    }
}
