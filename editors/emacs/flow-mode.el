;;; flow-mode.el --- Programs in Flow -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages

;;; Commentary:

;; Colours, comments and indentation for Flow; everything else is the language server's, through eglot, which
;; Emacs brings along from 29 on: M-x eglot in a Flow file.

;;; Code:

(require 'prog-mode)

(defgroup flow nil
  "Programs in Flow."
  :group 'languages)

(defcustom flow-indent-offset 2
  "Blanks per level."
  :type 'integer
  :safe #'integerp)

(defcustom flow-server-command '("flowc" "lsp")
  "The language server and its arguments."
  :type '(repeat string))

(defvar flow-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 12" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?_ "_" table)
    (modify-syntax-entry ?` "\"" table)
    table))

(defconst flow--declarations
  '("use" "label" "type" "const" "var" "secret" "connection" "model" "pool" "dataset" "retry" "guard" "fn" "step"
    "flow" "policy" "test"))

(defconst flow--clauses
  '("at" "fresh" "arrives" "expect" "keep" "partition" "accepts" "owner" "tags" "doc" "timeout" "idempotent" "effect"
    "budget" "fallback" "cache" "needs" "after" "start" "finish" "overlap" "catch" "require" "let" "write" "do" "wait"
    "return" "on" "given" "price" "limit" "header" "query" "form" "sql" "sh" "python" "http" "ai" "container" "ssh"
    "ask" "outside" "retry" "guard" "pool" "up" "backoff" "within"))

(defvar flow-font-lock-keywords
  `((,(concat "^\\(" (regexp-opt flow--declarations) "\\)\\_>[ \t]*\\(\\(?:\\sw\\|\\s_\\)*\\)")
     (1 font-lock-keyword-face) (2 font-lock-function-name-face))
    (,(concat "^[ \t]+\\(" (regexp-opt flow--clauses) "\\)\\_>") 1 font-lock-keyword-face)
    (,(regexp-opt '("if" "else" "match" "for" "in" "parallel" "check" "run" "and" "or" "not" "as" "where") 'symbols)
     . font-lock-keyword-face)
    (,(regexp-opt '("true" "false" "none" "it") 'symbols) . font-lock-constant-face)
    ("@[a-z_][a-z0-9_]*" . font-lock-preprocessor-face)
    ("\\_<\\([a-z_][a-z0-9_]*\\):" 1 font-lock-variable-name-face)
    ("\\_<[A-Z][A-Za-z0-9]*\\_>" . font-lock-type-face)))

;; A block of quotes is one text, so the quotes inside are none.
(defconst flow--syntax-propertize
  (syntax-propertize-rules
   ("\"\"\"+"
    (0 (ignore (flow--propertize-block))))))

(defun flow--propertize-block ()
  "Make the quotes just found, and those that close them, fences of one text."
  (let* ((start (match-beginning 0))
         (quotes (match-string 0))
         (state (save-excursion (syntax-ppss start))))
    (unless (nth 8 state)
      (put-text-property start (1+ start) 'syntax-table (string-to-syntax "|"))
      (when (search-forward quotes nil t)
        (put-text-property (1- (point)) (point) 'syntax-table (string-to-syntax "|"))))))

(defun flow-indent-line ()
  "Indent by the brackets that are open; lines inside texts stay."
  (interactive)
  (let ((state (save-excursion (syntax-ppss (line-beginning-position)))))
    (unless (nth 3 state)
      (let* ((closes (save-excursion (back-to-indentation) (looking-at-p "[])}]")))
             (depth (max 0 (- (car state) (if closes 1 0)))))
        (save-excursion (indent-line-to (* flow-indent-offset depth)))
        (when (< (current-column) (current-indentation)) (back-to-indentation))))))

;;;###autoload
(define-derived-mode flow-mode prog-mode "Flow"
  "Programs in Flow."
  (setq-local comment-start "// ")
  (setq-local comment-start-skip "//[/!]?[ \t]*")
  (setq-local comment-end "")
  (setq-local indent-tabs-mode nil)
  (setq-local tab-width 2)
  (setq-local indent-line-function #'flow-indent-line)
  (setq-local syntax-propertize-function flow--syntax-propertize)
  (setq-local font-lock-defaults '(flow-font-lock-keywords)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.flow\\'" . flow-mode))

(defvar eglot-server-programs)
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs (cons 'flow-mode (lambda (&rest _) flow-server-command))))

(defvar project-vc-extra-root-markers)
(with-eval-after-load 'project
  (when (boundp 'project-vc-extra-root-markers)
    (add-to-list 'project-vc-extra-root-markers "flow.toml")))

(provide 'flow-mode)
;;; flow-mode.el ends here
