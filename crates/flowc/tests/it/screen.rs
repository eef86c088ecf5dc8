//! What a person sees: flowc on a pseudo-terminal of 24 lines and 80 columns, as a terminal would draw it.

use crate::sandbox::{FLOWC, Sandbox};
use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const ROWS: usize = 24;
const COLUMNS: usize = 80;

/// A terminal's screen, with the few control sequences that flowc uses.
struct Screen {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    /// The screen after this output.
    fn after(output: &str) -> Self {
        let mut screen = Self { rows: vec![vec![]; ROWS], row: 0, column: 0 };
        let mut characters = output.chars();
        while let Some(character) = characters.next() {
            match character {
                '\r' => screen.column = 0,
                '\n' => screen.down(),
                '\u{1b}' => {
                    assert_eq!(characters.next(), Some('['), "only CSI sequences are used");
                    let mut parameter = String::new();
                    let end = characters.by_ref().find(|end| {
                        parameter.push(*end);
                        end.is_ascii_alphabetic()
                    });
                    parameter.pop();
                    screen.control(&parameter, end.unwrap());
                }
                character if character.is_control() => {}
                character => screen.put(character),
            }
        }
        screen
    }

    fn control(&mut self, parameter: &str, end: char) {
        let number = parameter.parse().unwrap_or(1);
        match end {
            'A' => self.row = self.row.saturating_sub(number),
            'B' => self.row = (self.row + number).min(ROWS - 1),
            'G' => self.column = number - 1,
            'K' if parameter == "2" => self.rows[self.row].clear(),
            'K' => self.rows[self.row].truncate(self.column),
            'J' => {
                self.rows[self.row].truncate(self.column);
                self.rows[self.row + 1..].iter_mut().for_each(Vec::clear);
            }
            'm' | 'h' | 'l' => {}
            other => panic!("unexpected control sequence {parameter}{other}"),
        }
    }

    fn down(&mut self) {
        if self.row + 1 < ROWS {
            self.row += 1;
        } else {
            self.rows.remove(0);
            self.rows.push(vec![]);
        }
    }

    fn put(&mut self, character: char) {
        if self.column == COLUMNS {
            self.column = 0;
            self.down();
        }
        let row = &mut self.rows[self.row];
        if row.len() <= self.column {
            row.resize(self.column + 1, ' ');
        }
        row[self.column] = character;
        self.column += 1;
    }

    fn text(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(|row| row.iter().collect()).collect();
        rows.join("\n").trim_end().to_owned()
    }
}

/// flowc on a terminal; none where the machine has no `script`.
fn on_terminal(project: &Sandbox, arguments: &str) -> Option<Child> {
    on_terminal_command(project, &format!("{FLOWC} {arguments}"))
}

/// The same of any command.
pub(crate) fn on_terminal_command(project: &Sandbox, command: &str) -> Option<Child> {
    let command = format!("stty rows {ROWS} cols {COLUMNS}; exec {command}");
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).current_dir(project.path("."));
    script.env("TERM", "xterm-256color").env("SHELL", "/bin/sh").env_remove("NO_COLOR");
    let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok();
    if child.is_none() {
        flow_testing::skip("the program `script`", "apt-get install bsdutils");
    }
    child
}

fn output(child: Child) -> (i32, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_live_view_moves_and_leaves_only_its_summary() {
    let project = Sandbox::program(
        "step slow(n: Int) -> Int {\n  sh \"echo working >&2; sleep 0.6; echo $n\"\n  effect none\n}\n\
         flow main() -> Int { return slow(1) + slow(2) }\n",
    );
    let Some(mut child) = on_terminal(&project, "run") else { return };
    let stdin = child.stdin.take();
    let (code, text) = output(child);
    drop(stdin);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\u{1b}[1A") || text.contains("\u{1b}[2K"), "nothing was drawn over: {text:?}");
    assert!(text.contains("working"), "the last line of a step that runs is shown: {text:?}");
    let screen = Screen::after(&text).text();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[lines.len() - 2].starts_with("✓ main.main succeeded in "), "{screen}");
    assert_eq!(lines[lines.len() - 1], "3", "{screen}");
    assert!(!screen.contains('━') && !screen.contains("working"), "something of the moving part is left:\n{screen}");
}

#[test]
fn whoever_is_asked_sees_the_command_that_answers() {
    let project = Sandbox::program(
        "step approve(sum: Int) -> Approval { ask \"finance\" \"May we pay {sum}?\" }\n\
         flow main() -> String { let ok = approve(12) return ok.by }\n",
    );
    let Some(mut child) = on_terminal(&project, "run") else { return };
    let stdin = child.stdin.take();
    let begin = Instant::now();
    while project.flowc(&["approvals"]).err.contains("nothing") {
        assert!(begin.elapsed() < Duration::from_secs(60), "nobody was asked");
        std::thread::sleep(Duration::from_millis(50));
    }
    project.flowc(&["approve", "last", "ok", "--as", "ada"]).ends(0);
    let (code, text) = output(child);
    drop(stdin);
    assert_eq!(code, 0, "{text}");
    let screen = Screen::after(&text).text();
    let command = screen.lines().find(|line| line.trim().starts_with("flowc approve ")).expect(&screen);
    assert!(command.ends_with(" ok"), "the command is cut off: {screen}");
    assert!(screen.contains("May we pay 12?") && screen.contains("approved by ada"), "{screen}");
    assert!(text.contains("waits for finance until "), "{text}");
}

#[test]
fn a_summary_of_many_failures_fits_the_screen() {
    let mut program = String::new();
    for number in 0..12 {
        program.push_str(&format!(
            "step broken_{number}() -> Int {{\n  sh \"for i in 1 2 3 4 5 6 7 8 9; do echo trouble $i >&2; done; exit 3\"\n  \
             effect none\n}}\n"
        ));
    }
    let calls: Vec<String> = (0..12).map(|number| format!("broken_{number}()")).collect();
    program.push_str(&format!("flow main() -> Int {{ return {} }}\n", calls.join(" + ")));
    let project = Sandbox::program(&program);
    let Some(mut child) = on_terminal(&project, "run") else { return };
    let stdin = child.stdin.take();
    let (code, text) = output(child);
    drop(stdin);
    assert_eq!(code, 1, "{text}");
    let screen = Screen::after(&text).text();
    assert!(screen.contains("✗ main.main failed after "), "the headline has scrolled away:\n{screen}");
    assert!(screen.contains("more failures") && screen.contains("trouble 9"), "{screen}");
    assert!(screen.contains("→ `flowc show "), "{screen}");
}

#[test]
fn commands_stand_whole_in_lines_of_their_own() {
    let project = Sandbox::program(
        "step of_a_rather_long_name(n: Int) -> Int {\n  sh \"exit $n\"\n  effect none\n}\n\
         flow with_a_name_that_is_long_as_well() -> Int { return of_a_rather_long_name(3) }\n",
    );
    let Some(mut child) = on_terminal(&project, "run") else { return };
    let stdin = child.stdin.take();
    let (_, text) = output(child);
    drop(stdin);
    let screen = Screen::after(&text).text();
    let begins = |begin: &str| screen.lines().any(|line| line.trim().starts_with(begin));
    assert!(begins("→ `flowc show ") && begins("`flowc why ") && begins("`flowc logs ") && begins("run "), "{screen}");
}

#[test]
fn ctrl_c_says_how_to_go_on() {
    let project = Sandbox::program(
        "step first() -> Int {\n  sh \"echo 1\"\n  effect none\n}\n\
         step slow(n: Int) -> Int {\n  sh \"echo here; sleep 300\"\n  effect none\n  timeout 10m\n}\n\
         flow main() -> Int { return slow(first()) }\n",
    );
    let Some(mut child) = on_terminal(&project, "run") else { return };
    let (mut keys, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut text, mut buffer, begin) = (Vec::new(), [0; 4096], Instant::now());
    // Drawn once the step runs and has said something.
    while !String::from_utf8_lossy(&text).contains("here") {
        assert!(begin.elapsed() < Duration::from_secs(60), "{}", String::from_utf8_lossy(&text));
        let length = out.read(&mut buffer).unwrap();
        assert!(length > 0, "it ended: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..length]);
    }
    keys.write_all(b"\x03").unwrap();
    keys.flush().unwrap();
    out.read_to_end(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let screen = Screen::after(&String::from_utf8_lossy(&text)).text();
    assert!(screen.contains("cancelling: what is under way is ended. Again to end at once"), "{screen}");
    assert!(screen.contains("■ main.main was cancelled after "), "{screen}");
    assert!(screen.ends_with("→ `flowc run main` goes on: what is done is kept"), "{screen}");
}
