//! SQL at run time.
