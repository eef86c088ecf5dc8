//! The border: values from and to JSON, checked against types and refinements.
//!
//! Knows no files, processes or networks: those who do hand JSON or text over and pass the
//! [`BorderErrors`] on. Tested by `encode ∘ decode = id` on generated typed values.

mod decode;
mod encode;
mod error;
mod exact;
mod items;
mod scalar;

pub use decode::{decode, decode_text};
pub use encode::encode;
pub use error::{BorderError, BorderErrors, ERROR_LIMIT};
pub use exact::{parse_json, parse_json_as};
pub use items::decode_items;
pub use scalar::parse_scalar;
