//! PEM, as servers read it (Go's `encoding/pem`, OpenSSL): blocks between lines, and anything around them.
//!
//! Not a library's: those at hand copy what they read into buffers that are not wiped, pass over the blocks that they do not know
//! (an encrypted key, a request), and quote the text in their errors. What is said here of a text never quotes it.

use data_encoding::BASE64_MIME_PERMISSIVE;
use zeroize::Zeroizing;

use crate::model::secret::{Block, Unreadable};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// What is found in a text.
#[derive(Clone, Copy)]
pub(super) enum Piece<'a> {
    /// A block, from its first line to its last.
    Whole(Section<'a>),
    /// What begins like a block and is none.
    Broken,
}

/// A block of PEM; its content is not decoded yet. It cannot be printed.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    /// What its first line says that it holds.
    pub(super) block: Block,
    /// Whether it is a key under a password, by its label or in the old way, by its head.
    pub(super) is_encrypted: bool,
    /// Whether its label is that of a DSA key, whose content looks like that of an RSA key.
    pub(super) is_dsa: bool,
    body: &'a [u8],
}

/// The blocks of a text, in their order.
pub(super) fn pieces(text: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || next(&mut rest))
}

/// Why there is no block of the wanted kind in a text.
pub(super) fn without(text: &[u8]) -> Unreadable {
    let bare = text.trim_ascii();
    if bare.is_empty() {
        return Unreadable::Empty;
    }
    let mut first = None;
    for piece in pieces(text) {
        match piece {
            Piece::Broken => return Unreadable::BrokenPem,
            Piece::Whole(section) => first = first.or(Some(section)),
        }
    }
    match (first, text) {
        (Some(section), _) => Unreadable::WrongBlock(section.block),
        (None, _) if bare.starts_with(b"LS0tLS1CRUdJTi") => Unreadable::EncodedTwice,
        // A sequence: with the length of its length, as every certificate and most keys, or with its length.
        (None, [0x30, 0x81..=0x84, ..]) => Unreadable::Der,
        (None, [0x30, length, rest @ ..]) if rest.len() == usize::from(*length) => Unreadable::Der,
        (None, _) => Unreadable::NotPem,
    }
}

impl Section<'_> {
    /// The content; `None` when it is not base64.
    pub(super) fn content(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut body = self.body;
        // A head ends with an empty line (RFC 1421); its lines have colons, which base64 has not.
        if first_line(body).contains(&b':') {
            while !first_line(body).trim_ascii().is_empty() {
                body = behind_line(body);
            }
        }
        let mut text = Zeroizing::new(Vec::with_capacity(body.len()));
        text.extend(body.iter().filter(|byte| !byte.is_ascii_whitespace()));
        base64(&text).filter(|content| !content.is_empty())
    }
}

/// Decodes base64 as Go does: line breaks are passed over, padding must be there, and only at the end.
pub(super) fn base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let padding = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    if text.get(padding..)?.iter().any(|byte| !matches!(byte, b'=' | b'\r' | b'\n')) {
        return None;
    }
    let mut content = Zeroizing::new(vec![0; BASE64_MIME_PERMISSIVE.decode_len(text.len()).ok()?]);
    let length = BASE64_MIME_PERMISSIVE.decode_mut(text, &mut content).ok()?;
    content.truncate(length);
    Some(content)
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<Piece<'a>> {
    let head = loop {
        if rest.is_empty() {
            return None;
        }
        let line = first_line(rest);
        *rest = behind_line(rest);
        if line.starts_with(BEGIN) {
            break line;
        }
        // Indented, or on one line with others: no server finds it.
        if line.windows(BEGIN.len()).any(|window| window == BEGIN) {
            return Some(Piece::Broken);
        }
    };
    let label = |line: &'a [u8], start: &[u8]| line.strip_prefix(start)?.trim_ascii_end().strip_suffix(DASHES);
    let Some(name) = label(head, BEGIN).filter(|name| !name.contains(&b'-')) else { return Some(Piece::Broken) };
    let body = *rest;
    loop {
        let line = first_line(rest);
        if rest.is_empty() || line.starts_with(BEGIN) {
            return Some(Piece::Broken);
        }
        let length = body.len() - rest.len();
        *rest = behind_line(rest);
        if line.starts_with(END) {
            let is_end = label(line, END) == Some(name);
            return Some(match body.get(..length).filter(|_| is_end) {
                Some(body) => Piece::Whole(section(name, body)),
                None => Piece::Broken,
            });
        }
    }
}

fn section<'a>(label: &[u8], body: &'a [u8]) -> Section<'a> {
    let block = match label {
        b"CERTIFICATE" => Block::Certificate,
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => Block::Request,
        b"PUBLIC KEY" | b"RSA PUBLIC KEY" => Block::PublicKey,
        b"PRIVATE KEY" => Block::PrivateKey,
        label if label.ends_with(b" PRIVATE KEY") => Block::PrivateKey,
        _ => Block::Other,
    };
    let head = first_line(body);
    let is_old = head.starts_with(b"Proc-Type:") && head.trim_ascii_end().ends_with(b"ENCRYPTED");
    let is_encrypted = label == b"ENCRYPTED PRIVATE KEY" || (block == Block::PrivateKey && is_old);
    Section { block, is_encrypted, is_dsa: label == b"DSA PRIVATE KEY", body }
}

/// The line at the start, without its end.
fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// What is behind that line.
fn behind_line(text: &[u8]) -> &[u8] {
    let length = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1);
    text.get(length..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Option<Block>> {
        let kind = |piece| match piece {
            Piece::Whole(Section { block, .. }) => Some(block),
            Piece::Broken => None,
        };
        pieces(text.as_bytes()).map(kind).collect()
    }

    fn content(text: &str) -> Option<Vec<u8>> {
        match pieces(text.as_bytes()).next() {
            Some(Piece::Whole(section)) => section.content().map(|content| content.to_vec()),
            _ => None,
        }
    }

    #[test]
    fn blocks_are_found_between_other_lines_and_with_any_line_ends() {
        let text = "Bag Attributes\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\nnote\n-----BEGIN EC PRIVATE KEY-----\r\nAA\r\nAA \r\n-----END EC PRIVATE KEY-----\r\n\r\n";
        assert_eq!(kinds(text), [Some(Block::Certificate), Some(Block::PrivateKey)]);
        assert_eq!(content(text), Some(vec![0, 0, 0]));
        assert_eq!(content(&text.replace("AAAA", "\tAAA=")), Some(vec![0, 0]));
    }

    #[test]
    fn what_no_server_finds_is_broken() {
        let whole = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(kinds(&whole.replace('\n', " ")), [None], "on one line");
        assert_eq!(kinds(&whole.replace('\n', "\\n")), [None], "with line ends that are none");
        assert_eq!(kinds(&whole.replace('\n', "\r")), [None], "with line ends that are none");
        assert_eq!(kinds(&format!("  {}", whole.replace('\n', "\n  "))), [None], "indented");
        assert_eq!(kinds(&format!("\u{feff}{whole}")), [None], "behind a byte order mark");
        assert_eq!(kinds("-----BEGIN CERTIFICATE-----\nAAAA\n"), [None], "cut off");
        assert_eq!(kinds(&format!("-----BEGIN CERTIFICATE-----\nAAAA\n{whole}")), [None, Some(Block::Certificate)]);
        assert_eq!(kinds(&whole.replace("END CERT", "END CART")), [None]);
        let joined = format!("{}{whole}", whole.trim_end());
        assert_eq!(kinds(&joined), [None], "two files joined without a line end between them");
    }

    #[test]
    fn content_that_is_not_base64_is_none() {
        let with = |body: &str| content(&format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"));
        assert_eq!(with("AAA"), None);
        assert_eq!(with("AA=A"), None);
        assert_eq!(with("AA==AA=="), None);
        assert_eq!(with("A*AA"), None);
        assert_eq!(with(""), None);
        assert_eq!(with("AB=="), Some(vec![0]), "bits behind the end do not count, as for Go");
        assert_eq!(with("Comment: x\n\nAAAA"), Some(vec![0, 0, 0]));
    }

    #[test]
    fn an_encrypted_key_is_known_by_its_label_or_its_head() {
        let is_encrypted = |text: &str| match pieces(text.as_bytes()).next() {
            Some(Piece::Whole(section)) => section.is_encrypted,
            _ => false,
        };
        assert!(is_encrypted("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"));
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert!(is_encrypted(old));
        assert!(!is_encrypted(&old.replace("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", "")));
    }
}
