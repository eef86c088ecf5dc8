//! Values that may be absent: `std.option`. The operator for a default is `??`.

use super::{call::Call, text::builtins};
use crate::{EvalError, Value, eval::Fault};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.option";

builtins! {
    "is_present" "(value: T?) -> Bool" "Whether there is a value." => |call| Ok(Value::Bool(!matches!(call.value(0)?, Value::Absent))),
    "is_absent" "(value: T?) -> Bool" "Whether there is no value." => |call| Ok(Value::Bool(matches!(call.value(0)?, Value::Absent))),
    "value_or" "(value: T?, default: T) -> T" "The value, or else the default; as `value ?? default`." => |call| match call.value(0)? {
        Value::Absent => call.value(1).cloned(),
        present => Ok(present.clone()),
    },
    "required" "(value: T?, why: String = \"a value is required here\") -> T" "The value; an error that says why if there is none." => required,
    "present" "(values: List<T?>) -> List<T>" "The values that are there." => present,
}

fn required(call: &mut Call<'_, '_, '_>) -> Outcome {
    match call.value(0)? {
        Value::Absent => {
            let why = call.text_or(1, "a value is required here")?.to_owned();
            call.fail(Fault::absent(why))
        }
        present => Ok(present.clone()),
    }
}

fn present(call: &mut Call<'_, '_, '_>) -> Outcome {
    let found = call.list(0)?.iter().filter(|item| !matches!(item, Value::Absent)).cloned().collect();
    call.list_of(found)
}
