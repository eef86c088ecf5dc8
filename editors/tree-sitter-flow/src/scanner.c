// What the rules cannot say: texts with as many quotes as the author chose, whose holes hold texts again; brackets that
// go on with an expression only in its own line; `5%` and `5%3`; and words after `return`, which begin the next
// statement if a value follows them in their line.
//
// The state is the stack of texts that are open, so that after a hole the text around goes on with its own quotes.
// `crates/flow-syntax/src/lexer` is the truth for all of this.

#include "tree_sitter/alloc.h"
#include "tree_sitter/parser.h"

#include <string.h>

enum Token {
  STRING_OPEN,
  RAW_OPEN,
  CODE_OPEN,
  STRING_CONTENT,
  RAW_CONTENT,
  STRING_CLOSE,
  HOLE_OPEN,
  CALL_OPEN,
  INDEX_OPEN,
  PERCENT,
  WORD_AS_NAME,
  // Never found: it is valid exactly where the value of a `return` may begin.
  AFTER_RETURN,
  // No rule has it: the end of a line that cuts a text, found while the parser recovers.
  CUT,
};

// As deep as the parser lets texts nest.
enum { MAX_TEXTS = 64, MAX_QUOTES = 255, MAX_WORD = 16 };

typedef struct {
  uint8_t quotes;
  bool raw;
  bool in_hole;
} Text;

typedef struct {
  uint8_t depth;
  Text texts[MAX_TEXTS];
} Scanner;

static bool is_digit(int32_t c) { return c >= '0' && c <= '9'; }
static bool is_letter(int32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_word(int32_t c) { return is_letter(c) || is_digit(c) || c == '_'; }

static void advance(TSLexer *lexer) { lexer->advance(lexer, false); }

static bool found(TSLexer *lexer, enum Token token) {
  lexer->result_symbol = token;
  return true;
}

// A stretch of the innermost text, or what ends it. While the parser recovers, a text in one line ends with it.
static bool scan_text(Scanner *scanner, TSLexer *lexer, bool recovering) {
  Text *text = &scanner->texts[scanner->depth - 1];
  enum Token content = text->raw ? RAW_CONTENT : STRING_CONTENT;
  text->in_hole = false;
  bool any = false;
  for (;;) {
    lexer->mark_end(lexer);
    int32_t c = lexer->lookahead;
    bool cut = lexer->eof(lexer) || (text->quotes == 1 && (c == '\n' || c == '\r'));
    if (any && (cut || (c == '\\' && !text->raw))) return found(lexer, content);
    if (cut && recovering) {
      scanner->depth--;
      return found(lexer, CUT);
    }
    if (cut || (c == '\\' && !text->raw)) return false;
    if (c == '"') {
      unsigned quotes = 0;
      while (quotes < text->quotes && lexer->lookahead == '"') {
        advance(lexer);
        quotes++;
      }
      if (quotes == text->quotes) {
        if (any) return found(lexer, content);
        lexer->mark_end(lexer);
        scanner->depth--;
        return found(lexer, STRING_CLOSE);
      }
    } else if (c == '{' && !text->raw) {
      advance(lexer);
      if (is_letter(lexer->lookahead) || lexer->lookahead == '_' || lexer->lookahead == '(') {
        if (any) return found(lexer, content);
        lexer->mark_end(lexer);
        text->in_hole = true;
        return found(lexer, HOLE_OPEN);
      }
    } else {
      advance(lexer);
    }
    any = true;
  }
}

// The quotes that open a text: three or more are one sign, two are an empty text.
static bool open_text(Scanner *scanner, TSLexer *lexer, bool raw, enum Token token) {
  unsigned quotes = 0;
  while (lexer->lookahead == '"') {
    advance(lexer);
    quotes++;
    if (quotes == 1) lexer->mark_end(lexer);
  }
  if (scanner->depth == MAX_TEXTS || quotes > MAX_QUOTES) return false;
  if (quotes > 2) lexer->mark_end(lexer);
  Text text = {.quotes = quotes > 2 ? quotes : 1, .raw = raw, .in_hole = false};
  scanner->texts[scanner->depth++] = text;
  return found(lexer, token);
}

// `5%`, unless a word or digit follows: then it is the remainder.
static bool scan_percent(TSLexer *lexer) {
  while (is_digit(lexer->lookahead) || lexer->lookahead == '_') advance(lexer);
  if (lexer->lookahead == '.') {
    advance(lexer);
    if (!is_digit(lexer->lookahead)) return false;
    while (is_digit(lexer->lookahead) || lexer->lookahead == '_') advance(lexer);
  }
  if (lexer->lookahead != '%') return false;
  advance(lexer);
  lexer->mark_end(lexer);
  return !is_word(lexer->lookahead) && found(lexer, PERCENT);
}

static bool is_one_of(const char *word, const char *const *words) {
  for (; *words; words++) {
    if (strcmp(word, *words) == 0) return true;
  }
  return false;
}

static const char *const STATEMENTS[] = {
    "start", "finish", "overlap", "catch", "require", "let",    "write", "do",  "wait",
    "on",    "given",  "expect",  "budget", "owner",  "tags", "doc",   NULL};

// After these words the word before them is a value all the same.
static const char *const CONTINUING[] = {"and", "or", "else",     "as",  "for", "fresh", "within", "by",    "limit",
                                         "per", "in", "parallel", "with", "if", "where", "times",  "versions", NULL};

static void scan_word(TSLexer *lexer, char word[MAX_WORD]) {
  unsigned length = 0;
  while (is_word(lexer->lookahead)) {
    if (length < MAX_WORD - 1) word[length++] = (char)lexer->lookahead;
    advance(lexer);
  }
  word[length] = 0;
}

// Whether the word, which was just read, is a name although it begins statements.
static bool is_name(TSLexer *lexer, const char *word) {
  if (!is_one_of(word, STATEMENTS)) return false;
  lexer->mark_end(lexer);
  while (lexer->lookahead == ' ' || lexer->lookahead == '\t') advance(lexer);
  int32_t c = lexer->lookahead;
  if (is_digit(c) || c == '$' || c == '"' || c == '`') return false;
  if (!is_word(c)) return true;
  char next[MAX_WORD];
  scan_word(lexer, next);
  return is_one_of(next, CONTINUING);
}

static bool scan_code(Scanner *scanner, TSLexer *lexer, const bool *valid, bool recovering) {
  while (lexer->lookahead == ' ' || lexer->lookahead == '\t') lexer->advance(lexer, true);
  if (!recovering && ((valid[CALL_OPEN] && lexer->lookahead == '(') || (valid[INDEX_OPEN] && lexer->lookahead == '['))) {
    enum Token token = lexer->lookahead == '(' ? CALL_OPEN : INDEX_OPEN;
    advance(lexer);
    lexer->mark_end(lexer);
    return found(lexer, token);
  }
  while (lexer->lookahead == ' ' || lexer->lookahead == '\t' || lexer->lookahead == '\r' || lexer->lookahead == '\n') {
    lexer->advance(lexer, true);
  }
  bool code = valid[CODE_OPEN] && !recovering;
  if (lexer->lookahead == '"' && (code || valid[STRING_OPEN])) {
    return open_text(scanner, lexer, code, code ? CODE_OPEN : STRING_OPEN);
  }
  if (is_digit(lexer->lookahead)) return valid[PERCENT] && !recovering && scan_percent(lexer);
  bool after_return = valid[AFTER_RETURN] && !recovering;
  if (is_letter(lexer->lookahead) && (after_return || valid[RAW_OPEN] || code)) {
    char word[MAX_WORD];
    scan_word(lexer, word);
    if (lexer->lookahead == '"' && strcmp(word, "r") == 0) {
      return (code || valid[RAW_OPEN]) && open_text(scanner, lexer, true, code ? CODE_OPEN : RAW_OPEN);
    }
    return after_return && is_name(lexer, word) && found(lexer, WORD_AS_NAME);
  }
  return false;
}

void *tree_sitter_flow_external_scanner_create(void) { return ts_calloc(1, sizeof(Scanner)); }

void tree_sitter_flow_external_scanner_destroy(void *payload) { ts_free(payload); }

unsigned tree_sitter_flow_external_scanner_serialize(void *payload, char *buffer) {
  Scanner *scanner = payload;
  for (unsigned i = 0; i < scanner->depth; i++) {
    buffer[2 * i] = (char)scanner->texts[i].quotes;
    buffer[2 * i + 1] = (char)(scanner->texts[i].raw | scanner->texts[i].in_hole << 1);
  }
  return 2u * scanner->depth;
}

void tree_sitter_flow_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  Scanner *scanner = payload;
  scanner->depth = (uint8_t)(length / 2);
  for (unsigned i = 0; i < scanner->depth; i++) {
    scanner->texts[i].quotes = (uint8_t)buffer[2 * i];
    scanner->texts[i].raw = buffer[2 * i + 1] & 1;
    scanner->texts[i].in_hole = buffer[2 * i + 1] & 2;
  }
}

bool tree_sitter_flow_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  Scanner *scanner = payload;
  // No rule has it, so it is valid only while the parser recovers from a mistake.
  bool recovering = valid[CUT];
  bool in_text = recovering ? scanner->depth > 0 && !scanner->texts[scanner->depth - 1].in_hole : valid[STRING_CLOSE];
  if (in_text && scanner->depth > 0) return scan_text(scanner, lexer, recovering);
  return scan_code(scanner, lexer, valid, recovering);
}
