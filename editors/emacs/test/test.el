;;; test.el --- Runs in batch; any mistake ends it with an exit code -*- lexical-binding: t; -*-

(require 'cl-lib)
(require 'eglot)
(require 'flymake)

(defun test-wait (what condition)
  "Wait until CONDITION holds, which is named WHAT."
  (let ((until (time-add nil 30)))
    (while (not (funcall condition))
      (when (time-less-p until nil) (error "Waited in vain: %s" what))
      (accept-process-output nil 0.05))))

(find-file "sales.flow")
(cl-assert (eq major-mode 'flow-mode))

;; Colours, and texts of many quotes.
(font-lock-ensure)
(goto-char (point-min))
(search-forward "select")
(cl-assert (nth 3 (syntax-ppss)))
(search-forward "timeout")
(cl-assert (not (nth 3 (syntax-ppss))))
(search-forward "flow daily")
(cl-assert (eq (get-text-property (1- (point)) 'face) 'font-lock-function-name-face))

;; Indentation is the formatter's.
(let ((before (buffer-string)))
  (indent-region (point-min) (point-max))
  (cl-assert (equal before (buffer-string))))

;; The problem.
(setq eglot-sync-connect 30)
(apply #'eglot (eglot--guess-contact))
(flymake-mode 1)
(test-wait "the problem"
           (lambda ()
             (flymake-start)
             (cl-find-if (lambda (one) (string-match-p "sumed" (flymake-diagnostic-text one))) (flymake-diagnostics))))
(goto-char (point-min))
(search-forward "= sumed")
(backward-char 2)
(cl-assert (cl-some (lambda (one) (string-match-p "sumed" (flymake-diagnostic-text one))) (flymake-diagnostics (point))))

;; The fix.
(setq eglot-confirm-server-initiated-edits nil
      ;; As from the keyboard: asked in the minibuffer, not by a menu.
      last-nonmenu-event t)
(cl-letf (((symbol-function 'completing-read)
           (lambda (_ items &rest _)
             (or (car (cl-find-if (lambda (item) (string-match-p "rename to `summed`" (car item))) items))
                 (error "The fix is not offered: %S" items)))))
  (eglot-code-actions (point) (point) nil t))
(test-wait "the fix" (lambda () (save-excursion (goto-char (point-min)) (search-forward "= summed" nil t))))
;; In batch nothing is ever idle, which is when changes are sent.
(eglot--signal-textDocument/didChange)
(test-wait "no problem" (lambda () (flymake-start) (null (flymake-diagnostics))))
(eglot-shutdown (eglot-current-server))
(message "ok")
