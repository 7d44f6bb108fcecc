//! Traefik's rules (`match`), as far as they tell hosts.
//!
//! A rule is made of matchers (`Host(...)`, `PathPrefix(...)`), joined by `&&` and `||`, with `!` and parentheses; what matchers
//! are given is in backticks or quotes (pkg/muxer, and vulcand/predicate, which is Go's own grammar of expressions). Only hosts
//! are of interest: a matcher of anything else leaves the hosts open, and so does whatever cannot be read.

use crate::model::{Name, traefik::RuleHosts};

/// How deep parentheses may be nested. Rules of people have two or three.
const DEPTH: usize = 32;

/// The hosts for which a rule can match.
pub(super) fn hosts(rule: &str) -> RuleHosts {
    let mut parser = Parser { rest: rule };
    match parser.either(DEPTH) {
        Some(hosts) if parser.rest.trim_start().is_empty() => hosts,
        _ => RuleHosts::Any,
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    /// `A || B`.
    fn either(&mut self, depth: usize) -> Option<RuleHosts> {
        let mut hosts = self.both(depth)?;
        while self.takes("||") {
            hosts = union(hosts, self.both(depth)?);
        }
        Some(hosts)
    }

    /// `A && B`, which binds more closely.
    fn both(&mut self, depth: usize) -> Option<RuleHosts> {
        let mut hosts = self.one(depth)?;
        while self.takes("&&") {
            hosts = intersection(hosts, self.one(depth)?);
        }
        Some(hosts)
    }

    /// `!A`, `(A)` or a matcher.
    fn one(&mut self, depth: usize) -> Option<RuleHosts> {
        let depth = depth.checked_sub(1)?;
        if self.takes("!") {
            return self.one(depth).map(|_| RuleHosts::Any);
        }
        if self.takes("(") {
            let hosts = self.either(depth)?;
            return self.takes(")").then_some(hosts);
        }
        let name = self.word()?;
        let arguments = self.arguments()?;
        Some(matched(name, &arguments))
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end)?;
        self.rest = after;
        (!word.is_empty()).then_some(word)
    }

    fn arguments(&mut self) -> Option<Vec<&'a str>> {
        if !self.takes("(") {
            return None;
        }
        let mut arguments = Vec::new();
        while !self.takes(")") {
            if !arguments.is_empty() && !self.takes(",") {
                return None;
            }
            arguments.push(self.quoted()?);
        }
        Some(arguments)
    }

    /// A text in backticks, which hides nothing, or in quotes; one with escapes is left unread.
    fn quoted(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '`' | '"'))?;
        let (text, after) = rest.get(1..)?.split_once(quote)?;
        self.rest = after;
        (quote == '`' || !text.contains('\\')).then_some(text)
    }

    fn takes(&mut self, token: &str) -> bool {
        let after = self.rest.trim_start().strip_prefix(token);
        if let Some(after) = after {
            self.rest = after;
        }
        after.is_some()
    }
}

/// The hosts of one matcher. Version 2 of the language allows several arguments.
fn matched(name: &str, arguments: &[&str]) -> RuleHosts {
    let hosts: Option<Vec<Name>> = match name {
        "Host" | "HostHeader" | "HostSNI" => arguments.iter().map(|host| plain(host)).collect(),
        "HostRegexp" | "HostSNIRegexp" => arguments.iter().map(|expression| of_expression(expression)).collect(),
        _ => None,
    };
    match hosts {
        Some(hosts) if !hosts.is_empty() => RuleHosts::These(hosts),
        _ => RuleHosts::Any,
    }
}

/// A host, in lower case; `HostSNI(*)` is any.
fn plain(host: &str) -> Option<Name> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (host != "*" && !host.is_empty()).then(|| host.into())
}

/// The host or wildcard that an expression comes to, where that is plain to see: `^[a-z0-9-]+\.example\.com$`, or
/// `{name:[a-z]+}.example.com` of version 2.
fn of_expression(expression: &str) -> Option<Name> {
    let anchored = expression.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let text = match anchored {
        Some(text) => text,
        None if expression.starts_with('{') => expression,
        // An expression that is not anchored matches anywhere in a host.
        None => return None,
    };
    let rest = label(text);
    let host = rest.unwrap_or(text).replace("\\.", ".");
    let is_host =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    is_host.then(|| if rest.is_some() { format!("*.{host}") } else { host }.to_ascii_lowercase().into())
}

/// What follows an expression for one label and a dot.
fn label(text: &str) -> Option<&str> {
    let after = if let Some(rest) = text.strip_prefix('{') {
        rest.split_once('}')?.1
    } else {
        let (class, rest) = text.strip_prefix('[')?.split_once(']')?;
        // A class without a dot matches within one label.
        if class.contains('.') || class.starts_with('^') {
            return None;
        }
        rest.strip_prefix(['+', '*'])?
    };
    after.strip_prefix("\\.").or_else(|| after.strip_prefix('.'))
}

fn union(left: RuleHosts, right: RuleHosts) -> RuleHosts {
    match (left, right) {
        (RuleHosts::These(mut hosts), RuleHosts::These(others)) => {
            hosts.extend(others);
            let mut seen = std::collections::HashSet::new();
            hosts.retain(|host| seen.insert(host.clone()));
            RuleHosts::These(hosts)
        }
        _ => RuleHosts::Any,
    }
}

fn intersection(left: RuleHosts, right: RuleHosts) -> RuleHosts {
    match (left, right) {
        (RuleHosts::Any, hosts) | (hosts, RuleHosts::Any) => hosts,
        (RuleHosts::These(hosts), RuleHosts::These(others)) => {
            let both: Vec<Name> = hosts.iter().filter(|host| others.contains(host)).cloned().collect();
            // Nothing in common is a rule that never matches, or a wildcard and a host below it.
            RuleHosts::These(if both.is_empty() { others } else { both })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_of_a_rule_are_those_for_which_it_can_match() {
        for (rule, expected) in [
            ("Host(`shop.example.com`)", "shop.example.com"),
            ("Host(`Shop.Example.com`) && PathPrefix(`/api`)", "shop.example.com"),
            ("(Host(`a.example.com`) || Host(\"b.example.com\")) && !Path(`/x`)", "a.example.com b.example.com"),
            ("Host(`a.example.com`,`b.example.com`)", "a.example.com b.example.com"),
            ("Host(`a.example.com`) || Host(`a.example.com`)", "a.example.com"),
            ("Host(`a.example.com`) || PathPrefix(`/`)", "*"),
            ("PathPrefix(`/`)", "*"),
            ("!Host(`a.example.com`)", "*"),
            ("HostSNI(`*`)", "*"),
            ("HostSNI(`db.example.com`)", "db.example.com"),
            ("HostRegexp(`^[a-z0-9-]+\\.example\\.com$`)", "*.example.com"),
            ("HostRegexp(`{sub:[a-z]+}.example.com`)", "*.example.com"),
            ("HostRegexp(`^shop\\.example\\.com$`)", "shop.example.com"),
            ("HostRegexp(`.+`)", "*"),
            ("HostRegexp(`^.+$`)", "*"),
            ("Host(`a.example.com`", "*"),
            ("Host(`a.example.com`) &&", "*"),
            ("Host(`a.example.com`) trailing", "*"),
            ("", "*"),
        ] {
            let told = match hosts(rule) {
                RuleHosts::Any => "*".to_owned(),
                RuleHosts::These(hosts) => hosts.iter().map(Name::as_str).collect::<Vec<_>>().join(" "),
            };
            assert_eq!(told, expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_of_ten_thousand_parentheses_is_not_followed() {
        assert_eq!(hosts(&"(".repeat(10_000)), RuleHosts::Any);
        assert_eq!(hosts(&"!".repeat(10_000)), RuleHosts::Any);
    }
}
