//! What a plain scalar means: as kubectl reads it (sigs.k8s.io/yaml, which is go-yaml v2), which is not YAML 1.2.

use serde_json::{Number, Value};

/// The value of a scalar without quotes and tag. The error says why it has none in JSON.
pub(super) fn plain(text: &str) -> Result<Value, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN"
        | ".NAN" => return Err("infinity and not-a-number have no form in JSON"),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => {
            number(text).unwrap_or_else(|| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    })
}

/// What a scalar with a tag means. Tags that are not YAML's own mean nothing to kubectl.
pub(super) fn tagged(text: &str, tag: Option<&str>, is_plain: bool) -> Result<Value, &'static str> {
    match tag {
        Some("str") => Ok(Value::String(text.to_owned())),
        Some("null") => Ok(Value::Null),
        Some("bool" | "int" | "float") => match plain(text)? {
            value @ (Value::Bool(_) | Value::Number(_)) => Ok(value),
            _ => Err("the value does not fit its tag"),
        },
        Some("binary") => Err("binary values are not read; write the text itself"),
        _ if is_plain => plain(text),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

/// Go's `strconv.ParseInt(text, 0, 64)`: 0x, 0o, 0b, and 0 alone for octal.
fn integer(text: &str) -> Option<Value> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = unsigned.to_ascii_lowercase();
    let (radix, digits) = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| lower.strip_prefix(prefix).map(|digits| (radix, digits)))
        .or_else(|| lower.strip_prefix('0').filter(|digits| !digits.is_empty()).map(|digits| (8, digits)))
        .unwrap_or((10, &lower));
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative { 0_i64.checked_sub_unsigned(magnitude).map(Value::from) } else { Some(Value::from(magnitude)) }
}

/// `^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$`, and a dot at the end. A float without a fraction is an integer in JSON.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let well_formed = is_digits(whole) && is_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    if !well_formed || exponent.is_empty() || !is_digits(exponent) {
        return None;
    }
    let number: f64 = text.strip_prefix('+').unwrap_or(text).parse().ok()?;
    #[allow(clippy::cast_possible_truncation)] // Within the range in which every integer is exact.
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each line was put through sigs.k8s.io/yaml 1.6.0.
    #[test]
    fn plain_scalars_are_read_as_kubectl_reads_them() {
        let table = [
            ("yes", json!(true)),
            ("on", json!(true)),
            ("y", json!(true)),
            ("N", json!(false)),
            ("Off", json!(false)),
            ("tRue", json!("tRue")),
            ("012", json!(10)),
            ("-012", json!(-10)),
            ("0o14", json!(12)),
            ("0O14", json!(12)),
            ("0x1F", json!(31)),
            ("+0x1", json!(1)),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            ("1__0", json!(10)),
            ("0_1", json!(1)),
            ("_1", json!("_1")),
            ("018", json!(18)),
            ("09", json!(9)),
            ("+1", json!(1)),
            ("-0", json!(0)),
            ("1e3", json!(1000)),
            ("1E5", json!(100_000)),
            ("1e+5", json!(100_000)),
            ("12e03", json!(12000)),
            ("1.5e3", json!(1500)),
            (".5", json!(0.5)),
            ("-.5", json!(-0.5)),
            ("08.5", json!(8.5)),
            ("1.", json!(1)),
            ("1.0", json!(1)),
            ("0.10", json!(0.1)),
            ("1e400", json!("1e400")),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("190:20:30", json!("190:20:30")),
            ("2001-01-01", json!("2001-01-01")),
            ("10.0.0.0/8", json!("10.0.0.0/8")),
            ("1.2.3", json!("1.2.3")),
            ("~", json!(null)),
            ("Null", json!(null)),
            ("", json!(null)),
            ("=", json!("=")),
            ("-", json!("-")),
            (".", json!(".")),
            ("+", json!("+")),
            ("0x", json!("0x")),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text), Ok(expected), "{text}");
        }
        assert!(plain(".inf").is_err() && plain(".nan").is_err());
    }

    #[test]
    fn a_tag_decides_what_quotes_would() {
        assert_eq!(tagged("12", Some("str"), true), Ok(json!("12")));
        assert_eq!(tagged("12", Some("int"), false), Ok(json!(12)));
        assert_eq!(tagged("yes", Some("bool"), false), Ok(json!(true)));
        assert_eq!(tagged("bar", Some("foo"), true), Ok(json!("bar")));
        assert_eq!(tagged("yes", None, false), Ok(json!("yes")));
    }
}
