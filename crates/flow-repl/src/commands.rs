//! What begins with a colon: what is done here, and what `flowc` does with the project that the session is about.

use crate::{
    Host, Session, help,
    session::{Outcome, Then, errors},
    show,
};
use flow_compiler::{Assumption, Options, compile};

/// The commands of the prompt, with their arguments and what they do. Those of one line of help stand together.
pub(crate) const OWN: &[(&str, &str, &str)] = &[
    ("type", "EXPR", "the type of an expression, without computing it"),
    ("doc", "NAME", "what is written about a declaration, or a command"),
    ("names", "", "what was bound and declared here"),
    ("reads", "X", "what X, or what a selector selects, is made from"),
    ("feeds", "X", "what is made from it"),
    ("path", "A B", "how B comes from A"),
    ("run", "STEP(…)", "one attempt of a step, for real; publishes nothing"),
    ("ask", "STEP(…)", "the prompt of an AI step, without sending it"),
    ("try", "GUARD(…)", "whether a guard or condition passes"),
    ("assume", "WHAT", "orders late 2h · sum takes 3x · writer down 1h"),
    ("assumptions", "", "what is assumed"),
    ("clear", "", "assume nothing any more"),
    ("time", "ENTRY", "an entry, and how long it took"),
    ("load", "FILE", "does what a file says, entry by entry"),
    ("save", "FILE", "writes what was declared and kept to a file"),
    ("edit", "", "the last entry in your editor, then does it"),
    ("reset", "", "forgets what was bound, declared and assumed"),
    ("help", "", "this"),
    ("quit", "", "ends; so does Ctrl-D"),
];

/// Commands of `flowc` that are also commands of the prompt, and whether they answer under what is assumed.
pub(crate) const FLOWC: &[(&str, bool)] = &[
    ("plan", true),
    ("bounds", true),
    ("forecast", true),
    ("check", true),
    ("graph", false),
    ("diff", false),
    ("why", false),
    ("show", false),
    ("history", false),
    ("logs", false),
    ("test", false),
    ("cost", false),
    ("audit", false),
    ("explain", false),
    ("approvals", false),
];

impl Session {
    pub(crate) fn command(&mut self, name: &str, rest: &str, host: &mut dyn Host) -> Outcome {
        let needs = |outcome: Outcome| if rest.is_empty() { help::needs(name) } else { outcome };
        match name {
            "help" | "h" | "?" => Outcome::done(help::text()),
            "save" if !rest.is_empty() => {
                Outcome { then: Then::Write { path: rest.to_owned(), text: self.entered() }, ..Outcome::done("") }
            }
            "quit" | "q" | "exit" => Outcome { then: Then::Quit, ..Outcome::done("") },
            "names" => Outcome::done(self.names()),
            "assumptions" => Outcome::done(self.assumptions()),
            "clear" => {
                self.assumed.clear();
                Outcome::done("nothing is assumed any more\n")
            }
            "reset" => {
                *self = Self::new(self.color);
                Outcome::done("forgotten\n")
            }
            "start" if !rest.is_empty() => Outcome::command(std::iter::once("run").chain(rest.split_whitespace())),
            _ if rest.is_empty() && OWN.iter().any(|(own, arguments, _)| *own == name && !arguments.is_empty()) => {
                help::needs(name)
            }
            "type" => self.type_of(rest, host),
            "doc" => self.doc(rest, host),
            "reads" => self.selected(&format!("+({rest})"), host),
            "feeds" => self.selected(&format!("({rest})+"), host),
            "path" => self.path(rest, host),
            "run" => self.run(rest, host),
            "ask" => self.prompt_of(rest, host),
            "try" => self.try_guard(rest, host),
            "assume" => self.assume(rest, host),
            "start" => needs(Outcome::done("")),
            _ => self.flowc(name, rest),
        }
    }

    /// A command of `flowc`, with what is assumed where it answers under that.
    fn flowc(&self, name: &str, rest: &str) -> Outcome {
        let Some((name, supposes)) = FLOWC.iter().find(|(known, _)| *known == name) else { return help::unknown(name) };
        let mut words: Vec<String> = vec![(*name).to_owned()];
        let given: Vec<&str> = rest.split_whitespace().collect();
        // A terminal shows no picture.
        if *name == "graph"
            && !given.iter().any(|word| word.starts_with("--format") || word.starts_with("--out") || *word == "-o")
        {
            words.push("--format=mermaid".to_owned());
        }
        words.extend(given.into_iter().map(str::to_owned));
        if *supposes {
            words.extend(self.assumed.iter().flat_map(|said| ["--assume".to_owned(), said.clone()]));
        }
        Outcome::command(words)
    }

    /// What was declared and kept, as it was entered.
    fn entered(&self) -> String {
        let declared = self.declared.iter().map(|declared| format!("{}\n\n", declared.text.trim_end()));
        let kept = self.bound.iter().filter_map(|bound| {
            let text = bound.text.as_ref()?;
            Some(format!("let {} = {text}\n", bound.name))
        });
        declared.chain(kept).collect()
    }

    fn type_of(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        match self.understood(text, None, host) {
            Ok((answer, _)) => Outcome::done(format!("{}\n", show::short(&answer.ty))),
            Err(outcome) => outcome,
        }
    }

    fn names(&self) -> String {
        let bound = self.bound.iter().map(|bound| format!("{}: {}\n", bound.name, show::short(&bound.ty)));
        let text: String = bound.chain(self.declared_names().map(|name| format!("{name}\n"))).collect();
        if text.is_empty() { "nothing was bound or declared here\n".to_owned() } else { text }
    }

    /// Takes something to be so, and says what breaks then.
    fn assume(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        let assumption = match Assumption::parse(text) {
            Ok(assumption) => assumption,
            Err(why) => return Outcome::failed(format!("error: {why}\n")),
        };
        let said = assumption.to_string();
        let mut assumed = self.assumed.clone();
        assumed.retain(|known| *known != said);
        assumed.push(said);
        let under = |assume: &[String]| compile(host.world(), &Options { assume: assume.to_vec(), ..host.options() });
        let (before, after) = (under(&[]), under(&assumed));
        let all = errors(&after, |_| true);
        let refused: Vec<_> = all.0.iter().filter(|problem| problem.code.as_str() == "E0186").cloned().collect();
        if let Some(refused) = refused.last() {
            return Outcome::failed(format!("error: {}\n", refused.helps.join("; ")));
        }
        let known: Vec<(&str, _)> =
            before.problems.0.iter().map(|problem| (problem.code.as_str(), problem.span().start)).collect();
        let broken: Vec<_> = all
            .0
            .into_iter()
            .filter(|problem| !known.contains(&(problem.code.as_str(), problem.span().start)))
            .collect();
        self.assumed = assumed;
        let count = broken.len();
        let mut text = self.rendered(&flow_diag::Problems(broken), &after);
        if count == 0 {
            text.push_str("every promise holds all the same\n");
        } else {
            text.push_str(&format!("{count} promise{} cannot be kept\n", if count == 1 { "" } else { "s" }));
        }
        text.push_str(&self.assumptions());
        Outcome::done(text)
    }

    fn assumptions(&self) -> String {
        if self.assumed.is_empty() {
            return "nothing is assumed\n".to_owned();
        }
        format!(
            "assumed: {} · `:bounds`, `:forecast`, `:plan` and `:check` answer under it, `:clear` ends it\n",
            self.assumed.join(", ")
        )
    }
}
