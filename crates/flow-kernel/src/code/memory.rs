//! A compiled function and its memory: the one place with `unsafe` (the crate's header says why it is sound).

#![expect(unsafe_code, reason = "compiled code is called, and its memory given back")]

use super::Shape;
use cranelift_codegen::{
    Context,
    ir::{AbiParam, types::I64},
    isa::{OwnedTargetIsa, TargetFrontendConfig},
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};
use std::mem::ManuallyDrop;

/// What compiled functions are: they take the address of their slots.
type Function = extern "C" fn(*const usize);

/// A compiled function. It owns its memory.
pub(crate) struct Code {
    module: ManuallyDrop<JITModule>,
    function: Function,
    shape: Shape,
    /// Whether there may be rows of which it does not know.
    pub(super) partial: bool,
    /// Whether there may be rows without a value.
    pub(super) optional: bool,
    /// The Floats that it wants in its last slots.
    pub(super) floats: Vec<f64>,
    /// Bytes of machine code.
    pub(super) size: usize,
}

/// What the emitter found out.
#[derive(Clone, Copy)]
pub(super) struct Emitted {
    pub(super) partial: bool,
    pub(super) optional: bool,
}

impl Code {
    /// Compiles what `emit` writes.
    pub(super) fn compile(
        shape: Shape,
        floats: Vec<f64>,
        emit: impl FnOnce(&mut Context, &mut FunctionBuilderContext, TargetFrontendConfig) -> Emitted,
    ) -> Result<Self, String> {
        let isa = machine()?;
        let mut module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
        let mut context = module.make_context();
        context.func.signature.params.push(AbiParam::new(I64));
        let emitted = emit(&mut context, &mut FunctionBuilderContext::new(), module.target_config());
        let compiled = module
            .declare_function("kernel", Linkage::Local, &context.func.signature)
            .and_then(|id| module.define_function(id, &mut context).map(|()| id))
            .and_then(|id| module.finalize_definitions().map(|()| id));
        let size = context.compiled_code().map_or(0, |code| code.code_buffer().len());
        match compiled {
            Ok(id) => {
                let address = module.get_finalized_function(id);
                // SAFETY: the function was declared with this signature, in the C convention of this machine.
                let function = unsafe { std::mem::transmute::<*const u8, Function>(address) };
                let Emitted { partial, optional } = emitted;
                Ok(Self { module: ManuallyDrop::new(module), function, shape, partial, optional, floats, size })
            }
            Err(error) => {
                // SAFETY: no function of this module is known to anybody.
                unsafe { module.free_memory() };
                Err(error.to_string())
            }
        }
    }

    /// What it was compiled for.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Calls the function on these slots, which tell of memory that is there and long enough.
    pub(super) fn call(&self, slots: &[usize]) {
        (self.function)(slots.as_ptr());
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: the module is not used again, and its function can be called through `self` only.
        unsafe { ManuallyDrop::take(&mut self.module).free_memory() }
    }
}

/// The machine that this runs on.
fn machine() -> Result<OwnedTargetIsa, String> {
    if cfg!(target_endian = "big") {
        return Err("this machine's byte order is not supported".into());
    }
    let mut flags = settings::builder();
    let wanted = [
        ("opt_level", "speed"),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ];
    for (name, value) in wanted {
        flags.set(name, value).map_err(|error| error.to_string())?;
    }
    cranelift_native::builder()?.finish(settings::Flags::new(flags)).map_err(|error| error.to_string())
}
