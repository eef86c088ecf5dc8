//! Random programs that follow the grammar, from a list of choices, so that proptest can shrink them.
//!
//! Knows the grammar by heart and nothing else: names need not exist, types need not fit.

/// A stream of decisions. When it runs dry every decision is the first, which ends all recursion.
pub(crate) struct Generator {
    choices: Vec<u16>,
    next: usize,
    depth: u32,
    out: Vec<String>,
}

/// Written before a token that must stand on the same line as the one before.
const GLUE: &str = "\u{1}";

/// A program of a few declarations.
#[must_use]
pub(crate) fn program(choices: Vec<u16>) -> String {
    let mut generator = Generator { choices, next: 0, depth: 0, out: vec![] };
    for _ in 0..=generator.pick(4) {
        generator.declaration();
    }
    generator.print()
}

impl Generator {
    fn pick(&mut self, count: u16) -> u16 {
        let choice = self.choices.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        choice % count
    }

    fn maybe(&mut self) -> bool {
        self.pick(2) == 1
    }

    /// Adds tokens, which blanks separate; blanks in a text do not.
    fn put(&mut self, tokens: &str) {
        let mut in_text = false;
        let parts = tokens.split(|c: char| {
            in_text ^= c == '"';
            c == ' ' && !in_text
        });
        self.out.extend(parts.filter(|token| !token.is_empty()).map(str::to_owned));
    }

    fn glue(&mut self) {
        self.out.push(GLUE.to_owned());
    }

    fn one_of(&mut self, options: &[&str]) {
        let option = self.pick(u16::try_from(options.len()).expect("few options"));
        self.put(options[option as usize]);
    }

    fn literal(&mut self, text: &str) {
        self.out.push(text.to_owned());
    }

    fn some(&mut self, separator: &str, most: u16, mut item: impl FnMut(&mut Self)) {
        for number in 0..=self.pick(most) {
            if number > 0 {
                self.put(separator);
            }
            item(self);
        }
    }

    fn print(&mut self) -> String {
        let mut text = String::new();
        let mut glued = true;
        for token in std::mem::take(&mut self.out) {
            if token == GLUE {
                glued = true;
                continue;
            }
            if !glued {
                let separators = [" ", " ", " ", "\n", "\n  ", "\t", " // note\n", "\r\n", "\n/// doc\n"];
                text.push_str(separators[self.pick(9) as usize]);
            }
            glued = false;
            text.push_str(&token);
        }
        text + "\n"
    }

    fn name(&mut self) {
        self.one_of(&["a", "rows", "day_2", "`odd-name`", "_", "limit", "model", "x", "owner", "type"]);
    }

    fn plain_name(&mut self) {
        self.one_of(&["a", "rows", "day_2", "x", "y"]);
    }

    fn type_name(&mut self) {
        self.one_of(&["Int", "Order", "T", "DailyRevenue2"]);
    }

    fn text(&mut self) {
        match self.pick(6) {
            0 => self.literal("\"\""),
            1 => self.literal(r#""a \"b\" \{x} {1} é \u{1F600}""#),
            2 => self.literal("\"\"\"\n  one\n    \"two\" {3}\n  \"\"\""),
            3 => self.literal(r#"r"\d+{x}""#),
            4 => {
                let hole = self.inside();
                self.out.push(format!("\"a {{({hole})}} b\""));
            }
            _ => {
                let hole = self.inside();
                self.out.push(format!("\"\"\"a\n {{({hole}) as csv}}\n\"\"\""));
            }
        }
    }

    /// An expression for a hole, on one line.
    fn inside(&mut self) -> String {
        let before = std::mem::take(&mut self.out);
        let depth = std::mem::replace(&mut self.depth, 4);
        self.expression();
        self.depth = depth;
        let tokens = std::mem::replace(&mut self.out, before);
        let tokens: Vec<String> = tokens.into_iter().filter(|token| token != GLUE).collect();
        tokens.join(" ").replace(['\n', '\r'], " ")
    }

    fn code(&mut self) {
        match self.pick(4) {
            0 => self.literal("\"echo ${x} \\q\""),
            1 => self.literal("\"\"\"\n  select {x}\n  from \"t\"\n\"\"\""),
            2 => self.literal("\"\"\"\"\n  def f(): \"\"\"doc\"\"\"\n\"\"\"\""),
            _ => self.put("file ( \"a.sql\" )"),
        }
    }

    fn ty(&mut self) {
        self.depth += 1;
        match if self.depth > 4 { 0 } else { self.pick(5) } {
            0 => self.type_name(),
            1 => {
                self.put("Table <");
                self.some(",", 2, Self::ty);
                self.put(">");
            }
            2 => {
                self.put("fn (");
                self.some(",", 2, Self::ty);
                self.put(") ->");
                self.ty();
            }
            3 => {
                self.plain_name();
                self.put(".");
                self.type_name();
            }
            _ => {
                self.type_name();
                self.put("?");
            }
        }
        self.depth -= 1;
    }

    fn refined(&mut self) {
        self.ty();
        if self.maybe() {
            self.put("@ pii");
        }
        if self.maybe() {
            self.put("where it >= 0");
        }
    }

    fn field(&mut self) {
        self.name();
        self.put(":");
        self.refined();
        if self.maybe() {
            self.put("=");
            self.expression();
        }
    }

    fn value(&mut self) {
        self.one_of(&[
            "1",
            "1_000",
            "0.5",
            "1e-3",
            "99.9%",
            "$0.02",
            "1h30m",
            "500ms",
            "5MiB",
            "06:00",
            "06:00:30.5",
            "2026-11-22",
            "2026-11-22T06:00:00Z",
            "2026-11-22T06:00:00+01:00",
            "true",
            "none",
        ]);
    }

    fn expression(&mut self) {
        self.depth += 1;
        if self.depth > 5 {
            self.one_of(&["x", "1", "North", "it"]);
        } else {
            self.deep_expression();
        }
        self.depth -= 1;
    }

    fn deep_expression(&mut self) {
        match self.pick(19) {
            0 => self.one_of(&["x", "North", "`odd-name`", "limit"]),
            1 => self.value(),
            2 => self.text(),
            3 | 4 => {
                let operators = ["+", "-", "*", "/", "%", "and", "or", "??"];
                self.operand();
                self.one_of(&operators);
                self.operand();
            }
            5 => {
                self.operand();
                self.one_of(&["==", "!=", "<", "<=", ">", ">=", "..", "..="]);
                self.operand();
            }
            6 => {
                self.put("not");
                self.operand();
            }
            7 => {
                self.put("-");
                self.operand();
            }
            8 | 9 => self.call(),
            10 => {
                self.operand();
                self.put(".");
                self.name();
            }
            11 => {
                self.plain_name();
                self.glue();
                self.put("[");
                self.expression();
                self.put("]");
            }
            12 => {
                self.one_of(&["r =>", "( a , b ) =>", "( ) =>"]);
                self.expression();
            }
            13 => self.list(),
            14 => {
                self.one_of(&["csv", "json", "jsonl"]);
                self.literal("\"\"\"\n  a,b\n\"\"\"");
            }
            15 => self.if_else(),
            16 => self.matching(),
            17 => self.looping(),
            _ => {
                self.put("run");
                self.call();
            }
        }
    }

    fn operand(&mut self) {
        self.put("(");
        self.expression();
        self.put(")");
    }

    fn call(&mut self) {
        self.one_of(&["f", "Note", "a . b", "x . sum"]);
        self.glue();
        self.put("(");
        match self.pick(4) {
            0 => {}
            1 => self.some(",", 3, Self::expression),
            2 => {
                self.put("..");
                self.operand();
                self.put(", total :");
                self.expression();
                self.put(",");
            }
            _ => {
                self.put("headline :");
                self.expression();
            }
        }
        self.put(")");
    }

    fn list(&mut self) {
        match self.pick(4) {
            0 => self.put("[ ]"),
            1 => self.put("[ : ]"),
            2 => {
                self.put("[");
                self.some(",", 3, Self::expression);
                self.put("]");
            }
            _ => {
                self.put("[");
                self.some(",", 2, |generator| {
                    generator.operand();
                    generator.put(":");
                    generator.expression();
                });
                self.put("]");
            }
        }
    }

    fn if_else(&mut self) {
        self.put("if");
        self.operand();
        self.block();
        match self.pick(3) {
            0 => {}
            1 => {
                self.put("else");
                self.block();
            }
            _ => {
                self.put("else if x");
                self.block();
            }
        }
    }

    fn matching(&mut self) {
        self.put("match");
        self.operand();
        self.put("{");
        for _ in 0..self.pick(4) {
            self.pattern();
            if self.maybe() {
                self.put("if");
                self.operand();
            }
            self.put("=>");
            if self.maybe() {
                self.block();
            } else {
                self.expression();
                self.put(",");
            }
        }
        self.put("}");
    }

    fn pattern(&mut self) {
        self.one_of(&[
            "_",
            "x",
            "North",
            "Region . North",
            "1",
            "- 1",
            "\"a\"",
            "1 .. 5",
            "1d ..= 2d",
            "A | B | c",
            "Failed ( reason : r , .. )",
            "Failed ( reason )",
            "none",
            "true",
        ]);
    }

    fn looping(&mut self) {
        self.put("for x in");
        self.operand();
        if self.maybe() {
            self.put("limit 50");
        }
        if self.maybe() {
            self.put("parallel 8");
        }
        self.block();
    }

    fn block(&mut self) {
        self.depth += 1;
        self.put("{");
        if self.depth < 5 {
            for _ in 0..self.pick(3) {
                self.statement();
            }
        }
        if self.maybe() {
            self.operand();
        }
        self.put("}");
        self.depth -= 1;
    }

    fn recovery(&mut self) {
        match self.pick(3) {
            0 => {}
            1 => {
                self.put("else");
                self.expression();
            }
            _ => {
                self.put("else");
                self.block();
            }
        }
    }

    fn statement(&mut self) {
        match self.pick(19) {
            0 => {
                self.put("start");
                self.schedule();
                if self.maybe() {
                    self.put("with day = x , y =");
                    self.operand();
                }
            }
            1 => self.one_of(&["finish by 07:00", "finish within 45m", "finish by 07:00 in \"Zone\""]),
            2 => self.one_of(&["overlap skip", "overlap queue", "overlap allow", "overlap replace"]),
            3 => self.one_of(&["catch up none", "catch up last", "catch up all"]),
            4 => {
                self.put("require");
                self.operand();
                if self.maybe() {
                    self.put("fresh within 2h");
                }
                self.one_of(&[
                    "else fail",
                    "else fail \"why\"",
                    "else warn \"a\"",
                    "else skip",
                    "else refresh",
                    "else wait up to 1m",
                ]);
            }
            5 | 6 => {
                self.put("let");
                self.name();
                if self.maybe() {
                    self.put(":");
                    self.ty();
                }
                self.put("=");
                // In parentheses, or the recovery's `else` might become that of an `if`.
                self.operand();
                self.recovery();
            }
            7 => {
                self.one_of(&["write d =", "write a . b ="]);
                self.expression();
            }
            8 => {
                self.put("do");
                self.call();
                self.recovery();
            }
            9 => self.one_of(&["wait for 5m", "wait for ( x )"]),
            10 => {
                self.put("return");
                self.operand();
            }
            11 => {
                self.one_of(&["on failure", "on late", "on stale"]);
                self.block();
            }
            12..=17 => self.statement_with_value(),
            _ => self.one_of(&["owner \"o\"", "tags \"a\" , \"b\"", "doc \"d\"", "budget $50 per 1d"]),
        }
    }

    fn statement_with_value(&mut self) {
        match self.pick(6) {
            0 => {
                self.put("given x =");
                self.expression();
            }
            1 => self.expect(),
            2 => self.if_else(),
            3 => self.matching(),
            4 => self.looping(),
            _ => {
                self.put("check x {");
                self.guard();
                self.put("}");
            }
        }
    }

    fn expect(&mut self) {
        self.put("expect");
        self.operand();
        if self.maybe() {
            self.put("for 99.9%");
        }
        self.one_of(&["", "else warn", "else fail \"why\""]);
    }

    fn schedule(&mut self) {
        self.one_of(&[
            "every 15m",
            "every day at 06:00",
            "every monday , friday at 06:00 , 18:00 in \"Europe/London\"",
            "every weekday by 05:30 in zone",
            "cron \"0 6 * * 1-5\" in \"Z\"",
            "when a , b.c updates",
            "on webhook \"/p\"",
        ]);
    }

    fn guard(&mut self) {
        self.put("guard");
        self.operand();
        self.one_of(&[
            "else retry",
            "else retry \"more {it}\"",
            "else fail \"why\"",
            "else warn",
            "else fallback x",
            "else ask \"who\" within 4h",
            "else ask \"who\" \"what\"",
        ]);
    }

    fn clause(&mut self) {
        match self.pick(13) {
            0 => self.put("timeout 5m"),
            1 => self.one_of(&[
                "retry patient",
                "retry a.b",
                "retry { up to 4 times , on timeout , exit ( 2 ) backoff 1s .. 60s , within 10m }",
            ]),
            2 => self.one_of(&["idempotent", "idempotent by ( x )"]),
            3 => self.one_of(&["effect none", "effect read", "effect write", "effect irreversible"]),
            4 => self.guard(),
            5 => self.one_of(&["budget 3 asks", "budget 3 asks , 12_000 tokens , $0.02", "budget ( n ) asks"]),
            6 => {
                self.put("fallback");
                self.expression();
            }
            7 => self.one_of(&["cache", "cache for 1d", "cache never"]),
            8 => self.put("pool gpu"),
            9 => self.put("needs cpu 2 , memory 4GiB"),
            10 => self.put("after x , y.z"),
            11 => self.one_of(&["owner \"team\"", "doc \"text\""]),
            _ => self.put("tags \"a\" , \"b\""),
        }
        self.one_of(&["", ","]);
    }

    fn settings(&mut self) {
        self.put("{");
        for _ in 0..self.pick(4) {
            match self.pick(9) {
                0 => self.put("price input $0.25 , output $2.00 per 1M tokens"),
                1 => self.put("limit 60 per 1m"),
                2 => self.put("accepts @ pii , @ health"),
                3 => self.put("header \"X-Key\" : k"),
                4 => self.put("query day : today"),
                5 => {
                    self.put("prompt");
                    self.text();
                }
                6 => self.put("provider openai"),
                7 => {
                    self.put("tools");
                    self.list();
                }
                _ => self.put("owner \"me\""),
            }
            self.one_of(&["", ","]);
        }
        self.put("}");
    }

    fn body(&mut self) {
        match self.pick(10) {
            0 => {
                self.put("sql");
                self.code();
            }
            1 => {
                self.put("sql on a.b");
                self.code();
            }
            2 => {
                self.put("sh");
                self.code();
            }
            3 => {
                self.put("python");
                self.code();
            }
            4 => {
                self.one_of(&["http GET \"https://x/{id}\"", "http on shop POST \"/x\""]);
                self.settings();
            }
            5 => {
                self.one_of(&["ai writer", "ai [ a , b ]", "ai ( x )"][..2]);
                self.settings();
            }
            6 => {
                self.put("container \"img:1\"");
                self.code();
            }
            7 => {
                self.put("ssh host");
                self.code();
            }
            8 => self.one_of(&["ask \"who\" \"what {x}\"", "ask people \"what\""]),
            _ => self.put("outside \"tool\" \"job\""),
        }
    }

    fn parameters(&mut self) {
        self.put("(");
        for _ in 0..self.pick(3) {
            self.field();
            self.put(",");
        }
        self.put(")");
    }

    fn result(&mut self) {
        if self.maybe() {
            self.put("->");
            self.ty();
        }
    }

    fn step_block(&mut self) {
        self.put("{");
        for _ in 0..self.pick(2) {
            self.clause();
        }
        self.body();
        for _ in 0..self.pick(4) {
            self.clause();
        }
        self.put("}");
    }

    fn declaration(&mut self) {
        match self.pick(18) {
            0 => self.one_of(&["use a.b", "use a.b.C", "use a.b as c", "use a.b.{ x , y as z , T , }", "use a"]),
            1 => self.one_of(&["label pii", "label pii \"Identifies.\""]),
            2 => {
                self.put("type Order {");
                for _ in 0..self.pick(4) {
                    self.field();
                    self.one_of(&["", ","]);
                }
                self.put("}");
            }
            3 => self.one_of(&["type R = A | B ( x : Int , y : T ) | C", "type R = | A", "type R = A ( )"]),
            4 => {
                self.put("type Amount =");
                self.refined();
            }
            5 => {
                self.one_of(&["const c =", "const c : Int =", "var v : Int where it > 0 =", "secret s ="]);
                self.expression();
            }
            6 => self.put("var v : String"),
            7 => {
                self.one_of(&["model m", "connection c", "pool p"]);
                self.settings();
            }
            8 | 9 => self.dataset(),
            10 => self.put("retry r { on any up to 3 times }"),
            11 => {
                self.put("guard g");
                self.parameters();
                self.result();
                match self.pick(3) {
                    0 => {}
                    1 => self.block(),
                    _ => {
                        self.put("{ ai judge { prompt \"ok?\" } timeout 1m }");
                    }
                }
            }
            12 => {
                self.one_of(&["fn f", "fn f < T , U >"]);
                self.parameters();
                self.result();
                self.block();
            }
            13 | 14 => {
                self.put("step s");
                self.parameters();
                self.result();
                self.step_block();
            }
            15 => {
                self.put("flow f");
                if self.maybe() {
                    self.parameters();
                }
                self.result();
                self.block();
            }
            16 => {
                self.one_of(&["policy p", "policy p \"demands\""]);
                self.block();
            }
            _ => {
                self.put("test");
                self.literal("\"a test\"");
                self.block();
            }
        }
    }

    fn dataset(&mut self) {
        self.put("dataset d :");
        self.ty();
        self.put("{");
        for _ in 0..self.pick(5) {
            match self.pick(9) {
                0 => self.one_of(&["at csv(\"a.csv\")", "at c . table(\"t\")"]),
                1 => self.one_of(&["fresh within 25h", "fresh within 25h by placed_at", "fresh within 1d by modified"]),
                2 => {
                    self.put("arrives");
                    match self.pick(3) {
                        0 => self.schedule(),
                        1 => self.put("by hand"),
                        _ => {}
                    }
                }
                3 | 4 => self.expect(),
                5 => self.one_of(&["keep 30 versions", "keep 90d"]),
                6 => self.put("partition day : Date"),
                7 => self.put("accepts @ pii"),
                _ => self.one_of(&["owner \"o\"", "tags \"a\" , \"b\"", "doc \"d\""]),
            }
            self.one_of(&["", ","]);
        }
        self.put("}");
    }
}
