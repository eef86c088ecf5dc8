//! Questions to people and their answers: the one thing that another process writes while a run goes on.
//!
//! An answer is a row of its own, durable before anybody is told of it; the first one counts. The engine that drives
//! the run looks for it, and the journal says what came of it. Knows neither what is asked nor who may answer.

use crate::{Layout, Reader, StoreError, read::timestamp, schema};
use flow_driver::{Answer, Question, QuestionEnd};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::Serialize;
use std::sync::Arc;

/// A question of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuestionRow {
    /// The run's id.
    pub run: Arc<str>,
    /// Its flow.
    pub flow: Arc<str>,
    /// The hash of its plan.
    pub plan: Arc<str>,
    /// What is asked.
    pub question: Question,
    /// The process that waits, or waited, for the answer.
    pub pid: u32,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// How.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<QuestionEnd>,
    /// An answer that was written down, and when; the run may not have seen it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<(Timestamp, Answer)>,
}

const COLUMNS: &str = "select runs.run, runs.flow, runs.plan, questions.pid, questions.json, questions.ended,
    questions.end_json, answers.at, answers.json
    from questions join runs on runs.no = questions.run
    left join answers on answers.run = questions.run and answers.path = questions.path and answers.number = questions.number";

type Texts = (String, String, String, u32, String, Option<i64>, Option<String>, Option<i64>, Option<String>);

fn texts(row: &rusqlite::Row<'_>) -> rusqlite::Result<Texts> {
    let head = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let (run, flow, plan, pid, question) = head;
    Ok((run, flow, plan, pid, question, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?))
}

impl Reader {
    /// Questions that have not ended, of all runs that have not ended, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn open_questions(&self) -> Result<Vec<QuestionRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} where questions.ended is null and runs.ended is null order by runs.no, questions.path, questions.number"
        );
        self.question_rows(&sql, params![])
    }

    /// The questions of a run in their order, of one node if its path is given.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn questions(&self, run: &str, path: Option<&str>) -> Result<Vec<QuestionRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} where runs.run = ?1 and (?2 is null or questions.path = ?2) order by questions.path, questions.number"
        );
        self.question_rows(&sql, params![run, path])
    }

    /// The answer to a question, if it has come.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn answer(&self, run: &str, path: &str, number: u32) -> Result<Option<Answer>, StoreError> {
        let sql = "select json from answers
            where run = (select no from runs where run = ?1) and path = ?2 and number = ?3";
        self.one(sql, params![run, path, number])
    }

    fn question_rows(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<QuestionRow>, StoreError> {
        let rows = self.many(sql, params, texts)?;
        rows.into_iter()
            .map(|(run, flow, plan, pid, question, ended, end, answered, answer)| {
                let answer: Option<Answer> = answer.map(|answer| self.json(&answer)).transpose()?;
                Ok(QuestionRow {
                    run: run.into(),
                    flow: flow.into(),
                    plan: plan.into(),
                    question: self.json(&question)?,
                    pid,
                    ended: ended.map(timestamp),
                    end: end.map(|end| self.json(&end)).transpose()?,
                    answer: answered.map(timestamp).zip(answer),
                })
            })
            .collect()
    }
}

/// Writes an answer down. It is durable when this returns.
///
/// # Errors
/// The question is not open any more, or the store cannot be written to.
pub fn answer(layout: &Layout, row: &QuestionRow, answer: &Answer, at: Timestamp) -> Result<(), StoreError> {
    let path = layout.database();
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(&path, &error);
    let json = serde_json::to_string(answer).map_err(|error| StoreError::from_json(&path, &error))?;
    let mut connection = Connection::open(&path).map_err(sqlite)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
        .map_err(sqlite)?;
    schema::check(&connection, &path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let (run, number) = (&row.run, row.question.number);
    let open: Option<i64> = transaction
        .query_row(
            "select questions.run from questions join runs on runs.no = questions.run
                where runs.run = ?1 and path = ?2 and number = ?3 and questions.ended is null and runs.ended is null",
            params![run, row.question.path, number],
            |row| row.get(0),
        )
        .optional()
        .map_err(sqlite)?;
    let question: Arc<str> = format!("the question of `{}` in run `{run}`", row.question.label).into();
    let Some(run_number) = open else {
        return Err(StoreError::NotOpen { question, why: "it has ended meanwhile".into() });
    };
    let written = transaction
        .execute(
            "insert or ignore into answers (run, path, number, at, json) values (?1, ?2, ?3, ?4, ?5)",
            params![run_number, row.question.path, number, at.as_millisecond(), json],
        )
        .map_err(sqlite)?;
    if written == 0 {
        return Err(StoreError::NotOpen { question, why: "somebody has answered it already".into() });
    }
    transaction.commit().map_err(sqlite)
}
