//! From when to when certificates are valid. The time is an argument.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Bundle, CertificateFacts, IssuedBy, Name};

/// How far the clocks of issuers and clients may be apart.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A certificate that cannot be used at some time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lapse {
    /// It has expired, since when.
    Expired(Timestamp),
    /// It is not valid yet, until when.
    NotYet(Timestamp),
    /// One that it needs on the way to a root has expired: whose, since when.
    Above(Name, Timestamp),
}

/// Why a bundle cannot be used now, if it cannot. A root in it does not count: clients have their own.
pub fn lapse(bundle: &Bundle, now: Timestamp) -> Option<Lapse> {
    let leaf = &bundle.leaf;
    if leaf.not_after < now {
        return Some(Lapse::Expired(leaf.not_after));
    }
    if leaf.not_before.duration_since(now) > SKEW {
        return Some(Lapse::NotYet(leaf.not_before));
    }
    let needed = bundle.path().into_iter().filter(|above| above.issued_by != IssuedBy::Itself);
    let mut expired = needed.filter(|above| above.not_after < now);
    expired.next().map(|above| Lapse::Above(above.subject.clone(), above.not_after))
}

/// How long a bundle can be used from now on: as long as the first of its certificates that ends, roots aside. Nothing when it
/// cannot be used any more.
pub fn remaining(bundle: &Bundle, now: Timestamp) -> SignedDuration {
    let above = bundle.path().into_iter().filter(|above| above.issued_by != IssuedBy::Itself);
    let end = above.map(|above| above.not_after).chain([bundle.leaf.not_after]).min().unwrap_or(now);
    end.duration_since(now).max(SignedDuration::ZERO)
}

/// How long a certificate is valid in all, its last second included.
pub fn life(certificate: &CertificateFacts) -> SignedDuration {
    let life = certificate.not_after.duration_since(certificate.not_before);
    life.saturating_add(SignedDuration::from_secs(1)).max(SignedDuration::ZERO)
}
