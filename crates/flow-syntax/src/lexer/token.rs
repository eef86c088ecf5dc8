//! The tokens that logos finds. What it does not find itself — numbers and texts — is scanned by
//! [`super::number`] and [`super::text`] from the place where it stopped.

use crate::kind::SyntaxKind;
use logos::Logos;

/// Makes the enum: words first, so that one comparison tells a word, then signs with their kinds.
macro_rules! tokens {
    (words { $($word:ident $spelling:literal)* } signs { $($sign:ident $text:literal $kind:ident)* }) => {
        /// A token as the parser sees it. Words of the language are told apart here, but whether one is a
        /// word of the language or a name is the parser's decision.
        #[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub(crate) enum Token {
            $(#[token($spelling)] $word,)*
            /// Any other word, and names between backticks.
            #[regex("[A-Za-z_][A-Za-z0-9_]*", priority = 1)]
            #[regex("`[^`\r\n]+`")]
            Ident,
            $(#[token($text)] $sign,)*
            #[regex("[ \t\r\n]+")]
            Whitespace,
            #[regex("//[^\n]*", priority = 3, allow_greedy = true)]
            Comment,
            #[regex("///[^\n]*", priority = 5, allow_greedy = true)]
            DocComment,
            #[regex("//![^\n]*", priority = 5, allow_greedy = true)]
            ModuleDoc,
            /// One or more quotes.
            #[regex("\"+")]
            Quotes,
            /// The same after `r`, which makes the text raw.
            #[regex("r\"+")]
            RawQuotes,
            /// The first digit of a number; the rest is scanned by hand.
            #[regex("[0-9]")]
            #[regex("\\$[0-9]")]
            Number,
            // Made by the scanners, never by logos.
            Int,
            Fraction,
            Percent,
            Money,
            Duration,
            Size,
            Count,
            Time,
            Date,
            Timestamp,
            BadNumber,
            StringOpen,
            RawOpen,
            StringText,
            StringClose,
            HoleOpen,
            HoleClose,
            Unknown,
            End,
        }

        impl Token {
            /// The kind that the token has in the tree unless the parser takes it as a keyword.
            #[inline]
            pub(crate) fn kind(self) -> SyntaxKind {
                match self {
                    $(Self::$word)|* | Self::Ident => SyntaxKind::IDENT,
                    $(Self::$sign => SyntaxKind::$kind,)*
                    Self::Whitespace => SyntaxKind::WHITESPACE,
                    Self::Comment => SyntaxKind::COMMENT,
                    Self::DocComment => SyntaxKind::DOC_COMMENT,
                    Self::ModuleDoc => SyntaxKind::MODULE_DOC,
                    Self::Int => SyntaxKind::INT,
                    Self::Fraction => SyntaxKind::FRACTION,
                    Self::Percent => SyntaxKind::PERCENT,
                    Self::Money => SyntaxKind::MONEY,
                    Self::Duration => SyntaxKind::DURATION,
                    Self::Size => SyntaxKind::SIZE,
                    Self::Count => SyntaxKind::COUNT,
                    Self::Time => SyntaxKind::TIME,
                    Self::Date => SyntaxKind::DATE,
                    Self::Timestamp => SyntaxKind::TIMESTAMP,
                    Self::BadNumber => SyntaxKind::BAD_NUMBER,
                    Self::StringOpen => SyntaxKind::STRING_OPEN,
                    Self::RawOpen => SyntaxKind::RAW_OPEN,
                    Self::StringText => SyntaxKind::STRING_TEXT,
                    Self::StringClose => SyntaxKind::STRING_CLOSE,
                    Self::HoleOpen => SyntaxKind::HOLE_OPEN,
                    Self::HoleClose => SyntaxKind::HOLE_CLOSE,
                    Self::Quotes | Self::RawQuotes | Self::Number | Self::Unknown => SyntaxKind::UNKNOWN,
                    Self::End => SyntaxKind::END,
                }
            }

            /// How the token is written, where that is always the same.
            pub(crate) fn spelling(self) -> Option<&'static str> {
                match self {
                    $(Self::$word => Some($spelling),)*
                    $(Self::$sign => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

tokens! {
    words {
        Use "use" As "as" Label "label" Type "type" Where "where" Const "const" Var "var" Secret "secret"
        Connection "connection" Model "model" Pool "pool" Dataset "dataset" Retry "retry" Guard "guard" Fn "fn"
        Step "step" Flow "flow" Policy "policy" Test "test"
        Header "header" Query "query" Form "form" Price "price" Limit "limit" Per "per" Accepts "accepts"
        Owner "owner" Tags "tags" Doc "doc" Tokens "tokens" Asks "asks"
        At "at" Fresh "fresh" Within "within" By "by" Modified "modified" Arrives "arrives" Expect "expect"
        Keep "keep" Versions "versions" Partition "partition" For "for" Else "else"
        Up "up" To "to" Times "times" On "on" Backoff "backoff"
        Sql "sql" Sh "sh" Python "python" Http "http" Ai "ai" Container "container" Ssh "ssh" Ask "ask"
        Outside "outside" File "file" Csv "csv" Json "json" Jsonl "jsonl"
        Timeout "timeout" Idempotent "idempotent" Effect "effect" None "none" Read "read" Write "write"
        Irreversible "irreversible" Budget "budget" Fallback "fallback" Cache "cache" Never "never" Needs "needs"
        After "after" Fail "fail" Warn "warn" Skip "skip" Refresh "refresh" Wait "wait"
        Start "start" Every "every" Day "day" Weekday "weekday" Weekend "weekend" Monday "monday" Tuesday "tuesday"
        Wednesday "wednesday" Thursday "thursday" Friday "friday" Saturday "saturday" Sunday "sunday" In "in"
        Cron "cron" When "when" Updates "updates" Webhook "webhook" With "with" Finish "finish" Overlap "overlap"
        Queue "queue" Allow "allow" Replace "replace" Catch "catch" Last "last" All "all" Require "require" Let "let"
        Do "do" Return "return" Failure "failure" Late "late" Stale "stale" Given "given"
        And "and" Or "or" Not "not" If "if" Match "match" True "true" False "false" Check "check" Run "run"
        Parallel "parallel" Hand "hand"
    }
    signs {
        LBrace "{" L_BRACE
        RBrace "}" R_BRACE
        LParen "(" L_PAREN
        RParen ")" R_PAREN
        LBracket "[" L_BRACKET
        RBracket "]" R_BRACKET
        Comma "," COMMA
        Colon ":" COLON
        Dot "." DOT
        Dot2 ".." DOT2
        Dot2Eq "..=" DOT2_EQ
        Eq "=" EQ
        Eq2 "==" EQ2
        NotEq "!=" NOT_EQ
        Lt "<" LT
        LtEq "<=" LT_EQ
        Gt ">" GT
        GtEq ">=" GT_EQ
        Plus "+" PLUS
        Minus "-" MINUS
        Star "*" STAR
        Slash "/" SLASH
        Remainder "%" PERCENT_SIGN
        Arrow "->" ARROW
        FatArrow "=>" FAT_ARROW
        Pipe "|" PIPE
        Question "?" QUESTION
        Question2 "??" QUESTION2
        AtSign "@" AT
        // Signs of other languages, so that one report covers the whole sign.
        Semicolon ";" UNKNOWN
        AndAnd "&&" UNKNOWN
        OrOr "||" UNKNOWN
        Bang "!" UNKNOWN
        Increment "++" UNKNOWN
        Power "**" UNKNOWN
        PlusEq "+=" UNKNOWN
        Triple "===" UNKNOWN
        NotTriple "!==" UNKNOWN
        CommentOpen "/*" UNKNOWN
        CommentClose "*/" UNKNOWN
        Colon2 "::" UNKNOWN
    }
}

impl Token {
    /// Whether it can be a name: a word, of the language or not, or a name between backticks.
    pub(crate) fn is_word(self) -> bool {
        self <= Self::Ident
    }

    /// Whether it is a literal, a text excepted.
    pub(crate) fn is_literal(self) -> bool {
        matches!(
            self,
            Self::Int
                | Self::Fraction
                | Self::Percent
                | Self::Money
                | Self::Duration
                | Self::Size
                | Self::Time
                | Self::Date
                | Self::Timestamp
                | Self::BadNumber
                | Self::Count
                | Self::True
                | Self::False
                | Self::None
        )
    }

    /// Whether it is one of the words that the grammar gives a meaning somewhere.
    pub(crate) fn is_known_word(self) -> bool {
        self < Self::Ident
    }
}
