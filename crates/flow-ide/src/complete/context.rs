//! The place of a completion: the tree with a made-up name there, and the way from it to what was analysed.

use crate::{Analysis, hints::module_of};
use flow_diag::{FileId, Span};
use flow_expr::{Name, Type, TypeDef};
use flow_sema::index::{Definition, DefinitionKind};
use flow_syntax::{
    Parse, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, TextSize,
    ast::{self, AstNode},
};

/// The made-up name. Nobody writes it.
const MARKER: &str = "zzhere";

/// The place.
pub(crate) struct Context<'a> {
    pub(crate) analysis: &'a Analysis,
    pub(crate) file: FileId,
    /// The name of the module that the file is.
    pub(crate) module: String,
    /// The tree of the text with the made-up name.
    pub(crate) parse: Parse,
    /// The token that holds it.
    pub(crate) token: SyntaxToken,
    /// What is typed of the word.
    pub(crate) prefix: String,
    /// What stands before the word, on its line.
    pub(crate) before: String,
    drift: Drift,
}

/// Where a text that changed in one stretch is the same as before.
struct Drift {
    prefix: u32,
    /// Where the common end begins, in the new and in the old text.
    new_end: u32,
    old_end: u32,
}

impl Drift {
    fn between(old: &str, new: &str) -> Self {
        let prefix = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
        let most = old.len().min(new.len()) - prefix;
        let suffix = old.bytes().rev().zip(new.bytes().rev()).take(most).take_while(|(a, b)| a == b).count();
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { prefix: place(prefix), new_end: place(new.len() - suffix), old_end: place(old.len() - suffix) }
    }

    fn old(&self, offset: u32) -> Option<u32> {
        if offset <= self.prefix {
            return Some(offset);
        }
        (offset >= self.new_end).then(|| offset - self.new_end + self.old_end)
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(analysis: &'a Analysis, file: FileId, text: &str, offset: u32) -> Option<Self> {
        let at = offset as usize;
        let (before, after) = (text.get(..at)?, text.get(at..)?);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = before
            .rfind(|c| !is_word(c))
            .map_or(0, |found| found + before[found..].chars().next().map_or(1, char::len_utf8));
        let prefix = before[word..].to_owned();
        let line = before[..word].rsplit('\n').next().unwrap_or_default().to_owned();
        let marked = format!("{before}{MARKER}{after}");
        let parse = flow_syntax::parse(file, &marked);
        let token = crate::place::token_at(&parse.tree(), offset)?;
        let drift = Drift::between(analysis.text(file), &marked);
        let module = module_of(analysis, file).unwrap_or_default();
        Some(Self { analysis, file, module, parse, token, prefix, before: line, drift })
    }

    /// Whether the place is in a comment, or in a text that is no code.
    pub(crate) fn is_in_plain_text(&self) -> bool {
        self.token.kind().is_trivia() && self.token.kind() != SyntaxKind::WHITESPACE
            || self.token.kind() == SyntaxKind::STRING_TEXT
            || self.prefix.starts_with(|c: char| c.is_ascii_digit()) && self.duration_clause().is_none()
    }

    /// The construct around the place.
    pub(crate) fn parent(&self) -> Option<SyntaxNode> {
        self.token.parent()
    }

    /// The nearest construct of a kind around the place.
    pub(crate) fn around(&self, kind: SyntaxKind) -> Option<SyntaxNode> {
        self.token.parent_ancestors().find(|node| node.kind() == kind)
    }

    pub(crate) fn is_in(&self, kind: SyntaxKind) -> bool {
        self.around(kind).is_some()
    }

    /// The clause that takes a duration, if the place is right behind its words.
    pub(crate) fn duration_clause(&self) -> Option<()> {
        let words = self.before.trim_end();
        let ends = ["timeout", "within", "for", "every", "backoff", "wait for", "up to", ".."];
        let is_behind = ends.iter().any(|word| words.ends_with(word));
        let is_loop = words.trim_start().starts_with("for") && !words.ends_with("wait for");
        (is_behind && !is_loop).then_some(())
    }

    /// A range of this tree in the text that was analysed.
    fn old(&self, range: TextRange) -> Option<Span> {
        let (start, end) = (self.drift.old(range.start().into())?, self.drift.old(range.end().into())?);
        (start <= end).then(|| Span::new(self.file, start, end))
    }

    /// The local definition whose name stands at a token.
    pub(crate) fn local_at(&self, token: &SyntaxToken) -> Option<&'a Definition> {
        let at = self.old(token.text_range())?;
        let is_it = |definition: &&Definition| {
            definition.at == at && matches!(definition.kind, DefinitionKind::Local | DefinitionKind::Parameter)
        };
        self.analysis.compilation.index.definitions.iter().find(is_it)
    }

    /// The type of an expression, as far as it is known.
    pub(crate) fn type_of(&self, expr: &ast::Expr) -> Option<Type> {
        let index = &self.analysis.compilation.index;
        let exact = self.old(expr.range()).and_then(|at| {
            let found = index.types.binary_search_by_key(&at, |typed| typed.at).ok()?;
            Some(index.types[found].ty.clone())
        });
        exact.or_else(|| match expr {
            ast::Expr::Name(name) => self.type_of_name(name.name()?.text()),
            ast::Expr::Paren(paren) => self.type_of(&paren.inner()?),
            ast::Expr::Field(field) => {
                let receiver = self.type_of(&field.receiver()?)?;
                let name = field.name()?;
                let fields = self.fields(&receiver)?;
                fields.iter().find(|field| &*field.name == name.text()).map(|field| field.ty.clone())
            }
            ast::Expr::Call(call) => match call.callee()? {
                ast::Expr::Name(name) => self.returns_of(name.name()?.text()),
                _ => None,
            },
            _ => None,
        })
    }

    fn type_of_name(&self, name: &str) -> Option<Type> {
        if name == "it" {
            return self.type_of_it();
        }
        let locals = super::names::locals(self);
        if let Some((_, ty)) = locals.into_iter().find(|(local, _)| local == name) {
            return ty;
        }
        let visible = super::visible(self).into_iter().find(|visible| visible.name == name)?;
        let program = &self.analysis.compilation.program;
        let dataset = program.datasets.get(&visible.definition.name).map(|dataset| dataset.ty.clone());
        dataset.or_else(|| visible.definition.ty.clone())
    }

    fn returns_of(&self, name: &str) -> Option<Type> {
        let visible = super::visible(self).into_iter().find(|visible| visible.name == name)?;
        let (program, name) = (&self.analysis.compilation.program, &visible.definition.name);
        let of_step = program.steps.get(name).map(|step| step.returns.clone());
        of_step.or_else(|| program.flows.get(name).map(|flow| flow.returns.clone()))
    }

    /// What `it` is: the result of the step, or the value of the type.
    pub(crate) fn type_of_it(&self) -> Option<Type> {
        let decl = self.token.parent_ancestors().find_map(ast::Decl::cast)?;
        let name = Name::new(format!("{}.{}", self.module, decl.name()?.text()));
        let program = &self.analysis.compilation.program;
        if let Some(step) = program.steps.get(&name) {
            return Some(step.returns.clone());
        }
        let ty = program.datasets.get(&name).map(|dataset| dataset.ty.clone());
        match ty {
            Some(Type::Table(row)) => Some((*row).clone()),
            other => other,
        }
    }

    /// The fields of a record type, through names for it.
    pub(crate) fn fields(&self, ty: &Type) -> Option<&'a [flow_expr::Field]> {
        let Type::Named(name) = ty.required() else { return None };
        match self.analysis.compilation.program.types.get(name)? {
            TypeDef::Record(fields) => Some(fields),
            TypeDef::Refined { base, .. } => self.fields(base),
            TypeDef::Enum(_) => None,
        }
    }

    /// Where the made-up name begins.
    pub(crate) fn start(&self) -> TextSize {
        self.token.text_range().start()
    }
}
