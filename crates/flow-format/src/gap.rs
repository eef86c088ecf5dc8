//! Whether a blank stands between two tokens of the same line.

use flow_syntax::SyntaxKind::{self, *};

/// A token's kind and that of the node around it.
pub(crate) type Place = (SyntaxKind, SyntaxKind);

/// Whether there is a blank between neighbours.
pub(crate) fn blank_between(previous: Place, next: Place) -> bool {
    !(hugs_what_precedes(next) || hugs_what_follows(previous))
}

fn hugs_what_precedes((kind, parent): Place) -> bool {
    match kind {
        COMMA | COLON | DOT | QUESTION | R_PAREN | R_BRACKET | STRING_TEXT | STRING_CLOSE | HOLE_OPEN | HOLE_CLOSE => {
            true
        }
        DOT2 | DOT2_EQ => matches!(parent, RANGE_EXPR | RANGE_PATTERN),
        L_PAREN => matches!(
            parent,
            ARG_LIST | PARAM_LIST | PATTERN_FIELD_LIST | VARIANT | ERROR_CLASS | CODE_FILE | TYPE_ARG_LIST
        ),
        L_BRACKET => parent == INDEX_EXPR,
        LT | GT => is_angle(parent),
        _ => false,
    }
}

fn hugs_what_follows((kind, parent): Place) -> bool {
    match kind {
        L_PAREN | L_BRACKET | DOT | AT | STRING_OPEN | RAW_OPEN | STRING_TEXT | HOLE_OPEN | HOLE_CLOSE => true,
        DOT2 | DOT2_EQ => true,
        LT => is_angle(parent),
        MINUS => parent == UNARY_EXPR,
        _ => false,
    }
}

fn is_angle(parent: SyntaxKind) -> bool {
    matches!(parent, TYPE_ARG_LIST | TYPE_PARAM_LIST)
}
