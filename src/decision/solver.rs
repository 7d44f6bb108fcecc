//! Whether a solver of ACME challenges is one: all of its marks can be written by anybody, except who asks for it.

use std::borrow::Cow;

use crate::{
    edge::acme,
    model::{Object, Operation},
    rules::Environment,
};

use super::Change;

/// The change as it is judged: what bears the marks of a solver and is not asked for by cert-manager loses them. Where nobody
/// is known to ask (files), the marks have to do.
pub(super) fn unmasked<'a>(change: &'a Change, environment: &Environment) -> Cow<'a, Change> {
    if !is_forged(change, environment) {
        return Cow::Borrowed(change);
    }
    let mut change = change.clone();
    for object in [&mut change.before, &mut change.after].into_iter().flatten() {
        // The mark that no label or name makes up for.
        if acme::bears_marks(object) {
            object.meta_mut().owners.clear();
        }
    }
    Cow::Owned(change)
}

/// Whether somebody else than cert-manager makes a solver, or makes something else of one.
pub(super) fn is_forged(change: &Change, environment: &Environment) -> bool {
    let Some(after) = change.after.as_ref().filter(|after| acme::bears_marks(after)) else { return false };
    let Some(actor) = &change.actor else { return false };
    if change.operation == Operation::Delete || *actor.user == *environment.cert_manager() {
        return false;
    }
    // Others may well annotate or finalize one that is there.
    change.before.as_ref().is_none_or(|before| !acme::bears_marks(before) || !opens_the_same(before, after))
}

fn opens_the_same(before: &Object, after: &Object) -> bool {
    let mut like_after = before.clone();
    *like_after.meta_mut() = after.meta().clone();
    like_after == *after
}
