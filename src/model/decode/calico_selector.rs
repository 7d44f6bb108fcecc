//! Calico's selector language, read as Calico reads it (libcalico-go/lib/selector).
//!
//! `||` binds weaker than `&&`, that weaker than `!`. `!=` and `not in` hold where the key is absent. Texts stand in `'` or `"`
//! and know no escapes; between the words there are blanks and tabs, and no line breaks. A trailing comma in a set is fine.

use winnow::{
    LocatingSlice,
    combinator::{alt, cut_err, delimited, eof, opt, preceded, repeat, separated, terminated},
    error::{ContextError, ErrMode, StrContext, StrContextValue},
    prelude::*,
    token::{take_till, take_while},
};

use crate::model::{Likeness, Name, Selector, calico_keys};

/// Deeper nesting than anybody writes is refused, so that reading it takes no more than a little stack.
const DEEPEST: usize = 64;

/// Why a selector cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the selector cannot be read: at character {at} there must be {wanted}")]
pub struct SelectorError {
    /// At which character, counted from 1.
    pub at: usize,
    /// What must stand there.
    pub wanted: &'static str,
}

/// Reads a selector. The empty one selects everything. `global()` is read as a key of its own ([`calico_keys::GLOBAL`]).
pub fn parse_calico_selector(text: &str) -> Result<Selector, SelectorError> {
    selector.parse(LocatingSlice::new(text)).map_err(|error| {
        let at = text.get(..error.offset()).map_or(1, |before| before.chars().count() + 1);
        let wanted = error.inner().context().find_map(|context| match context {
            StrContext::Expected(StrContextValue::Description(wanted)) => Some(*wanted),
            _ => None,
        });
        SelectorError { at, wanted: wanted.unwrap_or("&&, || or the end") }
    })
}

type Input<'a> = LocatingSlice<&'a str>;

fn selector(input: &mut Input<'_>) -> ModalResult<Selector> {
    let everything = (blanks, eof).value(Selector::everything());
    alt((everything, terminated(any_of(0), (blanks, wanted("&&, || or the end", eof))))).parse_next(input)
}

/// What must stand here: nothing else can.
fn wanted<'a, O>(
    name: &'static str,
    parser: impl Parser<Input<'a>, O, ErrMode<ContextError>>,
) -> impl Parser<Input<'a>, O, ErrMode<ContextError>> {
    cut_err(parser).context(StrContext::Expected(StrContextValue::Description(name)))
}

fn blanks(input: &mut Input<'_>) -> ModalResult<()> {
    take_while(0.., [' ', '\t']).void().parse_next(input)
}

fn any_of<'a>(depth: usize) -> impl Parser<Input<'a>, Selector, ErrMode<ContextError>> {
    separated(1.., all_of(depth), (blanks, "||"))
        .map(|conditions: Vec<Selector>| single(conditions).unwrap_or_else(Selector::Any))
}

fn all_of<'a>(depth: usize) -> impl Parser<Input<'a>, Selector, ErrMode<ContextError>> {
    separated(1.., condition(depth), (blanks, "&&"))
        .map(|conditions: Vec<Selector>| single(conditions).unwrap_or_else(Selector::All))
}

fn single(mut conditions: Vec<Selector>) -> Result<Selector, Vec<Selector>> {
    match conditions.pop() {
        Some(only) if conditions.is_empty() => Ok(only),
        last => {
            conditions.extend(last);
            Err(conditions)
        }
    }
}

fn condition<'a>(depth: usize) -> impl Parser<Input<'a>, Selector, ErrMode<ContextError>> {
    move |input: &mut Input<'a>| {
        let negations: usize = repeat(0.., preceded(blanks, '!')).parse_next(input)?;
        blanks.parse_next(input)?;
        let condition = wanted(
            "a condition such as app == 'web', has(app) or all()",
            alt((
                move |input: &mut Input<'a>| in_parentheses(input, depth),
                call("has(", wanted("the key of a label", key)).map(Selector::Has),
                call("all(", "").map(|_| Selector::everything()),
                call("global(", "").map(|_| Selector::Has(calico_keys::GLOBAL.into())),
                comparison,
            )),
        )
        .parse_next(input)?;
        Ok(if negations % 2 == 1 { not(condition) } else { condition })
    }
}

fn in_parentheses(input: &mut Input<'_>, depth: usize) -> ModalResult<Selector> {
    '('.parse_next(input)?;
    if depth >= DEEPEST {
        return wanted("fewer parentheses", winnow::combinator::fail).parse_next(input);
    }
    terminated(any_of(depth + 1), (blanks, wanted("a closing parenthesis", ')'))).parse_next(input)
}

fn call<'a, O>(
    opening: &'static str,
    argument: impl Parser<Input<'a>, O, ErrMode<ContextError>>,
) -> impl Parser<Input<'a>, O, ErrMode<ContextError>> {
    delimited((opening, blanks), argument, (blanks, wanted("a closing parenthesis", ')')))
}

fn key(input: &mut Input<'_>) -> ModalResult<Name> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    take_while(1.., allowed).map(Name::from).parse_next(input)
}

fn comparison(input: &mut Input<'_>) -> ModalResult<Selector> {
    let key = terminated(key, blanks).parse_next(input)?;
    let like = |likeness: Likeness| {
        let key = key.clone();
        move |text: Name| Selector::Like(key.clone(), likeness, text)
    };
    let one = |value: Name| Selector::In(key.clone(), vec![value]);
    let some = |values: Vec<Name>| Selector::In(key.clone(), values);
    let operator = alt((
        preceded("==", text).map(one),
        preceded("!=", text).map(|value| not(one(value))),
        preceded("contains", text).map(like(Likeness::Contains)),
        preceded(("starts", blanks, "with"), text).map(like(Likeness::StartsWith)),
        preceded(("ends", blanks, "with"), text).map(like(Likeness::EndsWith)),
        preceded(("not", blanks, "in"), set).map(|values| not(some(values))),
        preceded("in", set).map(some),
    ));
    wanted("==, !=, in, not in, contains, starts with or ends with", operator).parse_next(input)
}

fn set(input: &mut Input<'_>) -> ModalResult<Vec<Name>> {
    (blanks, wanted("a set such as {'a', 'b'}", '{'), blanks).parse_next(input)?;
    let mut values = Vec::new();
    while let Some(value) = opt(quoted).parse_next(input)? {
        values.push(value);
        blanks.parse_next(input)?;
        if opt(',').parse_next(input)?.is_none() {
            break;
        }
        blanks.parse_next(input)?;
    }
    wanted("a text in quotes, or the closing brace", '}').parse_next(input)?;
    Ok(values)
}

fn text(input: &mut Input<'_>) -> ModalResult<Name> {
    preceded(blanks, wanted("a text in quotes", quoted)).parse_next(input)
}

fn quoted(input: &mut Input<'_>) -> ModalResult<Name> {
    let between = |quote: char| delimited(quote, take_till(0.., quote), wanted("a closing quote", quote));
    alt((between('\''), between('"'))).map(Name::from).parse_next(input)
}

fn not(condition: Selector) -> Selector {
    Selector::Not(Box::new(condition))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;

    fn parsed(text: &str) -> Selector {
        parse_calico_selector(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn matches(text: &str, labels: &[(&str, &str)]) -> bool {
        parsed(text).matches(&labels.iter().copied().collect::<Labels>())
    }

    #[test]
    fn comparisons_hold_as_in_calico() {
        assert!(matches("app == 'web'", &[("app", "web")]) && !matches("app == 'web'", &[]));
        assert!(matches("app != \"web\"", &[]) && !matches("app != \"web\"", &[("app", "web")]));
        assert!(matches("app in {'a', 'b'}", &[("app", "b")]) && !matches("app in {'a'}", &[]));
        assert!(matches("app not in {'a'}", &[]) && !matches("app not in {'a'}", &[("app", "a")]));
        assert!(!matches("app in {}", &[("app", "")]) && matches("app not in { }", &[("app", "a")]));
        assert!(matches("has(app)", &[("app", "")]) && matches("!has(app)", &[]));
        assert!(matches("app contains 'e'", &[("app", "web")]) && !matches("app contains 'e'", &[]));
        assert!(
            matches("app starts with 'w'", &[("app", "web")]) && !matches("app starts with 'e'", &[("app", "web")])
        );
        assert!(matches("app ends  with 'b'", &[("app", "web")]) && !matches("app ends with 'e'", &[("app", "web")]));
        assert!(matches("all()", &[]) && matches("", &[]) && matches(" \t", &[]));
    }

    #[test]
    fn not_binds_stronger_than_and_and_that_stronger_than_or() {
        let labels = [("a", "1")];
        assert!(matches("has(a) || has(b) && has(c)", &labels));
        assert!(!matches("(has(a) || has(b)) && has(c)", &labels));
        assert!(!matches("!has(a) || has(b)", &labels) && matches("!(has(a) && has(b))", &labels));
        assert!(matches("!!has(a)", &labels) && matches("! ! has( a )", &labels));
        assert!(matches("has(a)&&has(a)||has(b)", &labels));
    }

    #[test]
    fn keys_and_texts_take_what_calico_takes() {
        assert!(matches("app.kubernetes.io/name_x-y=='a'", &[("app.kubernetes.io/name_x-y", "a")]));
        assert!(matches("a == 'it\"s'", &[("a", "it\"s")]) && matches("a == \"it's\"", &[("a", "it's")]));
        assert!(matches("all == 'x' && in in{'y',}", &[("all", "x"), ("in", "y")]));
        assert_eq!(parsed("global()"), Selector::Has(calico_keys::GLOBAL.into()));
    }

    #[test]
    fn what_calico_does_not_read_is_an_error_that_names_the_place() {
        let wrong = |text: &str| parse_calico_selector(text).expect_err(text);
        for (text, at, wanted) in [
            ("app = 'web'", 5, "==, !="),
            ("app == web", 8, "a text in quotes"),
            ("app == 'web", 12, "a closing quote"),
            ("app in 'a'", 8, "a set"),
            ("app in {'a' 'b'}", 13, "the closing brace"),
            ("app in {,}", 9, "the closing brace"),
            ("has()", 5, "the key of a label"),
            ("has(app", 8, "a closing parenthesis"),
            ("(has(app)", 10, "a closing parenthesis"),
            ("has(app) & has(b)", 10, "&&, || or the end"),
            ("has(app) &&", 12, "a condition"),
            ("has(app) has(b)", 10, "&&, || or the end"),
            ("app", 4, "==, !="),
            ("all (", 5, "==, !="),
            ("has(app)\n", 9, "&&, || or the end"),
            ("ä == 'x'", 1, "a condition"),
        ] {
            let error = wrong(text);
            assert!(error.at == at && error.wanted.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let nested = |depth: usize| format!("{}has(a){}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse_calico_selector(&nested(60)).is_ok());
        assert!(parse_calico_selector(&nested(100_000)).is_err());
    }
}
