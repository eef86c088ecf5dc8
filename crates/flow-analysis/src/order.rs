//! Callees before their callers, without recursion: for flows that call flows, functions that call functions.

use flow_expr::Name;
use std::collections::BTreeMap;

/// Everything that can be reached, each after what it calls; where they call in a circle, some order.
///
/// `callees` gives nothing for a name that is not declared, which is left out by saying `None`.
pub(crate) fn callees_first<'a>(
    roots: impl Iterator<Item = &'a Name>,
    callees: impl Fn(&'a Name) -> Option<Vec<&'a Name>>,
) -> Vec<&'a Name> {
    let mut order = vec![];
    let mut is_done: BTreeMap<&Name, bool> = BTreeMap::new();
    for root in roots {
        let mut pending = vec![(root, false)];
        while let Some((name, leave)) = pending.pop() {
            if leave {
                is_done.insert(name, true);
                order.push(name);
                continue;
            }
            if is_done.contains_key(name) {
                continue;
            }
            let Some(called) = callees(name) else { continue };
            is_done.insert(name, false);
            pending.push((name, true));
            pending.extend(called.into_iter().map(|callee| (callee, false)));
        }
    }
    order
}
